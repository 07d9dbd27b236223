/** One epoch of the tutorial's training, from the folder of images on. */
'use strict';

const { lastRecord } = require('../lib/process');
const { ourTraining, pytorchTraining, firstLoss } = require('../lib/training');

module.exports = {
  name: 'epoch',
  needs: ['data', 'python'],
  cases(context) {
    const batchSize = context.quick ? 8 : 64;
    const ours = {
      name: 'resnet-ft',
      run: () =>
        ourTraining(context, ['--weights', 'none', '--epochs', 1, '--batch-size', batchSize], (ran) => ({
          // From the start of the process: our start counts, the peer's imports do not.
          value: lastRecord(ran.records, 'epoch').at,
          checked: firstLoss(ran),
        })),
    };
    const peer = (name, workers) => ({
      name,
      run: () =>
        pytorchTraining(context, ['--batch-size', batchSize, '--workers', workers], (ran) => ({
          value: lastRecord(ran.records, 'epoch').seconds,
          // Workers draw flips from their own random numbers, so that their losses are others.
          ...(workers === 0 ? { checked: firstLoss(ran) } : {}),
        })),
    });
    return [
      {
        title: `full training, one epoch with validation, batch ${batchSize}`,
        unit: 's',
        better: 'lower',
        sides: [ours, peer('PyTorch script', 0), peer(`PyTorch, ${context.threads} workers`, context.threads)],
        check: { what: 'loss of the first step', tolerance: 1e-4 },
        goals: [
          { quantity: 'value', against: 'PyTorch script', limit: 0.5 },
          { quantity: 'memory', against: 'PyTorch script', limit: 1 },
        ],
      },
    ];
  },
};
