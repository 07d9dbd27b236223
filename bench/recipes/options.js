/** The command line of run.js. */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { BenchError } = require('../lib/errors');
const { parseOptions } = require('../lib/options');

/** What `train` is given for each name; `scratch` shows what pretraining is worth. */
const RECIPES = {
  scratch: { recipe: 'tutorial', weights: 'none' },
  tutorial: { recipe: 'tutorial' },
  linear: { recipe: 'linear' },
  finetune: { recipe: 'finetune' },
};

/** What is drawn where no --data is given: small sets, as those for which people fine-tune. */
const SETS = {
  'ten-5': { classes: 10, perClass: 5 },
  'ten-10': { classes: 10, perClass: 10 },
  'ten-10-noisy': { classes: 10, perClass: 10, hard: true },
  'twenty-5': { classes: 20, perClass: 5 },
};

const USAGE = `node bench/recipes/run.js --output DIR [options]

  --output DIR      images, runs, and the tables: recipes.md and recipes.json; what is there already is not made again
  --recipes LIST    of ${Object.keys(RECIPES).join(', ')} [default: all]
  --sets LIST       of ${Object.keys(SETS).join(', ')} [default: all]
  --seeds N         seeds on each set [default: 3]
  --data DIR        instead of drawn images, a folder with train/ and val/; may be given several times
  --per-class N     with --data, draw so many images of each class for each seed [default: all]
  --weights NAME    instead of a network pretrained on drawn images, what train --weights takes; needed with --data
  --arch NAME       [default: resnet18, or with --weights, that of the weights]
  --image-size N    [default: 32, or with --weights, that of the weights]
  --batch-size N    of every recipe [default: 25, or 64 with --data]
  --steps N         stop every training after so many steps, whatever its recipe
  --device NAME     [default: cpu]
  --threads N       threads of each training [default: 1]
  --jobs N          trainings at a time [default: the cores]
  --quick           one set, two seeds, little pretraining: whether all works`;

function readOptions(argv) {
  const text = { type: 'string' };
  const flag = { type: 'boolean', default: false };
  const numbers = ['seeds', 'per-class', 'image-size', 'batch-size', 'steps', 'threads', 'jobs'];
  const values = parseOptions(
    argv,
    {
      ...{
        output: text,
        recipes: text,
        sets: text,
        data: { type: 'string', multiple: true },
        weights: text,
        arch: text,
        device: text,
      },
      ...Object.fromEntries(numbers.map((name) => [name, text])),
      ...{ quick: flag, help: flag },
    },
    'node bench/recipes/run.js',
  );
  if (values.help) return values;
  for (const name of numbers.filter((one) => values[one] !== undefined)) {
    values[name] = Number(values[name]);
    if (!Number.isInteger(values[name]) || values[name] < 1)
      throw new BenchError(`--${name}: expected a number of at least 1`);
  }
  const listed = (name, known, fallback = known) => {
    const chosen = values[name]?.split(',') ?? fallback;
    const unknown = chosen.find((one) => !known.includes(one));
    if (unknown === undefined) return chosen;
    throw new BenchError(`--${name}: expected some of ${known.join(', ')}, not ${unknown}`);
  };
  const recipes = listed('recipes', Object.keys(RECIPES));
  const sets = listed('sets', Object.keys(SETS), Object.keys(SETS).slice(0, values.quick ? 1 : undefined));
  if (values.output === undefined) throw new BenchError('--output is needed: a folder for all that is made');
  if (values.data !== undefined && values.weights === undefined) {
    throw new BenchError('--data needs --weights: a network pretrained on drawn images says nothing about photos');
  }
  if (values.data !== undefined && values.sets !== undefined) throw new BenchError('--sets: not beside --data');
  const folders = (values.data ?? []).map((folder) => path.basename(path.resolve(folder)));
  const twice = folders.find((name, i) => folders.indexOf(name) !== i);
  if (twice !== undefined)
    throw new BenchError(`--data: two folders named ${twice}, which their results are named after`);
  if (values['per-class'] !== undefined && values.data === undefined) throw new BenchError('--per-class needs --data');
  // A name such as imagenet-v1 is no file.
  const weights = fs.existsSync(values.weights ?? '') ? path.resolve(values.weights) : values.weights;
  // What is made for a quick run is too little for another.
  const output = path.resolve(values.output, values.quick ? 'quick' : '.');
  return { ...values, recipes, sets, weights, output };
}

/** The command as another person would type it. */
function commandLine(options) {
  const given = ['--output OUT', ...(options.data ?? []).map(() => '--data DIR')];
  const names = [
    'weights',
    'arch',
    'image-size',
    'per-class',
    'batch-size',
    'steps',
    'seeds',
    'device',
    'threads',
    'jobs',
  ];
  for (const name of names) {
    const value = options[name];
    if (value === undefined) continue;
    given.push(`--${name} ${name === 'weights' && fs.existsSync(value) ? 'FILE' : value}`);
  }
  if (options.recipes.length < Object.keys(RECIPES).length) given.push(`--recipes ${options.recipes.join(',')}`);
  if (options.data === undefined && options.sets.length < Object.keys(SETS).length && !options.quick) {
    given.push(`--sets ${options.sets.join(',')}`);
  }
  if (options.quick) given.push('--quick');
  return `node bench/recipes/run.js ${given.join(' ')}`;
}

module.exports = { RECIPES, SETS, USAGE, commandLine, readOptions };
