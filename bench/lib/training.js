/** Whole training runs of both sides, as commands. */
'use strict';

const path = require('node:path');
const { lastRecord } = require('./process');

/** Runs `resnet-ft train` into a folder of its own; `toSample` says what of it is the figure. */
async function ourTraining(context, args, toSample) {
  const output = context.scratch('run');
  const fixed = [
    '--crop-cache',
    '0',
    '--device',
    'cpu',
    '--precision',
    'fp32',
    '--threads',
    context.threads,
    '--json',
    '--output',
    output,
  ];
  const ran = await context.cli(['train', context.data(), ...args, ...fixed].map(String));
  context.discard(output);
  return { ...toSample(ran), seconds: ran.seconds, peakMemory: ran.peakMemory };
}

/** Runs the tutorial's script. */
async function pytorchTraining(context, args, toSample) {
  const folder = context.scratch('run');
  const fixed = ['--threads', context.threads, '--output', path.join(folder, 'model.pth')];
  const ran = await context.pytorch('train.py', [context.data(), ...args, ...fixed]);
  context.discard(folder);
  return { ...toSample(ran), seconds: ran.seconds, peakMemory: ran.peakMemory };
}

/** The loss of the first optimizer step, which both sides must have in common. */
const firstLoss = ({ records }) =>
  records
    .filter(({ kind }) => kind === 'step')
    .slice(0, 1)
    .map(({ loss }) => loss);

/** When each epoch with its validation had ended, in seconds from the start. */
function epochEnds({ records }, field) {
  lastRecord(records, 'epoch');
  return records.filter(({ kind }) => kind === 'epoch').map((record) => record[field]);
}

module.exports = { epochEnds, firstLoss, ourTraining, pytorchTraining };
