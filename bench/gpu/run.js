/** Runs the stages of a loan of a GPU one after the other, each with its share of the time, and writes what came out. */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { BenchError } = require('../lib/errors');
const { parseOptions } = require('../lib/options');
const { writeWhole } = require('../lib/files');
const { ROOT, probePython } = require('../lib/machine');
const { runStage } = require('./stage');
const { FIRST, SECOND } = require('./stages');
const { toMarkdown } = require('./table');

const USAGE = `bash bench/gpu.sh --data DIR [options]

  --data DIR       data set with train/ and val/, the same for both sides
  --python FILE    Python with torch and torchvision, whose LibTorch is used [default: python3]
  --fixtures DIR   ants-bees/ and reference/ of test/fixtures, images with the figures of torch for them
                   [default: those of this checkout; without them parity is left out]
  --second         the second loan: where the time of a step goes (needs ncu), and torch.compile at its best
  --output DIR     where gpu.json, gpu.md and the output of each stage go [default: bench/results/gpu]`;

function readOptions(argv) {
  const text = { type: 'string' };
  const flag = { type: 'boolean', default: false };
  const values = parseOptions(
    argv,
    { data: text, python: text, fixtures: text, output: text, second: flag, help: flag },
    'bash bench/gpu.sh',
  );
  if (values.help) return values;
  if (values.data === undefined) throw new BenchError('--data is missing. See bash bench/gpu.sh --help');
  for (const name of ['data', 'fixtures']) {
    if (values[name] !== undefined && !fs.existsSync(values[name])) {
      throw new BenchError(`--${name}: there is no ${values[name]}`);
    }
  }
  const absolute = (name, fallback) => path.resolve(values[name] ?? fallback);
  return {
    ...values,
    data: absolute('data'),
    fixtures: [absolute('fixtures', path.join(ROOT, 'test', 'fixtures'))].find((folder) => fs.existsSync(folder)),
    python: values.python ?? 'python3',
    output: absolute('output', path.join(ROOT, 'bench', 'results', 'gpu')),
  };
}

async function main(argv) {
  const options = readOptions(argv);
  if (options.help) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const log = (line) => process.stderr.write(`${line}\n`);
  const environment = await probePython(options.python);
  if (!environment.gpu) throw new BenchError(`${options.python}: its torch finds no GPU that CUDA can use`);
  fs.mkdirSync(options.output, { recursive: true });
  const result = {
    format: 1,
    date: new Date().toISOString(),
    gpu: environment.gpu,
    versions: { node: process.versions.node, ...environment.versions },
    stages: [],
  };
  const context = { ...options, libtorch: environment.libtorch };
  for (const stage of options.second ? SECOND : FIRST) {
    log(`${stage.name} (at most ${stage.seconds} s)`);
    result.stages.push(await runStage(stage, context));
    // After each, so that a loan that ends early leaves what there is.
    writeWhole(path.join(options.output, 'gpu.json'), `${JSON.stringify(result, null, 2)}\n`);
    writeWhole(path.join(options.output, 'gpu.md'), toMarkdown(result));
  }
  process.stdout.write(toMarkdown(result));
  if (result.stages.some(({ ok }) => !ok)) process.exitCode = 1;
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`bench: ${error instanceof BenchError ? error.message : error.stack}\n`);
  process.exitCode = 1;
});
