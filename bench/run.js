#!/usr/bin/env node
/** Measures resnet-ft against the same work elsewhere; bench/README.md tells how. */
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const benchmarks = require('./benchmarks');
const { createContext } = require('./lib/context');
const { BenchError } = require('./lib/errors');
const { parseOptions } = require('./lib/options');
const { writeWhole } = require('./lib/files');
const { ROOT, describeMachine, ownVersions, probePython } = require('./lib/machine');
const { measureCase } = require('./lib/measure');

/** Load for each core from which on a machine is not quiet. */
const BUSY = 0.25;

const USAGE = `node bench/run.js [--python FILE] [--data DIR] [options]

  --python FILE   Python with torch and torchvision (bench/README.md); without it only peers in Node.js are run
  --data DIR      data set with train/ and val/; without it only what needs no images is run
  --libtorch DIR  LibTorch for our side [default: the one of --python, so that both compute with the same]
  --only LIST     of ${benchmarks.map(({ name }) => name).join(', ')}
  --repeat N      runs of each side [default: 3]
  --threads N     threads of every side [default: the cores]
  --quick         a few images, one run: whether all works, not how fast it is
  --full          also run what is otherwise extrapolated (hours on two cores)
  --compile MODE  of torch.compile, on a GPU [default: default]
  --patience N    seconds after which torch.compile is given up [default: none]
  --output FILE   JSON of the results [default: bench/results/latest.json, or quick.json]`;

function readOptions(argv) {
  const text = { type: 'string' };
  const flag = { type: 'boolean', default: false };
  const values = parseOptions(
    argv,
    {
      ...{ python: text, data: text, libtorch: text, only: text, repeat: text, threads: text, output: text },
      ...{ compile: { ...text, default: 'default' }, patience: text },
      ...{ quick: flag, full: flag, help: flag },
    },
    'node bench/run.js',
  );
  const count = (name, fallback) => {
    if (values[name] === undefined) return fallback;
    const number = Number(values[name]);
    if (!Number.isInteger(number) || number < 1) throw new BenchError(`--${name}: expected a number of at least 1`);
    return number;
  };
  const only = values.only?.split(',');
  const unknown = only?.find((name) => !benchmarks.some((one) => one.name === name));
  if (unknown !== undefined) throw new BenchError(`--only: no benchmark ${unknown}. See node bench/run.js --help`);
  const output = path.join(ROOT, 'bench', 'results', values.quick ? 'quick.json' : 'latest.json');
  return {
    ...values,
    only,
    repeat: count('repeat', values.quick ? 1 : 3),
    patience: count('patience', undefined),
    threads: count('threads', os.availableParallelism()),
    data: values.data === undefined ? undefined : path.resolve(values.data),
    output: values.output === undefined ? output : path.resolve(values.output),
  };
}

/** Six digits are more than a clock is worth. */
const rounded = (_key, value) =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;

/** Takes this machine's paths out of a text that is going to be published. */
function withoutPaths(text, options, work, libtorch) {
  const names = [
    [work, 'WORK'],
    [options.data, 'DATA'],
    [options.python, 'PYTHON'],
    [libtorch, 'LIBTORCH'],
    [ROOT, '.'],
    [process.execPath, 'node'],
    [os.homedir(), '~'],
  ];
  return names.reduce((left, [from, to]) => (from && from !== '/' ? left.replaceAll(from, to) : left), text);
}

/** The command as another person would type it. */
function commandLine(options) {
  const given = ['python', 'data'].flatMap((name) => (options[name] ? [`--${name} ${name.toUpperCase()}`] : []));
  if (options.only) given.push(`--only ${options.only.join(',')}`);
  given.push(`--repeat ${options.repeat}`, `--threads ${options.threads}`);
  if (options.compile !== 'default') given.push(`--compile ${options.compile}`);
  if (options.patience !== undefined) given.push(`--patience ${options.patience}`);
  for (const name of ['quick', 'full']) if (options[name]) given.push(`--${name}`);
  return `node bench/run.js ${given.join(' ')}`;
}

/** What a benchmark needs and this run has not. */
function missing(benchmark, context) {
  const lacks = {
    data: context.given.data === undefined ? 'no --data' : undefined,
    python: context.given.python === undefined ? 'no --python' : undefined,
    gpu: context.gpu === undefined ? 'no GPU that CUDA can use' : undefined,
  };
  return benchmark.needs.map((need) => lacks[need]).find((reason) => reason !== undefined);
}

async function runBenchmark(benchmark, context, log, clean) {
  const { name } = benchmark;
  const skipped = missing(benchmark, context);
  if (skipped !== undefined) {
    log(`${name}: skipped, ${skipped}`);
    return { name, skipped };
  }
  log(name);
  const cases = [];
  for (const one of benchmark.cases(context)) {
    try {
      cases.push(await measureCase(one, { ...context, hasPython: context.given.python !== undefined, log }));
    } catch (error) {
      if (!(error instanceof BenchError)) throw error;
      const failed = clean(error.message);
      log(`  ${one.title}: FAILED: ${failed}`);
      cases.push({ title: one.title, unit: one.unit, better: one.better, failed });
    }
  }
  return { name, cases };
}

async function main(argv) {
  const options = readOptions(argv);
  if (options.help) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const log = (line) => process.stderr.write(`${line}\n`);
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'resnet-ft-bench-'));
  const remove = () => fs.rmSync(work, { recursive: true, force: true });
  process.once('exit', remove);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));

  const environment = options.python === undefined ? undefined : await probePython(options.python);
  const context = { ...createContext(options, environment, work), given: options };
  const report = {
    format: 1,
    date: new Date().toISOString(),
    command: commandLine(options),
    quick: options.quick,
    repeat: options.repeat,
    threads: options.threads,
    // Before anything runs: figures of a machine that others use are worth little.
    loadBefore: os.loadavg()[0],
    machine: { ...describeMachine(), ...(environment?.gpu ? { gpu: environment.gpu } : {}) },
    versions: { ...ownVersions(), ...environment?.versions },
    benchmarks: [],
  };
  const clean = (text) => withoutPaths(text, options, work, environment?.libtorch);
  if (report.loadBefore > BUSY * os.availableParallelism()) {
    log(`the machine is busy (load ${report.loadBefore.toFixed(1)}): its figures will be noisy`);
  }
  for (const benchmark of benchmarks) {
    if (options.only !== undefined && !options.only.includes(benchmark.name)) continue;
    report.benchmarks.push(await runBenchmark(benchmark, context, log, clean));
    // After each, so that an interrupted run keeps what it has.
    writeWhole(options.output, `${JSON.stringify(report, rounded, 2)}\n`);
  }
  log(`results in ${options.output}`);
  if (report.benchmarks.some(({ cases = [] }) => cases.some(({ failed }) => failed !== undefined)))
    process.exitCode = 1;
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`bench: ${error instanceof BenchError ? error.message : error.stack}\n`);
  process.exitCode = 1;
});
