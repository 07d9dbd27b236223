/** Images per second of decoding, resizing and cropping, from a cold process. */
'use strict';

const { rate } = require('../lib/rate');

/** Passes over the images, so that the start of workers is no large part of the time. */
const PASSES = 4;

module.exports = {
  name: 'decode',
  needs: ['data'],
  cases(context) {
    const passes = context.quick ? 1 : PASSES;
    const sample = (ran) => rate(ran, ({ sha256 }) => sha256);
    const workers = ['--passes', passes, '--workers', context.threads];
    return [
      {
        title: 'decoding, resizing and cropping',
        unit: 'images/s',
        better: 'higher',
        sides: [
          {
            name: 'resnet-ft',
            run: async () => sample(await context.node('ours/decode.js', [context.data(), passes])),
          },
          {
            name: `Pillow + torchvision, ${context.threads} workers`,
            python: true,
            run: async () => sample(await context.pytorch('decode.py', [context.data(), ...workers])),
          },
        ],
        check: { what: 'every byte of every crop' },
        goals: [{ quantity: 'value', against: `Pillow + torchvision, ${context.threads} workers`, limit: 1.5 }],
      },
    ];
  },
};
