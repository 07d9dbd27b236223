/**
 * Holds a device against PyTorch's figures and against the CPU: one JSON line per check, and exit code 1 where one fails. Needs `dist` and the
 * addon, and nothing else, so that it runs on a machine with a GPU that has no test runner.
 *
 *     node bench/gpu/parity.js --device cuda --data test/fixtures/ants-bees --reference test/fixtures/reference
 *
 * --data       a folder with train/ and val/, of which the figures are
 * --reference  a folder with train_full.json and train_layer4.json (test/fixtures/README.md); order.json is looked at where there is one
 * --device     cuda, cuda:N or, to try this script itself, cpu [cuda]
 * --only       names of checks, with commas between them
 */
'use strict';

// The figures are of this kind of kernel, also for the weights that are drawn on the CPU; LibTorch reads it once, when it is loaded.
process.env.ATEN_CPU_CAPABILITY ??= 'avx2';
// cuBLAS reads it when it begins, and only then gives the same bits each time.
process.env.CUBLAS_WORKSPACE_CONFIG ??= ':4096:8';

const { parseArgs } = require('node:util');
const { loadAddon } = require('../../dist/backend/native/load.js');
const { openImages } = require('./images');

/** In this order: what allocates most comes last. */
const CHECKS = {
  ...require('./reference-checks'),
  ...require('./device-checks'),
};

/** Whether a figure is near what is expected, as a share of the greatest; what is no number is not. */
function near(found, expected, tolerance) {
  const greatest = Math.max(...expected.map(Math.abs));
  const apart = Math.max(...expected.map((value, i) => Math.abs(found[i] - value)));
  return found.length === expected.length && apart <= tolerance * greatest;
}

async function main() {
  const text = { type: 'string' };
  const { values } = parseArgs({ options: { device: text, data: text, reference: text, only: text } });
  const { device = 'cuda', data, reference, only } = values;
  if (data === undefined || reference === undefined) throw new Error('name --data and --reference');
  const names = only?.split(',') ?? Object.keys(CHECKS);
  const unknown = names.find((name) => !(name in CHECKS));
  if (unknown !== undefined) throw new Error(`there is no check ${unknown}: ${Object.keys(CHECKS).join(', ')}`);
  const addon = loadAddon();
  const images = await openImages(addon, data);
  let failed = 0;
  /** Tells what came of a check: `expected` and `found` are figures, with a tolerance, or anything that is to be equal. */
  const check = (name, found, expected, tolerance) => {
    const ok =
      tolerance === undefined
        ? JSON.stringify(found) === JSON.stringify(expected)
        : near([found].flat(), [expected].flat(), tolerance);
    if (!ok) failed++;
    console.log(JSON.stringify({ name, ok, expected, found, ...(tolerance === undefined ? {} : { tolerance }) }));
  };
  for (const name of names) {
    try {
      const note = (what) => console.log(JSON.stringify({ note: name, ...what }));
      await CHECKS[name]({
        addon,
        device,
        images,
        reference,
        note,
        check: (part, ...of) => check(`${name}: ${part}`, ...of),
      });
    } catch (error) {
      check(name, error.message, 'no error');
    }
  }
  images.close();
  if (failed > 0) process.exitCode = 1;
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
