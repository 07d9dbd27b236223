import { LrCurve, smoothedVariance, SmoothedLoss } from '../../lib/lr-find/curve';
import { ratesOfGroups, risingRates } from '../../lib/lr-find/rates';
import { suggestRate } from '../../lib/lr-find/suggest';
import type { LrPoint } from '../../lib/lr-find/types';
import { resolveTrainOptions } from '../../lib/options';
import { curveOf, noise, usual } from './curves';

describe('the rates', () => {
  test.each([
    [1e-6, 10, 100],
    [1e-7, 0.3, 20],
    [0.001, 0.0010001, 33],
  ])('rise from %d to %d, each in the same proportion', (from, to, steps) => {
    const rates = Array.from(risingRates(from, to, steps));
    expect([rates.length, rates[0], rates.at(-1)]).toEqual([steps, from, to]);
    const proportion = (to / from) ** (1 / (steps - 1));
    rates.slice(1).forEach((rate, i) => {
      expect(rate).toBeGreaterThan(rates[i] as number);
      expect(rate / (rates[i] as number)).toBeCloseTo(proportion, 9);
    });
  });

  test('of parameter groups keep their proportions', () => {
    const options = (more: object) => resolveTrainOptions({ data: 'x', trainFrom: 'layer3', ...more });
    const rates = Float64Array.of(0.001, 0.1);
    expect(Array.from(ratesOfGroups(options({}), rates))).toEqual([0.001, 0.1]);
    // layer3 and layer4, then fc.
    const head = Array.from(ratesOfGroups(options({ lr: 0.02, lrHead: 0.1 }), rates));
    [0.001, 0.005, 0.1, 0.5].forEach((rate, i) => expect(head[i]).toBeCloseTo(rate, 12));
    const decay = Array.from(ratesOfGroups(options({ lrLayerDecay: 0.5 }), rates));
    [0.00025, 0.0005, 0.001, 0.025, 0.05, 0.1].forEach((rate, i) => expect(decay[i]).toBeCloseTo(rate, 12));
  });
});

describe('the smoothed loss', () => {
  const random = noise(1);
  const losses = Array.from({ length: 150 }, () => 1 + random());

  /** The weights of the average written out, where the code goes from step to step. */
  const weights = (count: number): number[] => {
    const raw = Array.from({ length: count }, (_, i) => 0.98 ** (count - 1 - i));
    const sum = raw.reduce((a, b) => a + b);
    return raw.map((weight) => weight / sum);
  };

  test("is fastai's: an average in which each loss counts 0.98 of the next", () => {
    const smoothed = new SmoothedLoss();
    losses.forEach((loss, i) => {
      const expected = weights(i + 1).reduce((sum, weight, n) => sum + weight * (losses[n] as number), 0);
      expect(smoothed.add(loss)).toBeCloseTo(expected, 12);
    });
  });

  test.each([1, 2, 11, 150])('has the variance of its weights, after %d losses', (count) => {
    const expected = weights(count).reduce((sum, weight) => sum + weight ** 2, 0);
    expect(smoothedVariance(count)).toBeCloseTo(expected, 12);
  });
});

describe('the end of the test', () => {
  test('is where the smoothed loss is over four times its least', () => {
    const curve = new LrCurve();
    const ended = (): number => [...curve.points].findIndex(({ smoothed }) => smoothed > 4);
    for (let i = 0; i < 10; i++) curve.add(i + 1, 1);
    expect(curve.ended).toBe('steps');
    for (let i = 10; i < 100; i++) curve.add(i + 1, 12);
    expect(curve.ended).toBe('diverged');
    expect(ended()).toBe(curve.points.length - 1);
    expect(curve.points.length).toBeGreaterThan(11);
  });

  test.each([NaN, Infinity])('is a loss of %d, which is no point', (loss) => {
    const curve = new LrCurve();
    expect(curve.add(1, 0.5)).toEqual({ step: 1, lr: 1, loss: 0.5, smoothed: 0.5 });
    expect([curve.add(2, loss), curve.add(3, 0.5)]).toEqual([undefined, undefined]);
    expect(curve).toMatchObject({ ended: 'not-finite', points: [{ step: 1 }] });
  });
});

