'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { comparePage } = require('../../dist/report/compare-page');
const { reportPage } = require('../../dist/report/page');
const { readRun } = require('../../dist/report/read-run');
const { Thumbnails } = require('../../dist/report/thumbnails');
const { Finding } = require('../engine/property');
const { Scratch } = require('../engine/scratch');
const { CONFIG, MANY_PREDICTIONS, METRICS, PREDICTIONS, REPORT, RESULT } = require('../made-run');

// An input is JSON with the content of each file of a run; what is none is the bytes of metrics.jsonl beside whole other files.

const WHOLE = { config: CONFIG, metrics: METRICS, predictions: PREDICTIONS, result: RESULT, report: REPORT };
const FILES = { config: 'config.json', result: 'result.json', report: 'report.json' };
const LISTS = { metrics: 'metrics.jsonl', predictions: 'predictions.jsonl' };

let scratch;

function parsed(bytes) {
  try {
    const value = JSON.parse(bytes.toString());
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function write(name, text) {
  const file = path.join(scratch.folder, name);
  if (text === undefined) fs.rmSync(file, { force: true });
  else fs.writeFileSync(file, text);
}

/** None was asked for. */
const NO_EVIDENCE = { of: new Map(), missing: undefined };

module.exports = {
  codes: ['DATA_INVALID', 'DATA_NOT_FOUND'],
  costs: 8,
  json: true,
  limit: 16384,
  open: () => void (scratch = new Scratch()),
  close: () => scratch.remove(),
  seeds: () => [
    Buffer.from(JSON.stringify(WHOLE)),
    Buffer.from(JSON.stringify({ ...WHOLE, predictions: MANY_PREDICTIONS })),
    Buffer.from(JSON.stringify({ ...WHOLE, result: undefined, report: undefined })),
    Buffer.from(METRICS.map((one) => `${JSON.stringify(one)}\n`).join('')),
  ],
  async read(bytes) {
    const given = parsed(bytes);
    const run = given ?? WHOLE;
    for (const [key, name] of Object.entries(FILES))
      write(name, run[key] === undefined ? undefined : JSON.stringify(run[key]));
    for (const [key, name] of Object.entries(LISTS)) {
      const list = Array.isArray(run[key]) ? run[key] : [];
      write(name, list.map((one) => `${JSON.stringify(one)}\n`).join(''));
    }
    if (given === undefined) write('metrics.jsonl', bytes);
    const read = await readRun(scratch.folder);
    const page = await reportPage({ run: read, thumbnails: new Thumbnails(0), evidence: NO_EVIDENCE });
    const compared = comparePage([read, read]);
    for (const text of [page, compared]) {
      // Scripts of a page are ours, and there are as many of them whatever the run is called.
      if (text.split('<script').length - 1 > 2) throw new Finding('a page with scripts that are not ours');
    }
  },
};
