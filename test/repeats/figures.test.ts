import { figuresOf, type Finished } from '../../lib/repeats/figures';
import type { Plan } from '../../lib/repeats/plan';
import type { TrainResult } from '../../lib/train/events';

const finished = (number: number, correct: number): Finished => ({
  run: { name: `fold-${number}`, number, count: 2, seed: 0 },
  reused: false,
  result: {
    ...{ output: 'runs', classes: ['a'], device: 'cpu', precision: 'fp32', epochs: 1, steps: 1, valImages: 10 },
    model: { keep: 'last', epoch: 1, step: 1, valLoss: 1, valAccuracy: correct / 10 },
    perClass: [],
    best: { epoch: 1, valLoss: 1, valAccuracy: 1 },
    last: { trainLoss: 1, trainAccuracy: 1, valLoss: 1, valAccuracy: 1 },
    seconds: 2,
  } satisfies TrainResult,
});
test('that the trainings are of different lengths is said, unless patience ends each', () => {
  const [first, second] = [finished(1, 5), finished(2, 6)];
  const both = [first, { ...second, result: { ...second.result, epochs: 3 } }];
  expect(figuresOf(plan({}), both).cautions).toEqual(['the trainings are not of the same length, but of 1, 3 epochs']);
  expect(figuresOf(plan({ steps: 1 }), both).cautions).toEqual([]);
  expect(figuresOf(plan({ patience: 3 }), both).cautions).toHaveLength(1);
});

const plan = (options: Partial<Plan['options']>): Plan => ({
  by: 'folds',
  count: 2,
  options: { data: 'photos', keep: 'last', ...options },
});

test('the interval of the accuracy ends at 0 and 1, that of the loss does not', () => {
  const { accuracy, loss, seconds } = figuresOf(plan({}), [finished(1, 1), finished(2, 10)]);
  expect(accuracy.mean).toBeCloseTo(0.55, 12);
  expect(accuracy.interval).toEqual({ low: 0, high: 1 });
  expect(loss.interval).toEqual({ low: 1, high: 1 });
  expect(seconds).toBe(4);
});

test.each<[Partial<Plan['options']>, RegExp[]]>([
  [{}, []],
  [{ keep: 'min-batch-loss' }, []],
  [{ keep: 'best' }, [/^with --keep best each training chooses its epoch/]],
  [{ patience: 3 }, [/^with --patience each training/]],
  [{ extend: 'runs/x' }, [/^the model that was extended may have been trained on/]],
])('what %j does to the figures is said', (options, cautions) => {
  const said = figuresOf(plan(options), [finished(1, 5), finished(2, 6)]).cautions;
  expect(said).toEqual(cautions.map((caution) => expect.stringMatching(caution) as string));
});
