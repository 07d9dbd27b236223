'use strict';

const path = require('node:path');
const { requireSameData } = require('../../dist/data/fingerprint');
const { resolveTrainOptions } = require('../../dist/options');
const { readConfig } = require('../../dist/train/run-config');
const { finishedResult, mergeOptions, settledStart } = require('../../dist/train/resume');
const { Finding } = require('../engine/property');
const { Scratch } = require('../engine/scratch');
const { CONFIG, RESULT } = require('../made-run');

let scratch;

/** The lengths of a crop and the figures of a network's input, as whoever computes with them needs them. */
function checkStart({ arch, preprocessing: { resize, crop, mean, std } }) {
  const sides = [resize, crop].every((side) => Number.isInteger(side) && side > 0);
  const figures = [mean, std].every(
    (three) => Array.isArray(three) && three.length === 3 && three.every(Number.isFinite),
  );
  if (typeof arch !== 'string' || !sides || !figures) throw new Finding('a start of a run that is none');
}

/** The weights that a loss computes with, one for each class. */
function checkClassWeights({ classes, classWeights }) {
  if (classWeights === undefined) return;
  if (classWeights.length !== classes.length || !classWeights.every((one) => Number.isFinite(one) && one > 0))
    throw new Finding('class weights that are none');
}

function checkResult({ classes, perClass, model, best, last, seconds, output }) {
  const figures = [model.valAccuracy, model.valLoss, best.epoch, last.trainLoss, last.valAccuracy, seconds];
  if (!figures.every((one) => typeof one === 'number') || typeof output !== 'string')
    throw new Finding('a result without its figures');
  if (!Array.isArray(classes) || !classes.every((name) => typeof name === 'string'))
    throw new Finding('classes that are no names');
  if (!Array.isArray(perClass) || perClass.some((one) => typeof one !== 'object' || one === null))
    throw new Finding('figures of classes that are none');
}

module.exports = {
  codes: ['CHECKPOINT_INVALID', 'INVALID_OPTION', 'DATA_INVALID'],
  caught: true,
  json: true,
  limit: 16384,
  open: () => void (scratch = new Scratch()),
  close: () => scratch.remove(),
  seeds: () => [
    Buffer.from(JSON.stringify({ config: CONFIG, result: RESULT })),
    Buffer.from(
      JSON.stringify({
        config: {
          ...CONFIG,
          options: resolveTrainOptions({ data: 'photos', recipe: 'finetune', classWeights: 'weights.txt' }, 100),
          unreadableNames: ['train/ants/x.jpg'],
          classWeights: CONFIG.classes.map((_, index) => 1 + index / 2),
        },
        result: RESULT,
      }),
    ),
  ],
  async read(bytes) {
    let given;
    try {
      given = JSON.parse(bytes.toString());
    } catch {
      given = undefined;
    }
    scratch.file('config.json', given?.config === undefined ? bytes : JSON.stringify(given.config));
    scratch.file('result.json', given?.result === undefined ? bytes : JSON.stringify(given.result));
    const { folder } = scratch;
    const config = await readConfig(folder);
    if (config === undefined) throw new Finding('config.json was passed over');
    checkClassWeights(config);
    const options = mergeOptions(config.options, { resume: folder, epochs: 2 });
    checkStart(settledStart({ folder, config, options, named: undefined }));
    const result = await finishedResult({
      folder,
      config,
      options: { ...config.options, data: path.resolve('x') },
      named: undefined,
    });
    if (result !== undefined) checkResult(result);
    requireSameData(config.data, config.data);
  },
};
