import fs from 'node:fs';
import path from 'node:path';
import { resolveTrainOptions, type TrainOptions } from '../../lib/options';
import { groupRates, parameterGroups } from '../../lib/train/parameter-groups';
import { createMomenta, createSchedule } from '../../lib/train/schedule';

/** What make_vectors.py writes of a schedule, for a rate of 0.3. */
interface Made {
  total: number;
  stepsPerEpoch: number;
  options: Omit<TrainOptions, 'data'>;
  rates: number[];
  momenta: number[];
}

const { schedules } = JSON.parse(fs.readFileSync(path.join(__dirname, 'vectors', 'schedules.json'), 'utf8')) as {
  schedules: Made[];
};
const LR = 0.3;

const resolved = (options: Omit<TrainOptions, 'data'>) => resolveTrainOptions({ data: 'none', lr: LR, ...options });

function expectClose(made: Float64Array | undefined, expected: number[]): void {
  expect(made).toHaveLength(expected.length);
  const apart = expected.map((value, i) => Math.abs((made?.[i] ?? NaN) - value) / Math.abs(value));
  expect(Math.max(...apart)).toBeLessThan(1e-12);
}

test.each(schedules.map((made) => [`${JSON.stringify(made.options)} over ${made.total} steps`, made] as const))(
  '%s: the rates of torch',
  (_name, { total, stepsPerEpoch, options, rates, momenta }) => {
    const run = { total, stepsPerEpoch };
    expectClose(createSchedule(resolved(options), run)(0, total), rates);
    const own = createMomenta(resolved(options), run);
    if (options.cycleMomentum === true) expectClose(own?.(0, total), momenta);
    else expect(own).toBeUndefined();
  },
);

test('a step has its rates whatever was asked for before', () => {
  const options = resolved({ schedule: 'onecycle', cycleMomentum: true, lrHead: 1 });
  const run = { total: 30, stepsPerEpoch: 7 };
  const [rates, momenta] = [createSchedule(options, run), createMomenta(options, run)];
  expect([...rates(11, 3)]).toEqual([...rates(0, 30).subarray(22, 28)]);
  expect([...(momenta?.(11, 3) ?? [])]).toEqual([...(momenta?.(0, 30).subarray(11, 14) ?? [])]);
});

test.each(['constant', 'step', 'cosine', 'linear', 'onecycle'] as const)(
  '%s: runs of few steps have rates that are numbers, and none above the greatest',
  (schedule) => {
    for (const warmup of [undefined, 0, 0.5, 0.99, 1]) {
      for (let total = 1; total <= 4; total++) {
        const options = resolved({ schedule, warmup, ...(schedule === 'step' ? { stepSize: 1 } : {}) });
        const rates = [...createSchedule(options, { total, stepsPerEpoch: 2 })(0, total)];
        expect(rates.filter((rate) => !(rate >= 0 && rate <= LR * (1 + 1e-12)))).toEqual([]);
      }
    }
  },
);

test('groups and their rates', () => {
  const told = (options: Omit<TrainOptions, 'data'>): [string, number][] => {
    const rates = groupRates(resolved({ lr: 1, ...options }));
    return parameterGroups(resolved({ lr: 1, ...options })).map(({ from }, i) => [from, rates[i] ?? NaN]);
  };
  expect(told({})).toEqual([['conv1', 1]]);
  expect(told({ trainFrom: 'fc', lrHead: 2 })).toEqual([['fc', 2]]);
  expect(told({ trainFrom: 'layer3', lrHead: 2 })).toEqual([
    ['layer3', 1],
    ['fc', 2],
  ]);
  expect(told({ trainFrom: 'layer2', lrLayerDecay: 0.5, lrHead: 3 })).toEqual([
    ['layer2', 0.125],
    ['layer3', 0.25],
    ['layer4', 0.5],
    ['fc', 3],
  ]);
  expect(told({ lrLayerDecay: 0.5 }).map(([, rate]) => rate)).toEqual([1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1]);
});
