import { barText } from '../../lib/cli/bar';
import { barOf, fitLine, shortTime } from '../../lib/cli/fit-line';
import { sparkline } from '../../lib/cli/sparkline';
import { stepLine, type StepState } from '../../lib/cli/step-line';
import { StepProgress } from '../../lib/cli/step-progress';
import { hasBlocks, hasColour, isLive } from '../../lib/cli/terminal-kind';

describe('a sparkline', () => {
  test('goes from the least to the greatest', () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8, true)).toBe('▁▂▃▄▅▆▇█');
    expect(sparkline([7, 0, 3.5], 8, false)).toBe('#_=');
  });

  test('has the mean of neighbours where there are more numbers than columns', () => {
    expect(sparkline([0, 0, 4, 4, 8, 8], 3, true)).toBe('▁▅█');
    expect(sparkline([1, 3, 9, 11, 2], 2, true)).toBe('▁█');
  });

  test('takes what is no number, and numbers that are all alike', () => {
    expect(sparkline([0, NaN, Infinity, 1], 8, true)).toBe('▁xx█');
    expect(sparkline([NaN], 8, true)).toBe('x');
    expect(sparkline([2, 2, 2], 8, true)).toBe('▄▄▄');
    expect([sparkline([], 8, true), sparkline([1, 2], 0, true)]).toEqual(['', '']);
    expect(sparkline([-1e308, 1e308], 8, true)).toBe('▁█');
  });
});

test('spans of time are short', () => {
  expect([0, 0.2, 59, 59.5, 250, 3599, 3600, 3900, 86_400, 266_400, 1e9].map(shortTime)).toEqual([
    '0s',
    '1s',
    '59s',
    '1m00s',
    '4m10s',
    '59m59s',
    '1h00m',
    '1h05m',
    '1d00h',
    '3d02h',
    '11574d',
  ]);
  expect([shortTime(undefined), shortTime(Infinity), shortTime(NaN)]).toEqual(['', '', '']);
});

describe('a line that fits', () => {
  test('is the fullest of its layouts, the last column free', () => {
    const layouts = [[{ text: 'one' }, { text: 'two', gap: 2 }], [{ text: 'one' }]];
    expect([10, 9, 8, 4, 3].map((columns) => fitLine(layouts, columns))).toEqual([
      'one  two',
      'one  two',
      'one',
      'one',
      '',
    ]);
  });

  test('gives the room that is left to its pictures, and keeps columns for what grows', () => {
    expect(fitLine([[barOf(0.5), { text: '1/10', usual: 5 }, { text: 'x' }]], 23)).toBe('=======....... 1/10  x');
    expect(fitLine([[barOf(1), { text: 'x' }]], 200)).toBe(`${'='.repeat(24)} x`);
    expect(fitLine([[barOf(2, 4, 4), barOf(-1, 4, 4)]], 20)).toBe('==== ....');
  });
});

const STATE: StepState = {
  ...{ label: '', epoch: 3, epochs: 25, done: 120, total: 244 },
  ...{ losses: [0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1], speed: 35.12, epochLeft: 3.5, runLeft: 250 },
};

