import { commandsOf, trainCommand } from '../../lib/report/commands';
import type { RunConfig } from '../../lib/report/records';
import { resolveTrainOptions, type TrainOptions } from '../../lib/options';
import { optionsOf } from './options-of';

const commandOf = (input: Omit<TrainOptions, 'data'>, data = 'photos'): string =>
  trainCommand(resolveTrainOptions({ data, ...input }));

const MODEL = { hasModel: true, diverged: false };
const CHOOSING = 'npx resnet-ft train photos --train-from fc --choose-lr';

test.each<[string, Omit<TrainOptions, 'data'>, string]>([
  ['what goes without saying is left out', {}, 'npx resnet-ft train photos'],
  [
    'what does not is there',
    { valSplit: 0.2, lr: 0.1, epochs: 3 },
    'npx resnet-ft train photos --val-split 0.2 --epochs 3 --lr 0.1',
  ],
  ['an optimizer brings its own rate', { optimizer: 'adamw' }, 'npx resnet-ft train photos --optimizer adamw'],
  ['where files are written does not count', { output: 'runs/x', report: false }, 'npx resnet-ft train photos'],
  ['what several processes did one does', { syncBatchNorm: true }, 'npx resnet-ft train photos'],
  ['a switch', { deterministic: true }, 'npx resnet-ft train photos --deterministic'],
])('%s', (_, input, command) => expect(commandOf(input)).toBe(command));

test('the rate that was chosen is not in the command', () => {
  const options = resolveTrainOptions({ data: 'photos', trainFrom: 'fc', chooseLr: true });
  expect(trainCommand({ ...options, lr: 0.3 })).toBe(CHOOSING);
});

test('names are words of the shell, whatever they are', () => {
  expect(commandOf({}, "a $(rm -rf ~) 'b'")).toBe("npx resnet-ft train 'a $(rm -rf ~) '\\''b'\\'''");
});

test('names that begin with a dash are no options', () => {
  expect(commandOf({ val: '-others' }, '-photos')).toBe('npx resnet-ft train ./-photos --val=-others');
  expect(commandOf({ val: '-the others' }, '- photos')).toBe("npx resnet-ft train './- photos' --val='-the others'");
});

test('a command comes to the options that it is of', () => {
  const options = resolveTrainOptions(
    { data: 'photos', recipe: 'finetune', epochs: 4, cropScale: '0.5..1', mixup: 0.2 },
    500,
  );
  expect({ ...resolveTrainOptions(optionsOf(trainCommand(options))), recipe: 'finetune' }).toEqual(options);
});

test.each<[string, Omit<TrainOptions, 'data'>, string | undefined]>([
  ['are those of the data set', {}, 'npx resnet-ft eval /runs/x photos'],
  ['are of another folder', { val: 'others' }, 'npx resnet-ft eval /runs/x others'],
  // The folder of the data set is of all images, and most of them were trained on.
  ['are a share of the images', { valSplit: 0.2 }, undefined],
  ['are a fold of the images', { fold: '2/5' }, undefined],
])('a run whose validation images %s is evaluated by no other images', (_, input, expected) => {
  const config = { options: resolveTrainOptions({ data: 'photos', ...input }) } as RunConfig;
  expect(commandsOf('/runs/x', config, undefined, MODEL).find(({ what }) => what === 'Evaluate')?.command).toBe(
    expected,
  );
});

describe('the command that trains on', () => {
  const config = (input: Omit<TrainOptions, 'data'>): RunConfig =>
    ({ options: resolveTrainOptions({ data: 'photos', ...input }) }) as RunConfig;
  const first = (input: Omit<TrainOptions, 'data'>, result?: { epochs: number; steps: number; waited?: number }) =>
    commandsOf('/runs/x', config(input), result, MODEL)[0];

  test('is of twice as many epochs', () => {
    expect(first({ epochs: 3 }, { epochs: 3, steps: 9 })).toEqual({
      what: 'Train on, for twice as many epochs',
      command: 'npx resnet-ft train --resume /runs/x --epochs 6',
    });
  });

  test('is of twice as many steps, where these ended the run', () => {
    expect(first({ epochs: 50, steps: 2 }, { epochs: 1, steps: 2 })).toEqual({
      what: 'Train on, for twice as many steps',
      command: 'npx resnet-ft train --resume /runs/x --steps 4',
    });
  });

  test('is of more epochs too, where these would have no room for the steps', () => {
    expect(first({ epochs: 3, steps: 5 }, { epochs: 2, steps: 5 })?.command).toBe(
      'npx resnet-ft train --resume /runs/x --steps 10 --epochs 4',
    );
  });

  test('is of twice as many epochs where the run ended before its limit of steps', () => {
    expect(first({ epochs: 1, steps: 100 }, { epochs: 1, steps: 3 })?.command).toBe(
      'npx resnet-ft train --resume /runs/x --epochs 2',
    );
  });

  test.each<[string, Omit<TrainOptions, 'data'>, { epochs: number; steps: number; waited?: number }, string]>([
    ['ended the run', { epochs: 30, patience: 1 }, { epochs: 2, steps: 6, waited: 1 }, '--patience 2'],
    ['ended an older run', { epochs: 30, patience: 3 }, { epochs: 5, steps: 15 }, '--patience 6'],
    ['was made less', { epochs: 30, patience: 1 }, { epochs: 9, steps: 27, waited: 4 }, '--patience 5'],
    ['and epochs', { epochs: 5, patience: 2 }, { epochs: 5, steps: 15, waited: 2 }, '--patience 4 --epochs 10'],
    [
      ...(['and steps', { epochs: 5, patience: 2, steps: 14 }, { epochs: 5, steps: 14, waited: 2 }] as const),
      '--patience 4 --steps 28 --epochs 10',
    ],
  ])('is of more patience, where patience %s', (_, input, result, further) => {
    expect(first(input, result)).toEqual({
      what: 'Train on, with more patience',
      command: `npx resnet-ft train --resume /runs/x ${further}`,
    });
  });

  test('is of twice as many epochs where patience did not end the run', () => {
    expect(first({ epochs: 5, patience: 2 }, { epochs: 5, steps: 15, waited: 1 })?.command).toBe(
      'npx resnet-ft train --resume /runs/x --epochs 10',
    );
    expect(first({ epochs: 5, patience: 2 }, { epochs: 5, steps: 15 })?.command).toBe(
      'npx resnet-ft train --resume /runs/x --epochs 10',
    );
  });

  test('of a run that is not finished goes on', () => {
    expect(first({ epochs: 3 })).toEqual({ what: 'Go on', command: 'npx resnet-ft train --resume /runs/x' });
  });

  test('is not there where the run left nothing to go on from', () => {
    expect(first({ checkpointEvery: 'never' }, { epochs: 50, steps: 150 })?.what).toBe('Repeat');
    expect(first({ checkpointEvery: 'never' })?.what).toBe('Repeat');
  });
});

test('a run has no commands that can not work: of a model that is not there, and those that come to the same loss again', () => {
  const config = { options: resolveTrainOptions({ data: 'photos' }) } as RunConfig;
  const of = (hasModel: boolean, diverged: boolean): string[] =>
    commandsOf('/runs/x', config, undefined, { hasModel, diverged }).map(({ what }) => what);
  const page = 'Make this page again';
  expect(of(false, false)).toEqual(['Go on', 'Repeat', page]);
  expect(of(false, true)).toEqual(['Repeat', page]);
  expect(of(true, true)).toEqual(['Repeat', 'Evaluate', 'Predict', 'Export', page]);
});
