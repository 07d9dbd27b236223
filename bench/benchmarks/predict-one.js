/** The whole process that says what one image shows. */
'use strict';

const { lastRecord } = require('../lib/process');

module.exports = {
  name: 'predict-one',
  needs: ['data', 'python'],
  cases(context) {
    const image = context.images()[0];
    const threads = ['--threads', String(context.threads)];
    const ours = async () => {
      const flags = ['--device', 'cpu', '--json', ...threads];
      const { seconds, peakMemory, records } = await context.cli(['predict', await context.model(), image, ...flags]);
      const { probability } = records.at(-1);
      return { value: seconds, seconds, peakMemory, checked: [probability] };
    };
    const peer = async () => {
      const args = [await context.pth(), image, '--classes', context.classes(), ...threads];
      const { seconds, peakMemory, records } = await context.pytorch('predict.py', args);
      return { value: seconds, seconds, peakMemory, checked: [lastRecord(records, 'result').probability] };
    };
    return [
      {
        title: 'predict one image, whole process',
        unit: 's',
        better: 'lower',
        sides: [
          { name: 'resnet-ft', run: ours },
          { name: 'PyTorch script', run: peer },
        ],
        check: { what: 'probability of the first class', tolerance: 1e-3 },
        goals: [
          { quantity: 'value', against: 'PyTorch script', limit: 1 / 5 },
          { quantity: 'memory', against: 'PyTorch script', limit: 1 / 2 },
        ],
      },
    ];
  },
};
