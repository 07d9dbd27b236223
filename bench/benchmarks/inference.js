/** Images per second of a trained ResNet-50 on crops that are ready. */
'use strict';

const { rate } = require('../lib/rate');

/** Images whose logits are compared. */
const CHECKED = 8;

function cases(context, { device, precision, batchSizes, tolerance, goals, peers }) {
  return batchSizes.map((batchSize) => {
    const least = device === 'cpu' ? 64 : 256;
    const count = context.quick ? Math.max(CHECKED, batchSize) : Math.max(least, batchSize * 2);
    const shared = ['--count', count, '--checked', CHECKED, '--batch-size', batchSize, '--threads', context.threads];
    // A GPU is done with one pass before the clock can tell.
    const passes = ['--passes', device === 'cpu' || context.quick ? 1 : 20];
    const where = ['--device', device, '--precision', precision];
    const sample = (ran) => rate(ran, ({ logits }) => logits);
    const runs = {
      'resnet-ft': async () => {
        const files = [await context.model(), await context.crops()];
        return sample(await context.node('ours/inference.js', [...files, ...shared, ...passes, ...where]));
      },
      onnxruntime: async () => {
        const files = [await context.onnx(), await context.crops()];
        return sample(await context.node('peers/onnxruntime.js', [...files, ...shared]));
      },
    };
    const pytorch = (flags) => async () => {
      const args = [await context.pth(), await context.crops(), '--classes', context.classes(), ...flags];
      return sample(await context.pytorch('inference.py', [...args, ...shared, ...passes, ...where]));
    };
    return {
      title: `inference, batch ${batchSize}${device === 'cpu' ? '' : `, ${device} ${precision}`}`,
      unit: 'images/s',
      better: 'higher',
      sides: ['resnet-ft', ...Object.keys(peers)].map((name) => {
        const python = peers[name] !== undefined && peers[name] !== null;
        return { name, python, optional: python && peers[name].length > 0, run: runs[name] ?? pytorch(peers[name]) };
      }),
      check: { what: `logits of ${CHECKED} images`, tolerance },
      goals,
    };
  });
}

module.exports = [
  {
    name: 'inference',
    needs: ['data'],
    cases: (context) =>
      cases(context, {
        ...{ device: 'cpu', precision: 'fp32', batchSizes: [1, 8, 32], tolerance: 1e-3 },
        // null: no PyTorch, but a peer of its own.
        peers: { onnxruntime: null, 'PyTorch channels_last': [] },
        goals: [{ quantity: 'value', against: 'onnxruntime', limit: 1 }],
      }),
  },
  {
    name: 'inference-cuda',
    needs: ['data', 'python', 'gpu'],
    cases: (context) =>
      cases(context, {
        ...{ device: 'cuda', precision: 'bf16', batchSizes: [64, 256], tolerance: 5e-2 },
        peers: { 'PyTorch eager': [], [`torch.compile, ${context.compile}`]: ['--compile', context.compile] },
        goals: [{ quantity: 'value', against: 'PyTorch eager', limit: 1.25 }],
      }),
  },
];
