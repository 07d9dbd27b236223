/**
 * What another number of threads, another processor or another LibTorch changes in a training whose seed is the same: how far the weights are from
 * those of the first run, and the logits of one pass through the same model. A processor that knows less is had by telling LibTorch and
 * oneDNN to use less of this one.
 *
 *     node bench/determinism.js [--data DIR] [--arch resnet18] [--image-size 64] [--steps 20] [--libtorch DIR]...
 *
 * Prints a table in Markdown, in which `0` is the same bits. Of logits the largest difference is told, as a share of the largest logit; of weights the norm
 * of the difference, as a share of the norm of the weights.
 */
'use strict';

const { fork } = require('node:child_process');
const { mkdtempSync, readdirSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { describeMachine } = require('./lib/machine');

const ROOT = path.join(__dirname, '..');
const SEED_OPTIONS = {
  weights: 'none',
  device: 'cpu',
  precision: 'fp32',
  batchSize: 16,
  seed: 0,
  lr: 0.001,
  momentum: 0.5,
};
const PLAIN = { cropCache: '0', checkpointEvery: 'never', report: false, card: false, keep: 'last' };

/** What is changed, one at a time, from one thread with all that this processor knows. */
const VARIATIONS = [
  { name: 'one thread, again' },
  { name: 'two threads', threads: 2 },
  {
    name: 'AVX2, no AVX-512',
    env: { ATEN_CPU_CAPABILITY: 'avx2', ONEDNN_MAX_CPU_ISA: 'AVX2', MKL_ENABLE_INSTRUCTIONS: 'AVX2' },
  },
  {
    name: 'neither',
    env: { ATEN_CPU_CAPABILITY: 'default', ONEDNN_MAX_CPU_ISA: 'SSE41', MKL_ENABLE_INSTRUCTIONS: 'SSE4_2' },
  },
  { name: 'bfloat16', precision: 'bf16' },
  { name: 'another seed', seed: 1 },
];

/** In a process of its own, for LibTorch reads these variables once: trains, and asks a model of everybody's. */
async function work({ options, reference }) {
  const { train, loadModel } = require('../dist/index.js');
  const { last } = await train(options);
  const model = await loadModel(reference ?? options.output, {
    ...{ device: 'cpu', precision: options.precision, threads: options.threads, topK: 2 },
  });
  const val = path.join(options.data, 'val');
  const files = readdirSync(val, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.jpe?g$/i.test(entry.name))
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  const answers = await model.predict(files);
  await model.close();
  // Logits but for what is added to both: half of their difference.
  const logits = answers.map(({ top }) => {
    const [a, b] = [...top].sort((x, y) => x.index - y.index);
    return (Math.log(a.probability) - Math.log(b.probability)) / 2;
  });
  process.send({ accuracy: last.valAccuracy, loss: last.valLoss, logits });
}

function inProcess(job, env) {
  return new Promise((resolve, reject) => {
    const child = fork(__filename, ['--child'], {
      env: { ...process.env, OMP_WAIT_POLICY: 'passive', ...env },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child.once('message', resolve).once('exit', (code) => reject(new Error(`the training ended with ${code}`)));
    child.send(job);
  });
}

/** The largest difference of two lists of numbers, as a share of the largest number of the first. */
function difference(a, b) {
  let [largest, most] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    largest = Math.max(largest, Math.abs(a[i] - b[i]));
    most = Math.max(most, Math.abs(a[i]));
  }
  return most === 0 ? 0 : largest / most;
}

const floats = ({ data }) => new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4);

/**
 * How far all weights are from others, as a share of how large they are (the norm of the difference by their norm), and the tensor where that
 * is the most. Biases and statistics, which begin at 0 or 1, count in the first alone.
 */
function weightDifference(a, b) {
  const whole = { difference: 0, size: 0 };
  let worst = { share: 0, name: '' };
  for (const [name, tensor] of a) {
    if (tensor.dtype !== 'F32') continue;
    const [ours, theirs] = [floats(tensor), floats(b.get(name))];
    let [difference, size] = [0, 0];
    for (let i = 0; i < ours.length; i++) {
      difference += (ours[i] - theirs[i]) ** 2;
      size += ours[i] ** 2;
    }
    whole.difference += difference;
    whole.size += size;
    const share = Math.sqrt(difference / size);
    if (/weight$/.test(name) && share > worst.share) worst = { share, name };
  }
  return { share: Math.sqrt(whole.difference / whole.size), worst };
}

async function main() {
  const { values } = parseArgs({
    options: {
      data: { type: 'string', default: path.join(ROOT, 'test', 'fixtures', 'ants-bees') },
      arch: { type: 'string', default: 'resnet18' },
      'image-size': { type: 'string', default: '64' },
      steps: { type: 'string', default: '20' },
      libtorch: { type: 'string', multiple: true, default: [] },
      child: { type: 'boolean', default: false },
    },
  });
  if (values.child) return process.once('message', (job) => work(job).then(() => process.disconnect()));
  const { readStateDict } = require('../dist/index.js');
  const folder = mkdtempSync(path.join(tmpdir(), 'resnet-ft-determinism-'));
  const shown = (share) => (share === 0 ? '0' : share.toExponential(1));
  try {
    const variations = [
      { name: 'one thread' },
      ...VARIATIONS,
      ...values.libtorch.map((libtorch) => ({
        name: `LibTorch in ${path.basename(libtorch)}`,
        env: { LIBTORCH: libtorch },
      })),
    ];
    const head = [
      '',
      'LibTorch',
      'logits of one pass',
      'weights after the training',
      'most of all',
      'loss',
      'accuracy',
    ];
    const line = (cells) => `| ${cells.join(' | ')} |`;
    console.log(`${JSON.stringify(describeMachine())}\n\n${line(head)}\n${line(head.map(() => '---'))}`);
    let first;
    for (const [i, { name, env = {}, ...changes }] of variations.entries()) {
      const output = path.join(folder, `run-${i}`);
      const options = {
        ...{ ...SEED_OPTIONS, ...PLAIN, data: path.resolve(values.data), arch: values.arch, threads: 1, output },
        ...{ imageSize: Number(values['image-size']), steps: Number(values.steps), ...changes },
      };
      const said = await inProcess({ options, reference: first?.output }, env);
      const state = await readStateDict(path.join(output, 'last.safetensors'));
      const config = JSON.parse(readFileSync(path.join(output, 'config.json'), 'utf8'));
      first ??= { output, state, ...said };
      const weights = weightDifference(first.state, state);
      console.log(
        line([
          name,
          config.versions.torch ?? '',
          shown(difference(first.logits, said.logits)),
          shown(weights.share),
          weights.worst.name === '' ? '' : `${shown(weights.worst.share)} in \`${weights.worst.name}\``,
          said.loss.toPrecision(10),
          `${(100 * said.accuracy).toFixed(1)} %`,
        ]),
      );
      if (i > 0) rmSync(output, { recursive: true });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
