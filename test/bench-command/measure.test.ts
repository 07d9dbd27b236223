import { measure } from '../../lib/bench/measure';
import { median, spread } from '../../lib/bench/statistics';
import type { Figure, Throughput } from '../../lib/bench/types';

/** A backend that takes the given seconds an image, the next of the list in each call, on a clock of its own. */
function backend(secondsPerImage: number[]) {
  let clock = 0;
  const calls: number[] = [];
  return {
    calls,
    now: () => clock,
    run: (images: number): Promise<void> => {
      const index = Math.min(calls.length, secondsPerImage.length - 1);
      clock += images * (secondsPerImage[index] as number);
      calls.push(images);
      return Promise.resolve();
    },
  };
}

function throughputOf(figure: Figure): Throughput {
  if ('skipped' in figure) throw new Error(figure.skipped);
  return figure;
}

test('median and spread', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(spread([5])).toBeNull();
  expect(spread([9, 10, 12])).toBeCloseTo(0.3);
});

test('repeats last as long as asked for, after a batch to warm up', async () => {
  const { calls, ...work } = backend([1, 0.01]);
  const figure = await measure({ ...work, batchSize: 4, most: 32, expected: 100 }, { duration: 1, repeats: 3 });
  const { imagesPerSecond, repeats, sample } = throughputOf(figure);
  expect(calls[0]).toBe(4);
  expect(imagesPerSecond).toBeCloseTo(100);
  expect(repeats).toHaveLength(3);
  expect(sample).toBe(false);
  expect(calls.every((images) => images % 4 === 0 && images <= 32)).toBe(true);
});

test('the median counts where a repeat was disturbed', async () => {
  const { calls, ...work } = backend([1, 1, 1.5, 1]);
  const figure = await measure({ ...work, batchSize: 1, most: 1, expected: 1 }, { duration: 1, repeats: 3 });
  const { imagesPerSecond, spread: range } = throughputOf(figure);
  expect(calls).toHaveLength(4);
  expect(imagesPerSecond).toBeCloseTo(1);
  expect(range).toBeCloseTo(1 / 3);
});

test('a slow backend gives a sample, without a batch to warm up', async () => {
  const { calls, ...work } = backend([5]);
  const figure = await measure({ ...work, batchSize: 2, most: 32, expected: 0.2 }, { duration: 1, repeats: 3 });
  expect(calls).toEqual([2]);
  expect(figure).toMatchObject({ imagesPerSecond: 0.2, sample: true, spread: null });
});

test('what would take too long is not begun', async () => {
  const { calls, ...work } = backend([5]);
  const figure = await measure({ ...work, batchSize: 8, most: 32, expected: 0.2 }, { duration: 1, repeats: 3 });
  expect(calls).toEqual([]);
  expect(figure).toEqual({ batchSize: 8, skipped: 'one batch would take about 40 s' });
});
