#!/usr/bin/env node
/** Puts the results of bench/run.js into the table of docs/performance.md. */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { BenchError } = require('./lib/errors');
const { writeWhole } = require('./lib/files');
const { ROOT } = require('./lib/machine');
const { toMarkdown } = require('./lib/table');

const BEGIN = '<!-- bench: begin -->';
const END = '<!-- bench: end -->';
const USAGE = 'node bench/report.js RESULT.json [--docs FILE]';

function readResult(file) {
  let result;
  try {
    result = JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    throw new BenchError(`${file}: ${error.message}`);
  }
  if (result?.format !== 1) throw new BenchError(`${file}: no result of bench/run.js`);
  return result;
}

/** The text with `content` between the markers. */
function replaceBetween(text, content, file) {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END, begin);
  if (begin < 0 || end < 0) throw new BenchError(`${file}: no ${BEGIN} followed by ${END}`);
  return `${text.slice(0, begin + BEGIN.length)}\n\n${content}\n\n${text.slice(end)}`;
}

async function main(argv) {
  const options = { docs: { type: 'string', default: path.join(ROOT, 'docs', 'performance.md') } };
  const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true });
  if (positionals.length !== 1) throw new BenchError(`usage: ${USAGE}`);
  const text = fs.readFileSync(values.docs, 'utf8');
  const made = replaceBetween(text, toMarkdown(readResult(positionals[0])), values.docs);
  const prettier = require('prettier');
  const style = await prettier.resolveConfig(path.join(ROOT, 'docs', 'performance.md'));
  writeWhole(values.docs, await prettier.format(made, { ...style, parser: 'markdown' }));
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`bench: ${error instanceof BenchError ? error.message : error.stack}\n`);
  process.exitCode = 1;
});