/** fastai's `steep` and `minimum`, on the part of the curve that its `lr_find` gives them. */
function fastai(points: readonly LrPoint[], steps: number): { steepest: number; tenthOfLeast: number } {
  const lrs = points.map(({ lr }) => lr).slice(Math.floor(steps / 10), -5);
  const losses = points.map(({ smoothed }) => smoothed).slice(Math.floor(steps / 10), -5);
  let [best, least] = [0, 0];
  const slope = (i: number): number =>
    ((losses[i + 1] as number) - (losses[i] as number)) / Math.log((lrs[i + 1] as number) / (lrs[i] as number));
  for (let i = 0; i + 1 < lrs.length; i++) if (slope(i) < slope(best)) best = i;
  for (let i = 0; i < lrs.length; i++) if ((losses[i] as number) < (losses[least] as number)) least = i;
  return { steepest: lrs[best] as number, tenthOfLeast: (lrs[least] as number) / 10 };
}

describe('the suggestion', () => {
  test.each([0, 1, 2, 3])("of a usual curve is fastai's, with noise %d", (seed) => {
    const random = noise(seed);
    const curve = curveOf((place) => usual(place) + (seed === 0 ? 0 : 0.1 * random()));
    expect(curve.ended).toBe('diverged');
    const { steepest, tenthOfLeast, note } = suggestRate(curve.points, 100, curve.ended);
    expect({ steepest, tenthOfLeast }).toEqual(fastai(curve.points, 100));
    expect(note).toBeUndefined();
    // Where the loss falls fast: about place 0.55 and after it, since the average lags.
    expect(steepest).toBeGreaterThan(1e-3);
    expect(steepest).toBeLessThan(1);
  });

  test('is not taken from a fall after an explosion', () => {
    const curve = curveOf((place, step) => (step === 80 ? 60 : usual(Math.min(place, 0.7))));
    const { steepest = NaN, tenthOfLeast = NaN } = suggestRate(curve.points, 100, curve.ended);
    const from = curve.points[80]?.lr as number;
    expect(fastai(curve.points, 100).steepest).toBeGreaterThanOrEqual(from);
    expect(steepest).toBeLessThan(from);
    expect(tenthOfLeast).toBeLessThan(from);
  });

  test.each<[string, (place: number) => number]>([
    ['rises', (place) => 0.7 + place],
    ['stays as it is', () => 0.7],
    ...[1, 2, 3, 4, 5, 6, 7, 8].map((seed): [string, () => number] => {
      const random = noise(seed);
      return [`does what chance ${seed} does`, () => 0.7 + 0.3 * random()];
    }),
  ])('is none where the loss %s', (_what, lossAt) => {
    const curve = curveOf(lossAt);
    expect(suggestRate(curve.points, 100, curve.ended)).toEqual({ note: expect.stringMatching(/never falls/) });
  });

  test('is none where there are too few points, and says how many', () => {
    const curve = curveOf((place, step) => (step < 12 ? 0.7 : 200));
    expect(curve.points.length).toBeLessThan(20);
    expect(suggestRate(curve.points, 100, curve.ended)).toEqual({
      note: expect.stringMatching(/after 13 of 100 steps, too few .*--lr-min/),
    });
    expect(suggestRate([], 100, 'not-finite')).toMatchObject({ note: expect.stringMatching(/after 0 of 100/) });
  });

  test('says where the range was too short', () => {
    const curve = curveOf((place) => usual(0.6 * place));
    expect(suggestRate(curve.points, 100, curve.ended)).toMatchObject({
      steepest: expect.any(Number),
      note: expect.stringMatching(/greater --lr-max/),
    });
  });
});
