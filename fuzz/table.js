'use strict';

const figure = (value) => Math.round(value).toLocaleString('en-US');

const COLUMNS = [
  ['Target', ({ target }) => target],
  ['Minutes', ({ seconds }) => (seconds === undefined ? '' : (seconds / 60).toFixed(1))],
  // Since anything ran that had not run before.
  ['Quiet', ({ quiet }) => (quiet === undefined ? '' : (quiet / 60).toFixed(1))],
  ['Executions', ({ executions }) => (executions === undefined ? '' : figure(executions))],
  ['a second', ({ executions, seconds }) => (seconds > 0 ? figure(executions / seconds) : '')],
  ['Read', ({ read }) => (read === undefined ? '' : figure(read))],
  ['Corpus', ({ corpus }) => (corpus === undefined ? '' : figure(corpus))],
  ['Covered', ({ covered }) => (covered === undefined ? '' : `${Math.round(covered * 100)} %`)],
  ['Findings', ({ found, skipped }) => (skipped === undefined ? String(found.length) : 'skipped')],
];

/** What came of all targets, as a table of Markdown that also people can read. */
function tableOf(results) {
  const rows = [COLUMNS.map(([name]) => name), ...results.map((result) => COLUMNS.map(([, of]) => of(result)))];
  const widths = COLUMNS.map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  const text = (row) =>
    `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [text(rows[0]), rule, ...rows.slice(1).map(text)].join('\n');
}

/** The same of one target, as soon as it is done. */
function line({ target, executions = 0, found = [], skipped, comparisons }) {
  if (skipped !== undefined) return `${target}: skipped, ${skipped}`;
  const compared = comparisons === undefined ? '' : `; ${JSON.stringify(comparisons)}`;
  return `${target}: ${figure(executions)} executions, ${found.length} findings${compared}`;
}

module.exports = { tableOf, line };
