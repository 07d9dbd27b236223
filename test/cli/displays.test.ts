import { CompareDisplay } from '../../lib/cli/compare-display';
import { formatReport } from '../../lib/cli/doctor-display';
import { dataLines } from '../../lib/cli/eval-report';
import { EvalDisplay } from '../../lib/cli/eval-display';
import { LrFindDisplay } from '../../lib/cli/lr-find-display';
import { createDisplay } from '../../lib/cli/progress';
import { calibrationLines } from '../../lib/eval/calibration-lines';
import { lossText } from '../../lib/text/loss';
import { fill } from '../../lib/text/text-table';
import type { TrainEvent } from '../../lib/train/events';

/** What a display writes to a terminal of so many columns. */
function shown(columns: number | undefined, events: TrainEvent[]): string {
  const { isTTY, columns: before } = process.stdout;
  let text = '';
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => ((text += String(chunk)), true));
  Object.assign(process.stdout, { isTTY: columns !== undefined, columns });
  try {
    const display = createDisplay({ json: false, quiet: false });
    for (const event of events) display.show(event);
    display.close();
  } finally {
    Object.assign(process.stdout, { isTTY, columns: before });
    write.mockRestore();
  }
  return text;
}

const START: TrainEvent = {
  kind: 'start',
  output: '/tmp/run',
  epochs: 2,
  steps: 6,
  stepsPerEpoch: 3,
  images: 12,
  valImages: 8,
};
const step = (number: number): TrainEvent => ({ kind: 'step', epoch: 1, step: number, loss: 0.5, lr: 0.01, images: 4 });
const EPOCH: TrainEvent = {
  ...{ kind: 'epoch', epoch: 1, trainLoss: 0.7656, trainAccuracy: 0.75, valLoss: 2.8794, valAccuracy: 0.5 },
  seconds: 17.6,
} as const;

test('of many skipped images the first five are told, then how many more and where they stand', () => {
  const skipped = (count: number): TrainEvent[] =>
    Array.from({ length: count }, (_, i) => ({ kind: 'skipped', file: `/data/${i}.jpg`, reason: 'is empty' }));
  const text = shown(undefined, [...skipped(400), START]);
  expect(text.match(/^skipped .*: is empty$/gm)).toHaveLength(5);
  expect(text).toMatch(/^skipped 395 more images: \/tmp\/run\/skipped\.jsonl names all 400$/m);
  expect(shown(undefined, [...skipped(5), START])).not.toMatch(/more/);
});

test('lr-find tells how many images it skipped, beyond those that it names', () => {
  let text = '';
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => ((text += String(chunk)), true));
  try {
    const display = new LrFindDisplay({ data: '/data' }, { json: false, quiet: false });
    for (let i = 0; i < 12; i++) display.show({ kind: 'skipped', file: `/data/${i}.jpg`, reason: 'is empty' });
    display.show({ kind: 'lr-start', steps: 100, stepsPerEpoch: 1, images: 12 });
    display.close();
  } finally {
    write.mockRestore();
  }
  expect(text).toMatch(/^skipped \/data\/4\.jpg: is empty\nskipped 7 more images, 12 in all\n$/m);
});

test('what was counted of one row of compare is not told of the next', () => {
  let text = '';
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => ((text += String(chunk)), true));
  try {
    const display = new CompareDisplay({ json: false, quiet: false });
    for (const row of ['fine-tuned', 'scratch'] as const) {
      display.show({ kind: 'row', row, state: 'begins', folder: '/tmp/run' });
      const skipped = (i: number): TrainEvent => ({ kind: 'skipped', file: `/data/${i}.jpg`, reason: 'is empty' });
      const events = [...[1, 2, 3].map(skipped), START];
      for (const event of events) display.show({ kind: 'train', row, event });
    }
    display.close();
  } finally {
    write.mockRestore();
  }
  expect(text.match(/^skipped .*: is empty$/gm)).toHaveLength(6);
  expect(text).not.toMatch(/more image/);
});

test('many classes are told by their number and the first of them', () => {
  const classes = Array.from({ length: 1000 }, (_, i) => `class ${i}`);
  const text = shown(undefined, [{ kind: 'data', classes, train: 10, val: 5 }]);
  expect(text).toMatch(/^10 training and 5 validation images, 1000 classes: class 0, [^\n]+, class 19 and 980 more\n$/);
});

