#!/usr/bin/env node
/** Compares the recipes of `train` on paired seeds; bench/README.md tells how, docs/performance.md what came out. */
'use strict';

const os = require('node:os');
const path = require('node:path');
const { BenchError } = require('../lib/errors');
const { lastRecord, runProcess } = require('../lib/process');
const { RECIPES, SETS, USAGE, commandLine, readOptions } = require('./options');
const { writeReport } = require('./report');
const { PRETRAINED_CLASSES, drawFolder, drawnSet, givenSet } = require('./sets');

/** Divides the images of every set: batch norm on a last batch of one or two images of 32 pixels would harm the network. */
const DRAWN_BATCH = 25;

/** Of the pretraining: classes come from the other half. */
const PRETRAINING = {
  ...{ weights: 'none', seed: 0, batchSize: 64, epochs: 20, lr: 0.05, momentum: 0.9, nesterov: true },
  ...{ weightDecay: 0.0005, schedule: 'cosine', warmup: 0.1, cropScale: '0.5..1' },
};

/** A training and its test in a process of their own. */
async function runOne(train, test) {
  const args = [path.join(__dirname, 'one-run.js'), JSON.stringify({ train, test })];
  const { records } = await runProcess({ command: process.execPath, args });
  const { at: _at, kind: _kind, ...result } = lastRecord(records, 'result');
  return result;
}

/** Runs `work` for every item, `limit` at a time; stops at the first error. */
async function eachAtATime(items, limit, work) {
  const waiting = [...items];
  const worker = async () => {
    while (waiting.length > 0) await work(waiting.shift());
  };
  await Promise.all(Array.from({ length: limit }, worker));
}

/** What every training of this run has. */
function commonOptions({ data, device = 'cpu', threads = 1, ...options }) {
  const own = options.weights === undefined;
  return {
    arch: options.arch ?? (own ? 'resnet18' : undefined),
    imageSize: options['image-size'] ?? (own ? 32 : undefined),
    ...{ device, threads, keep: 'last', checkpointEvery: 'never' },
    // Drawn images are small, and have the size that the crops are cut out of.
    ...(data === undefined ? { cropCache: '0' } : { cacheDir: path.join(options.output, 'crops') }),
  };
}

async function pretrain(options, common, log) {
  const folder = path.join(options.output, 'data', 'pretraining');
  const [images, epochs] = options.quick ? [50, 4] : [200, PRETRAINING.epochs];
  const output = path.join(options.output, 'pretrained');
  log(`pretraining: ${PRETRAINED_CLASSES.length} classes of ${images} images, ${epochs} epochs`);
  for (const [split, count] of Object.entries({ val: 20, train: images })) {
    await drawFolder(path.join(folder, split), { classes: PRETRAINED_CLASSES, count, key: `pretraining/${split}` });
  }
  const train = { ...common, ...PRETRAINING, epochs, data: folder, output };
  const result = await runOne(train, path.join(folder, 'val'));
  log(`  ${(100 * result.accuracy).toFixed(1)} % of its own classes, ${result.seconds.toFixed(0)} s`);
  return { ...result, classes: PRETRAINED_CLASSES.length, weights: path.join(output, 'model.safetensors') };
}

function setsOf({ data, sets, quick, output, 'per-class': perClass }) {
  const work = path.join(output, 'data');
  if (data !== undefined) return data.map((folder) => givenSet(folder, perClass, work));
  const chosen = Object.entries(SETS).filter(([name]) => sets.includes(name));
  return chosen.map(([name, set]) => drawnSet({ name, ...set }, quick ? 20 : 50, work));
}

/** Makes every folder of images that the plan needs, before the first training. */
async function withFolders(sets, seeds) {
  const made = [];
  for (const set of sets) {
    const test = await set.test();
    const train = [];
    for (const seed of seeds) train.push(await set.train(seed));
    made.push({ ...set, test, train });
  }
  return made;
}

async function main(argv) {
  const options = readOptions(argv);
  if (options.help) return void process.stdout.write(`${USAGE}\n`);
  const log = (line) => process.stderr.write(`${line}\n`);
  const { output, quick, recipes, steps } = options;
  const { jobs = os.availableParallelism(), seeds: seedCount = quick ? 2 : 3 } = options;
  const common = commonOptions(options);
  const loadBefore = os.loadavg()[0];
  const pretrained = options.weights === undefined ? await pretrain(options, common, log) : undefined;
  const weights = pretrained?.weights ?? options.weights;
  const batchSize = options['batch-size'] ?? (options.data === undefined ? DRAWN_BATCH : 64);

  const seeds = Array.from({ length: seedCount }, (_, seed) => seed);
  const sets = await withFolders(setsOf(options), seeds);
  const plan = sets.flatMap((set) => seeds.flatMap((seed) => recipes.map((recipe) => ({ seed, set, recipe }))));
  const { arch, imageSize, keep, threads } = common;
  const head = {
    ...{ command: commandLine(options), quick, recipes, seeds: seedCount, threads, jobs, loadBefore },
    given: { arch, 'image-size': imageSize, 'batch-size': batchSize, keep, steps },
    ...(pretrained === undefined ? {} : { pretrained: { ...pretrained, weights: undefined } }),
  };
  const runs = [];
  await eachAtATime(plan, jobs, async ({ seed, set, recipe }) => {
    const name = `${set.name}-${recipe}-${seed}`;
    const own = { data: set.train[seed], seed, batchSize, steps, output: path.join(output, 'runs', name) };
    const { images: testImages, ...result } = await runOne(
      { ...common, weights, ...RECIPES[recipe], ...own },
      set.test,
    );
    runs.push({ set: set.name, recipe, seed, testImages, ...result });
    const figures = `${(100 * result.accuracy).toFixed(1)} %, ${result.steps} steps, ${result.seconds.toFixed(0)} s`;
    log(`${runs.length}/${plan.length} ${name}: ${figures}`);
    // After each, so that a run that is stopped keeps what it has.
    writeReport(output, head, sets, runs);
  });
  log(`tables in ${output}`);
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`bench: ${error instanceof BenchError ? error.message : error.stack}\n`);
  process.exitCode = 1;
});
