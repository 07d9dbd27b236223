import path from 'node:path';
import { scratch, ANTS_BEES, ROOT } from './run';
import { inTerminal, inTmux, testInTmux, type Shown } from './terminal';

const made = (steps: number, pause: number, ...label: string[]): string[] => [
  process.execPath,
  path.join(__dirname, 'live-run.js'),
  String(steps),
  String(pause),
  ...label,
];

// eslint-disable-next-line no-control-regex
const MOVES = /\u001b/;
// eslint-disable-next-line no-control-regex
const COLOURS = /\u001b\[[\d;]*m/;

const WIDE = [
  'before the first epoch',
  'training, results in /tmp/run',
  'a note in epoch 11',
  'epoch 11/12  train loss 0.7656 acc 75.0 %  val loss 2.8794 acc 50.0 % (40/80)',
  '17.6 s',
  'a note in epoch 12',
  'epoch 12/12  train loss 0.7656 acc 75.0 %  val loss 2.8794 acc 50.0 % (40/80)',
  '17.6 s',
];
const narrow = (epoch: number): string[] => [
  `a note in epoch ${epoch}`,
  `epoch ${epoch}/12  17.6 s`,
  'train loss 0.7656 acc 75.0 %',
  'val loss 2.8794 acc 50.0 % (40/80)',
];
const NARROW = ['before the first epoch', 'training, results in /tmp/run', ...narrow(11), ...narrow(12)];

const filled = ({ lines }: Shown): string[] => lines.filter((line) => line !== '');

/** The lines of a bar that was drawn, as they were seen. */
const bars = ({ frames }: Shown): Shown['frames'] => frames.filter(({ line }) => /^(epoch )?1[12]\/12 [=.]/.test(line));

test.each([
  [40, NARROW],
  [80, WIDE],
])('a training fits %i columns, and its bar leaves nothing behind', async (columns, lines) => {
  const shown = await inTerminal(made(20, 30), { columns });
  expect(shown.code).toBe(0);
  expect(filled(shown)).toEqual(lines);
  const drawn = bars(shown);
  expect(drawn.length).toBeGreaterThan(5);
  for (const { line, below } of drawn) {
    expect(line.length).toBeLessThan(columns);
    expect(below).toBe('');
  }
  const full = drawn.map(({ line }) => line);
  expect(full).toContainEqual(expect.stringMatching(/=\.* .*0\.\d{4} [▁▂▃▄▅▆▇█]+ .*(ETA )?\d+s(\/|, run )\d/));
  expect(full.some((line) => line.includes('img/s'))).toBe(columns === 80);
  expect(shown.raw).not.toMatch(COLOURS);
  // The cursor and the wrapping of lines are as before.
  expect(shown.raw.lastIndexOf('\u001b[?25h')).toBeGreaterThan(shown.raw.lastIndexOf('\u001b[?25l'));
  expect(shown.raw.lastIndexOf('\u001b[?7h')).toBeGreaterThan(shown.raw.lastIndexOf('\u001b[?7l'));
});

test.each([
  [80, 40, [...WIDE.slice(0, 2), ...NARROW.slice(2)]],
  [40, 80, [...NARROW.slice(0, 2), ...WIDE.slice(2)]],
])('a terminal that goes from %i to %i columns in the middle shows no rest of the bar', async (columns, to, lines) => {
  const resizes = [{ at: ' 0.3333 ', columns: to }];
  const shown = await inTerminal(made(20, 100), { columns, resizes });
  expect(shown.code).toBe(0);
  expect(filled(shown)).toEqual(lines);
  const after = bars(shown).filter((frame) => frame.columns === to);
  expect(after.length).toBeGreaterThan(5);
  // The first piece after a resize may be the last of a line before it.
  for (const { line } of after.slice(1)) expect(line.length).toBeLessThan(to);
  const longest = Math.max(...after.map(({ line }) => line.length));
  expect(longest).toBeGreaterThan(to === 80 ? 60 : 30);
});

test('a bar that is dragged about leaves nothing behind', async () => {
  const at = [' 0.3333 ', ' 0.2500 ', ' 0.2000 ', ' 0.1667 ', ' 0.1429 ', ' 0.1250 '];
  const sizes = [60, 33, 90, 25, 50, 120];
  const resizes = at.map((text, i) => ({ at: text, columns: sizes[i] ?? 80 }));
  const shown = await inTerminal(made(20, 120), { columns: 100, resizes });
  expect(shown.frames.at(-1)?.columns).toBe(120);
  const line = (epoch: number): string =>
    `epoch ${epoch}/12  train loss 0.7656 acc 75.0 %  val loss 2.8794 acc 50.0 % (40/80)  17.6 s`;
  expect(filled(shown)).toEqual([...WIDE.slice(0, 3), line(11), 'a note in epoch 12', line(12)]);
});

testInTmux('nor does it where the terminal breaks its line into two', async () => {
  const line = (epoch: number): string =>
    `epoch ${epoch}/12  train loss 0.7656 acc 75.0 %  val loss 2.8794 acc 50.0 % (40/80)  17.6 s`;
  const lines = await inTmux(made(20, 100), {
    columns: 100,
    resizes: [
      { at: ' 0.3333 ', columns: 45 },
      { at: ' 0.1667 ', columns: 30 },
      { at: 'note in epoch 11', columns: 120 },
    ],
    end: line(12),
  });
  expect(lines).toEqual([...WIDE.slice(0, 3), line(11), 'a note in epoch 12', line(12)]);
});

test('without UTF-8 the course is ASCII', async () => {
  const { raw } = await inTerminal(made(12, 30), { columns: 80, env: { LC_ALL: 'C' } });
  expect(raw).toMatch(/loss 0\.\d{4} [_.:=+*#-]{4,}/);
  expect([...raw].every((char) => char.charCodeAt(0) < 128)).toBe(true);
});

test('a dumb terminal has lines only', async () => {
  const shown = await inTerminal(made(12, 5), { columns: 80, env: { TERM: 'dumb' } });
  expect(shown.raw).not.toMatch(MOVES);
  expect(filled(shown)).toEqual(WIDE);
});

const folder = scratch();

test('a real training in a terminal that becomes narrower', async () => {
  const run = path.join(folder, 'run');
  const recipe = [
    '--arch',
    'resnet18',
    '--weights',
    'none',
    '--image-size',
    '64',
    '--epochs',
    '2',
    '--batch-size',
    '4',
  ];
  const command = [process.execPath, path.join(ROOT, 'bin', 'resnet-ft.js'), 'train', ANTS_BEES, ...recipe];
  const options = ['--threads', '1', '--device', 'cpu', '--crop-cache', '0', '--no-report', '--output', run];
  const shown = await inTerminal([...command, ...options], {
    columns: 80,
    resizes: [{ at: 'epoch 1/2 =', columns: 40 }],
    env: { NO_COLOR: '1' },
  });
  expect(shown.code).toBe(0);
  expect(shown.raw).not.toMatch(COLOURS);
  const lines = filled(shown);
  expect(lines.filter((line) => /=\.*=? |\.{4}/.test(line))).toEqual([]);
  expect(lines).toContainEqual(
    expect.stringMatching(/^epoch 2\/2 {2}[\d.]+ s$|^epoch 2\/2 {2}train loss [\d.]+ acc [\d.]+ %$/),
  );
  expect(lines.at(-1)).toMatch(/saved in /);
});
