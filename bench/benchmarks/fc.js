/** Fifty epochs of training the classifier alone, on a frozen backbone. */
'use strict';

const { epochEnds, firstLoss, ourTraining, pytorchTraining } = require('../lib/training');

const EPOCHS = 50;
/** Epochs of the peer that are run where the others are extrapolated. */
const MEASURED = 2;

module.exports = {
  name: 'fc',
  needs: ['data', 'python'],
  cases(context) {
    const batchSize = context.quick ? 8 : 64;
    const peerEpochs = context.full ? EPOCHS : MEASURED;
    const ours = async () => {
      const weights = await context.model();
      const args = ['--weights', weights, '--train-from', 'fc', '--epochs', EPOCHS, '--batch-size', batchSize];
      return ourTraining(context, args, (ran) => {
        const ends = epochEnds(ran, 'at');
        return { value: ends.at(-1), checked: firstLoss(ran), details: { firstEpoch: ends[0] } };
      });
    };
    const peer = async () => {
      const weights = await context.pth();
      const args = ['--weights', weights, '--train-from', 'fc', '--epochs', peerEpochs, '--batch-size', batchSize];
      return pytorchTraining(context, args, (ran) => {
        const ends = epochEnds(ran, 'seconds');
        const [first, second] = ends;
        const value = context.full ? ends.at(-1) : first + (EPOCHS - 1) * (second - first);
        return { value, checked: firstLoss(ran), details: { epochEnds: ends.slice(0, MEASURED) } };
      });
    };
    return [
      {
        title: `classifier alone (--train-from fc), ${EPOCHS} epochs with validation, batch ${batchSize}`,
        unit: 's',
        better: 'lower',
        sides: [
          { name: 'resnet-ft', run: ours },
          { name: 'PyTorch, frozen backbone', run: peer, extrapolated: !context.full },
        ],
        check: { what: 'loss of the first step', tolerance: 1e-3 },
        goals: [{ quantity: 'value', against: 'PyTorch, frozen backbone', limit: 1 / 30 }],
      },
    ];
  },
};