test('the bar of the reading is there on a terminal only', () => {
  const crops = [1, 2].map((done): TrainEvent => ({ kind: 'crops', done, total: 2 }));
  const bar = /reading images =+\.* 1\/2/;
  expect(shown(80, crops)).toMatch(bar);
  expect(shown(undefined, crops)).toBe('');
});

test('the first batch of an epoch tells no speed, and the bar fits its terminal', () => {
  const first = shown(80, [START, step(1)]);
  expect(first).toMatch(/epoch 1\/2 =+\.+ 4\/12 +loss 0\.5000/);
  expect(first).not.toMatch(/img\/s|ETA/);
  const narrow = shown(40, [START, step(1)]);
  expect(narrow).toMatch(/epoch 1\/2 =+\.+ +loss 0\.5000/);
});

test('the line of an epoch goes on in a second one where the terminal is narrower', () => {
  const line = 'epoch 1/2  train loss 0.7656 acc 75.0 %  val loss 2.8794 acc 50.0 % (4/8)  17.6 s\n';
  const data: TrainEvent = { kind: 'data', classes: ['a'], train: 12, val: 8 };
  expect(shown(undefined, [data, START, EPOCH])).toContain(`\n${line}`);
  expect(shown(120, [data, START, EPOCH])).toContain(`\n${line}`);
  expect(shown(60, [data, START, EPOCH])).toContain('75.0 %\nval loss 2.8794 acc 50.0 % (4/8)  17.6 s\n');
});

test.each([
  [0.30001, '0.3000'],
  [999.99, '999.9900'],
  [1000, '1.00e+3'],
  [3.7983134077261395e21, '3.80e+21'],
  [NaN, 'NaN'],
])('a loss of %p is the same everywhere: %s', (loss, text) => {
  expect(lossText(loss)).toBe(text);
  expect(shown(200, [START, { ...EPOCH, valLoss: loss }])).toContain(`val loss ${text} acc`);
  expect(
    calibrationLines({
      temperature: 2,
      images: 30,
      loss: { before: loss, after: 1 },
      error: { before: 0, after: 0 },
    })[1],
  ).toBe(`negative log-likelihood ${text} before, 1.0000 after`);
});

test('what doctor found goes on below itself', () => {
  const found =
    'the LibTorch of /opt/a-folder-with-a-long-name/torch is one that others can write to, which is not safe';
  const checks = [{ name: 'libtorch', status: 'ok' as const, found }];
  const report = { schema: 1 as const, version: '1', ok: true, problems: 0, warnings: 0, checks };
  const wide = formatReport(report, { quiet: false, colour: false });
  expect(wide[0]).toBe(`ok  libtorch  ${found}`);
  const lines = formatReport(report, { quiet: false, colour: false, width: 60 }).slice(0, -1);
  expect(lines.length).toBeGreaterThan(1);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
  expect(lines.slice(1).every((line) => /^ {14}\S/.test(line))).toBe(true);
  expect(lines.map((line) => line.slice(14)).join(' ')).toBe(found);
  expect(formatReport(report, { quiet: false, colour: false, width: 40 })).toEqual(wide);
});

test('parts fill lines, and the width of characters counts', () => {
  expect(fill(['a', 'b', 'c'], ' ', 3)).toEqual(['a b', 'c']);
  expect(fill(['蟻蟻', 'b'], ' ', 5)).toEqual(['蟻蟻', 'b']);
  expect(fill(['longer than that', 'b'], ' ', 5)).toEqual(['longer than that', 'b']);
});

test('an evaluation of one image by a model of one class says so in these words', () => {
  const classes = [{ folder: 'ants', name: 'ants', index: 0 }];
  expect(dataLines({ kind: 'data', folder: '/x', valOf: undefined, images: 1, classes } as never)).toEqual([
    '1 image of 1 class in /x',
  ]);
  let text = '';
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => ((text += String(chunk)), true));
  try {
    new EvalDisplay({ json: false, quiet: false }).show({
      kind: 'model',
      file: '/x/model.pth',
      arch: 'resnet18',
      classes: 1,
    } as never);
  } finally {
    write.mockRestore();
  }
  expect(text).toBe('model /x/model.pth: resnet18, 1 class\n');
});
