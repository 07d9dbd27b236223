import { TrainingPace, type RunLength } from '../../lib/train/pace';

/** A training of three epochs of five steps of four images each, by a clock of the test. */
function training(run: Partial<RunLength> = {}): { pace: TrainingPace; at: (seconds: number) => Training } {
  let now = 0;
  const pace = new TrainingPace(() => now);
  pace.start({ epochs: 3, steps: 15, stepsPerEpoch: 5, images: 20, valImages: 12, ...run });
  const training: Training = {
    step: (step) => pace.see({ kind: 'step', epoch: Math.ceil(step / 5), step, loss: 1, lr: 0.1, images: 4 }),
    epoch: (epoch) =>
      pace.see({
        ...{ kind: 'epoch', epoch, trainLoss: 1, trainAccuracy: 1, valLoss: 1, valAccuracy: 1, seconds: 30 },
      } as never),
  };
  return {
    pace,
    at: (seconds) => {
      now = seconds;
      return training;
    },
  };
}

interface Training {
  step: (step: number) => void;
  epoch: (epoch: number) => void;
}

test('speed and time are told by all batches but the first, and time goes on between them', () => {
  const { pace, at } = training();
  at(9).step(1);
  expect([pace.imagesPerSecond, pace.secondsLeft]).toEqual([undefined, undefined]);
  at(11).step(2);
  expect(pace.imagesPerSecond).toBe(2);
  // Two images a second; validation of twelve takes as long as training on four, which is 2 s, after each of three epochs.
  expect(pace.secondsLeft).toEqual({ epoch: 6, run: 6 + 2 + 2 * (10 + 2) });
  at(12.5);
  expect(pace.secondsLeft).toEqual({ epoch: 4.5, run: 30.5 });
  at(60);
  expect(pace.secondsLeft).toEqual({ epoch: 0, run: 0 });
});

test('validation takes what it took the last time, and the speed is known between epochs too', () => {
  const { pace, at } = training();
  for (let step = 1; step <= 5; step++) at(step).step(step);
  expect(pace.secondsLeft).toEqual({ epoch: 0, run: expect.closeTo(1 + 2 * (5 + 1)) });
  at(8).epoch(1);
  at(9).step(6);
  // Of the first epoch still; validation takes 3 s.
  expect([pace.imagesPerSecond, pace.secondsLeft]).toEqual([4, { epoch: 4, run: 4 + 3 + 5 + 3 }]);
  at(11).step(7);
  expect([pace.imagesPerSecond, pace.secondsLeft]).toEqual([2, { epoch: 6, run: 6 + 3 + 10 + 3 }]);
});

test('the last thirty seconds of steps tell of the speed', () => {
  const { pace, at } = training({ stepsPerEpoch: 100, steps: 300, images: 400 });
  for (let step = 1; step <= 40; step++) at(step).step(step);
  for (let step = 41; step <= 60; step++) at(40 + (step - 40) * 4).step(step);
  expect(pace.imagesPerSecond).toBeCloseTo(1);
});

test('a run that --steps ends within an epoch has no more of it to go', () => {
  const { pace, at } = training({ steps: 8 });
  for (let step = 1; step <= 5; step++) at(step).step(step);
  expect(pace.secondsLeft?.run).toBeCloseTo(1 + 3 + 1);
  at(6).epoch(1);
  at(7).step(6);
  at(8).step(7);
  expect(pace.secondsLeft).toEqual({ epoch: 1, run: 1 + 1 });
});
