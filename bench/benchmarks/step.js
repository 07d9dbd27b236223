/** Images per second of training steps, once memory and caches are warm. */
'use strict';

const { rate } = require('../lib/rate');

function cases(context, { device, precision, batches, tolerance, goals, peers, variants = {} }) {
  return batches.map(({ batchSize, warm, steps }) => {
    const shared = [
      ...['--classes', context.classes(), '--batch-size', batchSize, '--threads', context.threads],
      ...['--warm', context.quick ? 1 : warm, '--steps', context.quick ? 1 : steps],
      ...['--device', device, '--precision', precision],
    ];
    const sample = (ran) =>
      rate(
        ran,
        ({ loss }) => [loss],
        ({ computed }) => ({ computed }),
      );
    const ours = (flags) => async () =>
      sample(await context.node('ours/step.js', [await context.crops(), ...shared, ...flags]));
    const peer = (flags) => async () =>
      sample(await context.pytorch('step.py', [await context.crops(), ...shared, ...flags]));
    return {
      title: `training step, batch ${batchSize}${device === 'cpu' ? '' : `, ${device} ${precision}`}`,
      unit: 'images/s',
      better: 'higher',
      sides: [
        { name: 'resnet-ft', run: ours([]) },
        ...Object.entries(variants).map(([name, flags]) => ({ name, run: ours(flags) })),
        ...Object.entries(peers).map(([name, flags]) => ({
          ...{ name, python: true, run: peer(flags) },
          // What the compiler can't do on a machine is no fault of the others.
          optional: flags.includes('--compile'),
        })),
      ],
      check: { what: 'loss of the first step', tolerance },
      goals,
    };
  });
}

module.exports = [
  {
    name: 'step',
    needs: ['data'],
    cases: (context) =>
      cases(context, {
        ...{ device: 'cpu', precision: 'fp32', tolerance: 1e-4, goals: [] },
        batches: [
          { batchSize: 8, warm: 2, steps: 16 },
          { batchSize: 32, warm: 1, steps: 4 },
          { batchSize: 64, warm: 1, steps: 3 },
        ],
        peers: { 'PyTorch contiguous': [], 'PyTorch channels_last': ['--channels-last'] },
      }),
  },
  {
    name: 'step-cuda',
    needs: ['data', 'python', 'gpu'],
    cases: (context) =>
      cases(context, {
        ...{ device: 'cuda', precision: 'bf16', tolerance: 5e-2 },
        batches: [64, 256].map((batchSize) => ({ batchSize, warm: 10, steps: 50 })),
        // What each part of the way is worth.
        variants: {
          'resnet-ft, steps not recorded': ['--record-steps', 'no', '--explicit-pass', 'yes'],
          'resnet-ft, autograd': ['--record-steps', 'no', '--explicit-pass', 'no'],
        },
        peers: {
          'PyTorch eager': ['--channels-last'],
          [`torch.compile, ${context.compile}`]: ['--channels-last', '--compile', context.compile],
        },
        goals: [
          { quantity: 'value', against: 'PyTorch eager', limit: 1.2 },
          { quantity: 'value', against: `torch.compile, ${context.compile}`, limit: 1 },
        ],
      }),
  },
];
