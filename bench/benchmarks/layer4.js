/** An epoch of training the last stage, after the first epoch has filled the cache of features. */
'use strict';

const { epochEnds, firstLoss, ourTraining, pytorchTraining } = require('../lib/training');

/** The mean over these epochs, the first left out: images flipped for the first time are still computed in the second. */
const OUR_EPOCHS = 6;
const PEER_EPOCHS = 2;

const afterFirst = (ends) => (ends.at(-1) - ends[0]) / (ends.length - 1);

module.exports = {
  name: 'layer4',
  needs: ['data', 'python'],
  cases(context) {
    const batchSize = context.quick ? 8 : 64;
    const args = (weights, epochs) => [
      ...['--weights', weights, '--train-from', 'layer4', '--epochs', epochs, '--batch-size', batchSize],
    ];
    const sample = (field) => (ran) => {
      const ends = epochEnds(ran, field);
      return { value: afterFirst(ends), checked: firstLoss(ran), details: { epochEnds: ends } };
    };
    return [
      {
        title: `last stage (--train-from layer4), an epoch after the first with validation, batch ${batchSize}`,
        unit: 's',
        better: 'lower',
        sides: [
          {
            name: 'resnet-ft',
            run: async () => ourTraining(context, args(await context.model(), OUR_EPOCHS), sample('at')),
          },
          {
            name: 'PyTorch, frozen before layer4',
            run: async () => pytorchTraining(context, args(await context.pth(), PEER_EPOCHS), sample('seconds')),
          },
        ],
        check: { what: 'loss of the first step', tolerance: 1e-3 },
        goals: [{ quantity: 'value', against: 'PyTorch, frozen before layer4', limit: 0.4 }],
      },
    ];
  },
};
