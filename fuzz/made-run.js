'use strict';

const { resolveTrainOptions } = require('../dist/options');

// What the files of a run's folder hold, to begin with.

const CLASSES = ['ants', 'bees'];
const PRINT = { ants: { images: 2, hash: '0a' }, bees: { images: 2, hash: '0b' } };
const PREPROCESSING = { resize: 256, crop: 224, mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2] };

const CONFIG = {
  options: {
    ...resolveTrainOptions({ data: 'photos', epochs: 2, weights: 'none', output: 'run', arch: 'resnet18' }),
    device: 'cpu',
    precision: 'fp32',
  },
  versions: { 'resnet-ft': '0.1.0', node: '22.0.0' },
  classes: CLASSES,
  preprocessing: PREPROCESSING,
  data: { train: PRINT, val: PRINT },
  unreadable: [{ file: 'photos/train/ants/x.jpg', reason: 'truncated' }],
};

const step = (epoch, number) => ({ kind: 'step', epoch, step: number, loss: 1 / number, lr: 0.01, images: 4 });
const epochOf = (epoch) => ({
  kind: 'epoch',
  epoch,
  trainLoss: 1,
  trainAccuracy: 0.5,
  valLoss: 1.1,
  valAccuracy: 0.5,
  seconds: 2,
});
const METRICS = [step(1, 1), step(1, 2), epochOf(1), step(2, 3), step(2, 4), epochOf(2)];

const prediction = (file, trueClass, predictedClass) => ({
  file,
  trueClass,
  predictedClass,
  probabilities: { ants: 0.75, bees: 0.25 },
});
const PREDICTIONS = [
  prediction('photos/val/ants/a.jpg', 'ants', 'ants'),
  prediction('photos/val/bees/b.jpg', 'bees', 'ants'),
];

/** As many as a calibration takes, some of them wrong. */
const MANY_PREDICTIONS = Array.from({ length: 24 }, (_, i) => {
  const share = ((i * 7) % 24) / 24;
  const [truth, file] = i % 2 === 0 ? ['ants', `photos/val/ants/${i}.jpg`] : ['bees', `photos/val/bees/${i}.jpg`];
  const predictedClass = share >= 0.5 ? 'ants' : 'bees';
  return { ...prediction(file, truth, predictedClass), probabilities: { ants: share, bees: 1 - share } };
});

const figures = (name) => ({ name, support: 1, predicted: 1, correct: 1, accuracy: 1, precision: 1, recall: 1, f1: 1 });
const RESULT = {
  ...{ output: 'run', classes: CLASSES, device: 'cpu', precision: 'fp32', epochs: 2, steps: 4, valImages: 2 },
  model: { keep: 'best', epoch: 2, step: 4, valLoss: 0.3, valAccuracy: 0.8 },
  perClass: CLASSES.map(figures),
  best: { epoch: 2, valLoss: 0.3, valAccuracy: 0.8 },
  last: { trainLoss: 0.3, trainAccuracy: 0.9, valLoss: 0.3, valAccuracy: 0.8 },
  seconds: 10,
};

const REPORT = {
  phases: [
    { name: 'Training', seconds: 8 },
    { name: 'Validation', seconds: 2 },
  ],
  notes: ['one image was left out'],
  batches: [{ epoch: 1, batch: 1, images: [{ webp: 'UklGRg==', labels: [{ name: 'ants', share: 1 }] }] }],
};

module.exports = { CONFIG, METRICS, PREDICTIONS, MANY_PREDICTIONS, RESULT, REPORT };
