/**
 * Trains once with the built package, and tests what came out: the process of one run.
 *
 *     node bench/recipes/one-run.js '{"train": {options of train}, "test": "folder of classes"}'
 *
 * A run that is in its output folder already, whole and of the same options, is not made again.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { evaluate, train } = require('../../dist/index.js');
const { writeWhole } = require('../lib/files');
const { emit, start } = require('../ours/common');

const readJson = (file) => (fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : undefined);

/** The result of a finished run of these options. */
function finished(options) {
  const config = readJson(path.join(options.output, 'config.json'));
  const same = Object.entries(options).every(([name, value]) => config?.options[name] === value);
  return same ? readJson(path.join(options.output, 'result.json')) : undefined;
}

async function main([text]) {
  const { train: options, test } = JSON.parse(text);
  let result = finished(options);
  const tested = path.join(options.output, 'test.json');
  if (result === undefined) {
    fs.rmSync(options.output, { recursive: true, force: true });
    result = await train(options);
  }
  let figures = readJson(tested);
  if (figures === undefined) {
    const { device, threads } = options;
    const { accuracy, images, loss } = await evaluate({ model: options.output, data: test, device, threads });
    figures = { accuracy, images, loss };
    writeWhole(tested, `${JSON.stringify(figures)}\n`);
  }
  const { options: settled } = readJson(path.join(options.output, 'config.json'));
  const { seconds, steps, epochs, last } = result;
  emit('result', { ...figures, seconds, steps, epochs, lr: settled.lr, trainAccuracy: last.trainAccuracy });
}

start(main);
