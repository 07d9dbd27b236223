/* eslint-disable @typescript-eslint/no-require-imports -- bench/ is plain JavaScript without types */
import path from 'node:path';
import { ROOT } from '../cli/run';

const { measureCase } = require(path.join(ROOT, 'bench', 'lib', 'measure.js'));

interface Run {
  value: number;
  peakMemory?: number;
  checked?: number[] | string;
}

/** A side that gives these runs one after the other, and writes its name into `order`. */
function side(name: string, runs: Run[], order: string[] = []): object {
  let next = 0;
  return {
    name,
    run: async () => {
      order.push(name);
      return runs[next++];
    },
  };
}

const settings = { repeat: 3, hasPython: true, log: () => {} };
const seconds = { title: 'work', unit: 's', better: 'lower' };

describe('measuring', () => {
  test('sides take turns; ratios are of medians', async () => {
    const order: string[] = [];
    const ours = side(
      'ours',
      [1, 9, 2].map((value) => ({ value, peakMemory: 5 })),
      order,
    );
    const peer = side(
      'peer',
      [4, 5, 100].map((value) => ({ value, peakMemory: 4 })),
      order,
    );
    const goals = [
      { quantity: 'value', against: 'peer', limit: 0.4 },
      { quantity: 'memory', against: 'peer', limit: 1 },
    ];
    const result = await measureCase({ ...seconds, sides: [ours, peer], goals }, settings);
    expect(order).toEqual(['ours', 'peer', 'ours', 'peer', 'ours', 'peer']);
    expect(result.sides[0]).toMatchObject({ median: 2, min: 1, max: 9, peakMemory: 5 });
    expect(result.goals).toMatchObject([
      { measured: 0.4, met: true },
      { measured: 1.25, met: false },
    ]);
  });

  test('where more is better, a goal is a lower bound', async () => {
    const sides = [side('ours', [{ value: 3 }]), side('peer', [{ value: 2 }])];
    const one = { title: 'work', unit: 'images/s', better: 'higher', sides, repeat: 1 };
    const goals = [1.5, 1.6].map((limit) => ({ quantity: 'value', against: 'peer', limit }));
    const result = await measureCase({ ...one, goals }, settings);
    expect(result.goals.map(({ met }: { met: boolean }) => met)).toEqual([true, false]);
  });

  test.each([
    ['numbers', [1, 2], [1, 2.1]],
    ['a value that is no number', [1, NaN], [1, 2]],
    ['a result that lacks values', [1], [1, 2]],
    ['digests', 'aa', 'ab'],
  ])('sides that disagree have no figure: %s', async (_, ours, theirs) => {
    const sides = [side('ours', [{ value: 1, checked: ours }]), side('peer', [{ value: 1, checked: theirs }])];
    const check = { what: 'the losses', tolerance: 1e-3 };
    const measuring = measureCase({ ...seconds, sides, goals: [], check }, settings);
    await expect(measuring).rejects.toThrow(/^the losses: differs from peer/);
  });

  test('without Python its sides are left out, and a goal against them is not judged', async () => {
    const peer = { ...side('PyTorch', []), python: true };
    const goals = [{ quantity: 'value', against: 'PyTorch', limit: 1 }];
    const one = { ...seconds, sides: [side('ours', [{ value: 1 }]), peer], goals, repeat: 1 };
    const result = await measureCase(one, { ...settings, hasPython: false });
    expect(result.sides).toHaveLength(1);
    expect(result.goals[0].met).toBeUndefined();
  });
});
