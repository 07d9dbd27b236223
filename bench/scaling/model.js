/**
 * What a step of data-parallel training takes by a model of it, for docs/scaling.md: the backward pass gives gradients layer by layer, in the proportion of
 * the layers' multiplications; they are summed bucket by bucket, one after the other, as c10d's Reducer does it, while the rest is still being
 * computed.
 *
 *     node bench/scaling/model.js
 */
'use strict';

const { buildNetwork, layersOf, parametersOf } = require('../../dist/network/architecture.js');

/** Backward costs twice the forward pass: one product for the inputs' gradients, one for the weights'. */
const FORWARD = 1 / 3;
const FIRST_BUCKET = 2 ** 20;
const BUCKET = 25 * 2 ** 20;

const product = (shape) => shape.reduce((all, size) => all * size, 1);

/** Side of a layer's output for images of 224 pixels. */
function sideOf(name) {
  if (name === 'conv1' || name === 'bn1') return 112;
  const [, stage, block, layer] = /^layer(\d)\.(\d+)\.(\w+)/.exec(name) ?? [];
  if (stage === undefined) return 1;
  const side = 56 / 2 ** (Number(stage) - 1);
  // The stride is that of the 3x3 convolution.
  return block === '0' && Number(stage) > 1 && layer === 'conv1' ? 2 * side : side;
}

/** Of each layer with weights, last first: bytes of its gradients, and its share of the multiplications. */
function backwardOrder(arch, classes) {
  const layers = [...layersOf(buildNetwork(arch, classes))].flatMap(({ name, layer }) => {
    const shapes = parametersOf(layer).map(({ shape }) => shape);
    if (shapes.length === 0) return [];
    const work = layer.type === 'BatchNorm2d' ? 0 : product(shapes[0]) * sideOf(name) ** 2;
    return [{ bytes: 4 * shapes.reduce((sum, shape) => sum + product(shape), 0), work }];
  });
  const all = layers.reduce((sum, { work }) => sum + work, 0);
  return layers.reverse().map(({ bytes, work }) => ({ bytes, share: work / all }));
}

/** Buckets in the order in which they are full: bytes, and the share of the backward pass that is done by then. */
function bucketsOf(layers) {
  const buckets = [];
  let [bytes, done] = [0, 0];
  for (const { bytes: more, share } of layers) {
    bytes += more;
    done += share;
    if (bytes < (buckets.length === 0 ? FIRST_BUCKET : BUCKET)) continue;
    buckets.push({ bytes, ready: done });
    bytes = 0;
  }
  if (bytes > 0) buckets.push({ bytes, ready: 1 });
  return buckets;
}

/**
 * @param step milliseconds of a step of one process alone
 * @param sum milliseconds of a sum of so many bytes
 * @param spread standard deviation of the time of a step from process to process, as a share; all wait for the slowest
 */
function predict({ step, sum, spread, processes }, buckets) {
  const backward = step * (1 - FORWARD);
  let end = 0;
  for (const { bytes, ready } of buckets) end = Math.max(end, ready * backward) + sum(bytes);
  const whole = buckets.reduce((total, { bytes }) => total + sum(bytes), 0);
  const shown = end - backward;
  // The expected maximum of so many normal deviates, roughly; and the sum of loss and count of each step.
  const waiting = step * spread * Math.sqrt(2 * Math.log(processes));
  return { whole, shown, waiting, total: step + shown + waiting + sum(24) };
}

/** A ring: every byte passes each interface twice, but for one part. @param rate GB/s of a process @param latency ms of a message */
const ring = (processes, rate, latency) => (bytes) => 2 * (processes - 1) * (bytes / processes / rate / 1e6 + latency);

/** NCCL within machines and between them: the slower of both decides the rate; a tree of machines the latency. */
function nccl({ machines, gpus, inside, network, hop }) {
  return (bytes) => {
    const within = (2 * (gpus - 1) * bytes) / gpus / inside / 1e6;
    const between = machines === 1 ? 0 : (2 * (machines - 1) * bytes) / machines / network / 1e6;
    return Math.max(within, between) + 0.02 + 2 * Math.ceil(Math.log2(machines)) * hop;
  };
}

const A100 = 2470; // images/s of one, mixed precision: NVIDIA/DeepLearningExamples, ResNet50 v1.5 for PyTorch, 21.03
const SPREAD = 0.01;
const A_GPU = { batch: 256, step: (1000 * 256) / A100, spread: SPREAD };
const FABRIC = { gpus: 8, inside: 230, hop: 0.015 };
const ETHERNET = 11; // GB/s of 100 Gb/s
const INFINIBAND = 8 * 23; // eight interfaces of 200 Gb/s

const CASES = [
  ['2 processes of this machine, 1 Gb/s', { batch: 8, step: 2892, processes: 2, spread: 0, sum: ring(2, 0.119, 0.15) }],
  ...[8, 64].map((processes) => [
    `${processes} machines without a GPU, 8 images each, 10 Gb/s`,
    { batch: 8, step: 1221, processes, spread: SPREAD, sum: ring(processes, 1.1, 0.05) },
  ]),
  ['8 GPUs in a machine', { ...A_GPU, processes: 8, sum: nccl({ ...FABRIC, machines: 1 }) }],
  ...[64, 1000].flatMap((processes) =>
    [
      ['100 Gb/s a machine', ETHERNET],
      ['8 x 200 Gb/s a machine', INFINIBAND],
    ].map(([name, network]) => [
      `${processes} GPUs, ${name}`,
      { ...A_GPU, processes, sum: nccl({ ...FABRIC, machines: processes / 8, network }) },
    ]),
  ),
];

if (require.main === module) {
  const buckets = bucketsOf(backwardOrder('resnet50', 2));
  console.log(`buckets of ${buckets.map(({ bytes }) => (bytes / 1e6).toFixed(1)).join(', ')} MB, full after`);
  console.log(`${buckets.map(({ ready }) => `${(100 * ready).toFixed(0)} %`).join(', ')} of the backward pass`);
  console.table(
    CASES.map(([name, one]) => {
      const { whole, shown, waiting, total } = predict(one, buckets);
      return {
        name,
        'ms alone': one.step.toFixed(0),
        'ms sums': whole.toFixed(1),
        'ms shown': shown.toFixed(1),
        'ms waiting': waiting.toFixed(1),
        'images/s': ((1000 * one.batch * one.processes) / total).toFixed(one.batch === 8 ? 1 : 0),
        efficiency: `${((100 * one.step) / total).toFixed(0)} %`,
      };
    }),
  );
}

module.exports = { backwardOrder, bucketsOf, predict, ring };
