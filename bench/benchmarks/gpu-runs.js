/** Whole commands with a GPU: the prediction of one image, and the first epoch of a data set that was never decoded. */
'use strict';

const { lastRecord } = require('../lib/process');

const CPU = 'resnet-ft on the CPU';

async function predictOne(context, device) {
  const image = context.images()[0];
  const flags = ['--device', device, '--precision', 'fp32', '--json'];
  const { seconds, peakMemory, records } = await context.cli(['predict', await context.model(), image, ...flags]);
  return { value: seconds, seconds, peakMemory, checked: [records.at(-1).probability] };
}

async function coldEpoch(context) {
  const output = context.scratch('run');
  const flags = [
    '--weights',
    'none',
    '--epochs',
    '1',
    '--crop-cache',
    '0',
    '--device',
    'cuda',
    '--json',
    '--output',
    output,
  ];
  const ran = await context.cli(['train', context.data(), ...flags]);
  context.discard(output);
  const { at } = lastRecord(ran.records, 'epoch');
  const images = ['train', 'val'].reduce((sum, split) => sum + context.imagesOf(split).length, 0);
  return { value: images / at, seconds: ran.seconds, peakMemory: ran.peakMemory, details: { images, epochEnd: at } };
}

module.exports = [
  {
    name: 'predict-one-cuda',
    needs: ['data', 'gpu'],
    cases: (context) => [
      {
        title: 'predict one image on a GPU, whole process',
        unit: 's',
        better: 'lower',
        sides: [
          { name: 'resnet-ft', run: () => predictOne(context, 'cuda') },
          { name: CPU, run: () => predictOne(context, 'cpu') },
        ],
        check: { what: 'probability of the first class', tolerance: 1e-2 },
        goals: [{ quantity: 'difference', against: CPU, limit: 1 }],
      },
    ],
  },
  {
    name: 'cold-epoch-cuda',
    needs: ['data', 'gpu'],
    cases: (context) => [
      {
        title: 'first epoch on a GPU with decoding and validation, from the start of the process',
        unit: 'images/s',
        better: 'higher',
        sides: [{ name: 'resnet-ft', run: () => coldEpoch(context) }],
        goals: [],
      },
    ],
  },
];