describe('the line of a training', () => {
  test('tells more the wider the terminal is', () => {
    expect(stepLine(STATE, 120, true)).toBe(
      'epoch 3/25 ============............ 120/244  loss 0.1000 █▇▆▅▄▃▂▁                  35.1 img/s   ETA 4s, run 4m10s',
    );
    expect(stepLine(STATE, 80, true)).toBe(
      'epoch 3/25 ====..... 120/244  loss 0.1000 █▇▆▅▄▃▂▁    35.1 img/s   ETA 4s/4m10s',
    );
    expect(stepLine(STATE, 40, true)).toBe('3/25 ===... 0.1000 █▇▆▅▄▂▁ ETA 4s/4m10s');
    expect(stepLine(STATE, 30, true)).toBe('3/25 ====.... 0.1000 4s/4m10s');
    expect(stepLine(STATE, 20, true)).toBe('3/25 ===.... 0.1000');
  });

  test('is never as wide as the terminal', () => {
    const states: Partial<StepState>[] = [
      {},
      { label: 'fold 10/10', epoch: 100, epochs: 100, losses: [123456.789], runLeft: 1e9 },
      { losses: [NaN, Infinity], speed: 123456.7, epochLeft: 1e6, runLeft: 1e8, total: 14_197_122, done: 1 },
      { speed: undefined, epochLeft: undefined, runLeft: undefined, total: 0, done: 0 },
    ];
    for (const state of states) {
      for (let columns = 1; columns <= 200; columns++) {
        for (const blocks of [true, false]) {
          expect(stepLine({ ...STATE, ...state }, columns, blocks).length).toBeLessThan(columns);
        }
      }
    }
  });

  test('says that it validates, and nothing of the run in its last epoch', () => {
    const validating = stepLine({ ...STATE, done: 244, epochLeft: 0 }, 120, true);
    expect(validating).toMatch(/validating, run 4m10s$/);
    expect(stepLine({ ...STATE, epoch: 25, runLeft: 4 }, 120, true)).toMatch(/ETA 4s$/);
    expect(stepLine({ ...STATE, label: 'seed 7' }, 120, true)).toMatch(/^seed 7 {2}epoch 3\/25 =/);
  });
});

describe('the progress of a training', () => {
  const step = (number: number, epoch = 1) =>
    ({ kind: 'step', epoch, step: number, loss: 1 / number, lr: 0.1, images: 4 }) as const;
  const begun = (): StepProgress => {
    const progress = new StepProgress('');
    progress.start({ kind: 'start', output: '', epochs: 3, steps: 15, stepsPerEpoch: 5, images: 20, valImages: 12 });
    return progress;
  };

  test('counts the images of the epoch, and keeps the course of the loss', () => {
    const progress = begun();
    for (let i = 1; i <= 3; i++) progress.step(step(i));
    expect(progress.state()).toMatchObject({ epoch: 1, epochs: 3, done: 12, total: 20, losses: [1, 1 / 2, 1 / 3] });
    progress.step(step(6, 2));
    expect(progress.state()).toMatchObject({ epoch: 2, done: 4, losses: [1, 1 / 2, 1 / 3, 1 / 6] });
  });

  test('a run that goes on begins within an epoch', () => {
    const progress = begun();
    progress.step(step(8, 2));
    expect(progress.state()).toMatchObject({ epoch: 2, done: 12, total: 20, speed: undefined, runLeft: undefined });
  });
});

test('a bar drops what matters least where the terminal is narrow', () => {
  const words = { label: 'images', time: true };
  const text = (columns: number): string => barText(words, 'loss 0.5', { done: 5, total: 10, seconds: 70 }, columns);
  expect(text(80)).toBe('images ============............ 5/10   loss 0.5  ETA 1m10s');
  expect(text(30)).toBe('images ===... 5/10   loss 0.5');
  expect(text(20)).toBe('images ===... 5/10');
  expect(text(12)).toBe('===.. 5/10');
  expect(text(6)).toBe('5/10');
  for (let columns = 1; columns < 100; columns++) expect(text(columns).length).toBeLessThan(columns);
  expect(barText({ time: true }, '', { done: 0, total: 0, seconds: 'NULL' as never }, 80)).toBe(
    `${'='.repeat(24)} 0/0`,
  );
});

test('what a terminal can do', () => {
  const terminal = { isTTY: true };
  expect([isLive(terminal, {}), isLive({}, {}), isLive(terminal, { TERM: 'dumb' })]).toEqual([true, false, false]);
  const colours = [{}, { NO_COLOR: '1' }, { NO_COLOR: '' }, { TERM: 'dumb' }].map((env) => hasColour(terminal, env));
  expect(colours).toEqual([true, false, true, false]);
  const locales = [
    { LANG: 'en_GB.UTF-8' },
    { LANG: 'en_GB.UTF-8', LC_ALL: 'C' },
    { LC_CTYPE: 'C.utf8', LANG: 'C' },
    {},
    { LANG: 'C.UTF-8', TERM: 'linux' },
  ];
  expect(locales.map((env) => hasBlocks(env, 'linux'))).toEqual([true, false, true, false, false]);
  expect([hasBlocks({}, 'win32'), hasBlocks({ WT_SESSION: 'x' }, 'win32')]).toEqual([false, true]);
});
