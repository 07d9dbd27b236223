import { resolveTrainOptions } from '../../lib/options';
import type { RunLength } from '../../lib/train/pace';
import { TimeLeft } from '../../lib/train/time-left';

/** What is told of a run whose steps take so many seconds. */
function told(options: object, run: Partial<RunLength>, secondsPerStep: number): string[] {
  const notes: string[] = [];
  const length: RunLength = { epochs: 10, steps: 1000, stepsPerEpoch: 100, images: 6400, valImages: 1920, ...run };
  let now = 0;
  const left = new TimeLeft(
    resolveTrainOptions({ data: 'photos', arch: 'resnet50', device: 'cpu', ...options }),
    length,
    (event) => void (event.kind === 'estimate' && notes.push(event.note)),
    () => now,
  );
  for (let step = 1; step <= length.steps; step++) {
    now += secondsPerStep;
    const epoch = Math.ceil(step / length.stepsPerEpoch);
    left.see({ kind: 'step', epoch, step, loss: 1, lr: 1, images: 64 });
    if (step % length.stepsPerEpoch > 0) continue;
    const figures = { trainLoss: 1, trainAccuracy: 1, valLoss: 1, valAccuracy: 1 };
    left.see({ kind: 'epoch', epoch, ...figures, seconds: epoch === 1 ? 900 : secondsPerStep * length.stepsPerEpoch });
  }
  return notes;
}

test('once, after some steps, with what would be faster where it is long', () => {
  // 995 more steps of two seconds, and ten validations of a third of 30 steps' time.
  expect(told({}, {}, 2)).toEqual([
    'about 36 minutes to go; faster: --train-from layer4, with which most of the network is computed only once, a smaller network, such as --arch resnet18, or a GPU',
  ]);
  expect(told({}, {}, 0.5)).toEqual(['about 9 minutes to go']);
  expect(told({ device: 'cuda', arch: 'resnet18', trainFrom: 'fc' }, { epochs: 100, steps: 10_000 }, 1)).toEqual([
    'about 3 hours to go; faster: fewer --epochs, or --max-time',
  ]);
});

test('of frozen modules not before the second epoch, for the first computes features', () => {
  expect(told({ trainFrom: 'layer4' }, {}, 1)).toEqual(['about 13 minutes to go']);
  expect(told({ trainFrom: 'layer4' }, { epochs: 1, steps: 100 }, 1)).toEqual([]);
});

test('a limit of steps counts, also within an epoch', () => {
  // One epoch and a quarter are left, not 48 epochs.
  expect(told({ trainFrom: 'layer4' }, { epochs: 50, steps: 325 }, 1)).toEqual(['about 2 minutes to go']);
  expect(told({ trainFrom: 'layer4' }, { epochs: 50, steps: 250 }, 1)).toEqual([]);
});

test('nothing of a run of less than a minute', () => {
  expect(told({}, { epochs: 1, steps: 30, stepsPerEpoch: 30, images: 1920, valImages: 64 }, 1)).toEqual([]);
});
