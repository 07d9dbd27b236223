/** What is run on a machine with a GPU. Seconds of the first loan add up to less than eight minutes. */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { ROOT } = require('../lib/machine');
const { kernelTimes } = require('./profile');

const node = (script, args, { libtorch }) => ({
  command: process.execPath,
  args: [path.join(ROOT, script), ...args],
  env: { LIBTORCH: libtorch },
});

const benchFile = ({ output }) => path.join(output, 'bench.json');

function bench(only, seconds, flags) {
  return {
    name: 'bench',
    seconds,
    command: (context) => {
      const { data, python } = context;
      fs.rmSync(benchFile(context), { force: true });
      const args = ['--python', python, '--data', data, '--only', only.join(','), '--output', benchFile(context)];
      return node('bench/run.js', [...args, ...flags], context);
    },
    // It is written after each benchmark, so that what was measured counts where the last was not done in time.
    read: (_ran, context) => ({ result: JSON.parse(fs.readFileSync(benchFile(context), 'utf8')) }),
  };
}

const doctor = {
  name: 'doctor',
  seconds: 30,
  command: (context) => node('bin/resnet-ft.js', ['doctor', '--json'], context),
  read: ({ stdout }) => ({ report: JSON.parse(stdout) }),
};

/** Of a script that prints a line of JSON for each check. */
const readChecks = ({ records }) => ({
  checks: records.map(({ at: _at, ...check }) => check),
  ok: records.length > 0 && records.every(({ ok }) => ok),
});

const parity = {
  name: 'parity',
  seconds: 120,
  command: (context) => {
    const { fixtures } = context;
    if (fixtures === undefined) return undefined;
    const args = ['--device', 'cuda', '--data', path.join(fixtures, 'ants-bees')];
    args.push('--reference', path.join(fixtures, 'reference'));
    return node('bench/gpu/parity.js', args, context);
  },
  read: readChecks,
};

const fastWays = {
  name: 'fast-ways',
  seconds: 40,
  command: (context) => node('bench/gpu/fast-ways.js', ['--device', 'cuda'], context),
  read: readChecks,
};

/** Steps that are profiled after those that warm up; the profiler runs each kernel by itself, many times slower. */
const PROFILED = { warm: 4, steps: 2 };

const profile = (way, flags) => ({
  name: `profile-${way}`,
  seconds: 110,
  command: (context) => {
    const crops = path.join(context.output, 'crops.bin');
    const counts = ['--warm', PROFILED.warm, '--steps', PROFILED.steps].map(String);
    const args = [crops, '--classes', '2', '--batch-size', '64', ...counts, '--device', 'cuda', '--precision', 'bf16'];
    const step = node('bench/ours/step.js', [...args, ...flags], context);
    return {
      command: 'ncu',
      args: ['--csv', '--page', 'raw', '--metrics', 'gpu__time_duration.sum', step.command, ...step.args],
      env: step.env,
    };
  },
  read: ({ stdout }) => ({ kernels: kernelTimes(stdout) }),
});

const crops = {
  name: 'crops',
  seconds: 60,
  command: (context) =>
    node('bench/ours/crops.js', [context.data, path.join(context.output, 'crops.bin'), '64'], context),
  read: () => ({}),
};

const FIRST = [
  doctor,
  fastWays,
  parity,
  bench(['step-cuda', 'inference-cuda', 'predict-one-cuda', 'cold-epoch-cuda', 'decode'], 280, [
    '--repeat',
    '1',
    '--patience',
    '60',
  ]),
];

const SECOND = [
  crops,
  profile('explicit', ['--record-steps', 'no', '--explicit-pass', 'yes']),
  profile('autograd', ['--record-steps', 'no', '--explicit-pass', 'no']),
  bench(['step-cuda'], 240, ['--repeat', '1', '--compile', 'max-autotune', '--patience', '100']),
];

module.exports = { FIRST, SECOND };
