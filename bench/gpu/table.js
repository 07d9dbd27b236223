/** What came out of a loan, for a person. */
'use strict';

const { tableLines } = require('../lib/markdown');
const bench = require('../lib/table');

const KERNELS = 25;

const table = (head, rows) => tableLines(head, rows).join('\n');

const shown = (value) => (typeof value === 'string' ? value : JSON.stringify(value));

const DETAILS = {
  report: ({ checks }) =>
    table(
      ['check', 'status', 'found'],
      checks.map(({ name, status, found }) => [name, status, found]),
    ),
  checks: (checks) =>
    table(
      ['what', 'right?', 'expected', 'found'],
      checks.map(({ name, ok, expected, found }) => [name, ok ? 'yes' : '**no**', shown(expected), shown(found)]),
    ),
  result: (result) => bench.toMarkdown(result),
  kernels: (kernels) =>
    table(
      ['kernel', 'runs', 'ms', 'share'],
      kernels
        .slice(0, KERNELS)
        .map(({ name, runs, nanoseconds, share }) => [
          name,
          runs,
          (nanoseconds / 1e6).toFixed(3),
          `${(share * 100).toFixed(1)} %`,
        ]),
    ),
};

function section(stage) {
  const { name, ok, wall, why, skipped } = stage;
  const state = skipped ? `left out: ${skipped}` : ok ? 'fine' : `**failed**${why === undefined ? '' : `: ${why}`}`;
  const details = Object.entries(DETAILS).flatMap(([key, show]) =>
    stage[key] === undefined ? [] : [show(stage[key])],
  );
  return [`## ${name}`, `${state}${wall === undefined ? '' : `, ${wall} s`}`, ...details].join('\n\n');
}

/** Markdown of the content of gpu.json. */
function toMarkdown({ gpu, date, versions, stages }) {
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const head = `# ${gpu}, ${date.slice(0, 10)}\n\n${used.join(', ')}`;
  return `${[head, ...stages.map(section)].join('\n\n')}\n`;
}

module.exports = { toMarkdown };
