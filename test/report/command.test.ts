import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { makeReport, type ReportResult } from '../../lib';
import { resolveTrainOptions } from '../../lib/options';
import type { Evidence } from '../../lib/report/overlays';
import type { RunConfig } from '../../lib/report/records';
import { reportPage } from '../../lib/report/page';
import { readRun } from '../../lib/report/read-run';
import { Scores } from '../../lib/report/scores';
import { curvesSection } from '../../lib/report/sections/curves';
import { recipeSection } from '../../lib/report/sections/facts';
import { notable } from '../../lib/report/sections/gallery';
import { Thumbnails } from '../../lib/report/thumbnails';
import { writeReport } from '../../lib/report/write';
import { openPage, withBrowser } from '../browser/browser';
import { run, scratch, type Outcome } from '../cli/run';
import { shell } from '../cli/shell';
import { HOSTILE } from '../html/hostile';
import { makeRun } from './made-run';

const tmp = scratch();
const CLASSES = ['<b>ants</b>', 'bees', "o'wasps"];
const FILES = Array.from({ length: 10 }, (_, i) => `${i}.png`);
const [FIRST = '', SECOND = ''] = ['run "a" <i>', "run 'b'"];

let first: string;
let second: string;
let unfinished: string;
beforeAll(async () => {
  const made = { classes: CLASSES, files: FILES };
  // The first has all right but ten; of these the second has nine.
  const wrong = (truth: number): { predicted: number; probability: number } => ({
    predicted: (truth + 1) % 3,
    probability: 0.8,
  });
  const right = (truth: number): { predicted: number; probability: number } => ({ predicted: truth, probability: 0.9 });
  first = (await makeRun(tmp, FIRST, { ...made, said: (i, truth) => (i < 10 ? wrong(truth) : right(truth)) })).folder;
  second = (
    await makeRun(tmp, SECOND, { ...made, epochs: 6, said: (i, truth) => (i < 1 ? wrong(truth) : right(truth)) })
  ).folder;
  unfinished = (await makeRun(tmp, 'unfinished', { ...made, finished: false })).folder;
});

test('several runs are compared in one page, by default in the working directory', async () => {
  const output = path.join(tmp, 'both.html');
  const outcome = await run(['report', first, second, unfinished, '--output', output]);
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  const text = fs.readFileSync(output, 'utf8');
  expect(text).not.toContain('<i>');
  // 20 of 30 with its interval (Wilson), and 29 of 30.
  expect(text).toContain('66.7 % (48.8 to 80.8 %)');
  expect(text).toContain('96.7 % (83.3 to 99.4 %)');
  // Nine images that only the second has right, none that only the first has: 2 / 2^9.
  expect(text).toMatch(
    /30<\/td>\s*<td class="number">0<\/td>\s*<td class="number">9<\/td>\s*<td class="number" data-value="0\.00390625">0\.0039<\/td>\s*<td>run &#39;b&#39; is better/,
  );
  // A run has predictions to compare from its end on.
  expect(text.match(/<td>not finished<\/td>/g)).toHaveLength(2);
  expect(text).not.toContain('in common');
  expect(text).toContain('4, not finished');
});

describe('a model whose probabilities are 0 and 1', () => {
  // What the saved probabilities give is no more than 745 an image.
  const loss = 3.7983134077261395e21;
  let saturated: string;
  beforeAll(async () => {
    const said = (i: number, truth: number): { predicted: number; probability: number } => ({
      predicted: i % 2 === 0 ? (truth + 1) % 3 : truth,
      probability: 1,
    });
    saturated = (await makeRun(tmp, 'saturated', { classes: CLASSES, files: FILES, said, valLoss: loss })).folder;
  });

  test('has the loss that its run measured, in its page and beside others', async () => {
    const own = fs.readFileSync((await makeReport({ runs: [saturated] })).file, 'utf8');
    const both = (await makeReport({ runs: [saturated, first], output: path.join(tmp, 'saturated.html') })).file;
    for (const text of [own, fs.readFileSync(both, 'utf8')]) {
      expect(text).toContain('3.80e+21');
      expect(text).not.toMatch(/372\.\d|744\.4/);
    }
  });

  test('has no temperature by them, but how far they can be trusted', async () => {
    const text = fs.readFileSync((await makeReport({ runs: [saturated] })).file, 'utf8');
    expect(text).toContain('id="reliability-plot-title"');
    expect(text).toMatch(/probability 0 for\s+their\s+true\s+class/);
    expect(text).not.toContain('Fitted temperature');
    expect(text).toMatch(/Calibration error<\/dt>\s*<dd class="big">50\.0 %/);
    expect(text).toContain(`npx resnet-ft calibrate`);
  });

  test('has the loss of a run that was stopped, where that is told', async () => {
    const { folder } = await makeRun(tmp, 'stopped', { classes: CLASSES, files: FILES, finished: false });
    const predictions = fs
      .readFileSync(path.join(saturated, 'predictions.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    const { file } = await writeReport(folder, { validation: { predictions, loss } });
    expect(fs.readFileSync(file, 'utf8')).toContain('3.80e+21');
  });

  test('its worst mistakes are those it was most confident of', () => {
    const scores = new Scores(['a', 'b', 'c']);
    const add = (file: string, a: number, b: number, c: number): boolean =>
      scores.add({ file, trueClass: 'a', predictedClass: b > c ? 'b' : 'c', probabilities: { a, b, c } });
    expect([add('less', 0, 0.6, 0.4), add('most', 0, 0, 1), add('more', 0.1, 0.9, 0)]).toEqual([true, true, true]);
    expect(notable(scores).wrong.map(({ file }) => file)).toEqual(['most', 'more', 'less']);
  });
});

test('where nothing in an image speaks for its class, words stand in the place of the overlay', async () => {
  const run = await readRun(first);
  const { images } = run.scores;
  const seen = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
    .webp()
    .toBuffer();
  const of = new Map<string, Evidence>(
    images.map(({ file }, i) => [file, { seen, overlay: i === 0 ? seen : undefined, cells: 49 }]),
  );
  const evidence = { of, missing: undefined };
  const text = await reportPage({ run, thumbnails: new Thumbnails(30), evidence });
  expect(text.match(/alt="Where the evidence for bees lies"/g)?.length).toBeGreaterThan(0);
  expect(text).toMatch(/nothing here speaks for\s+bees/);
  expect(text).toContain('yellow');
});

withBrowser('the page of several runs', () => {
  test.each([
    { width: 1280, colors: 'light' },
    { width: 390, colors: 'dark' },
  ] as const)('is quiet, accessible, and fits: $width pixels, $colors', async (look) => {
    const { file } = await makeReport({ runs: [first, second, unfinished], output: path.join(tmp, 'page.html') });
    const { page, complaints, requests, axe, tooWide, close } = await openPage(file, look);
    expect(await page.locator('svg.chart').count()).toBe(3);
    expect(await page.locator('#curves .legend').first().locator('li').allTextContents()).toEqual([
      FIRST,
      SECOND,
      'unfinished',
    ]);
    expect(complaints).toEqual([]);
    expect(requests).toEqual([]);
    expect(await axe()).toEqual([]);
    expect(await tooWide()).toEqual([]);
    if (look.width > 1200) {
      const wider = await page.evaluate<number>(
        "(() => { const { scrollWidth, clientWidth } = document.querySelector('#figures .scroll'); return scrollWidth - clientWidth; })()",
      );
      expect(wider).toBe(0);
    }
    await close();
  });
});

test('runs are told apart by their folders, or by their whole paths', async () => {
  const made = { classes: CLASSES, files: FILES.slice(0, 2) };
  const inner = (await makeRun(path.join(tmp, 'x', tmp), 'same', made)).folder;
  const outer = (await makeRun(tmp, 'same', made)).folder;
  const { file } = await makeReport({ runs: [inner, outer], output: path.join(tmp, 'names.html') });
  // One path ends as the other does.
  expect(fs.readFileSync(file, 'utf8')).toContain(`<th scope="row">${outer}</th>`);
});

test('what no run knows has no column, what one does not know has a dash, and runs without common images no row', async () => {
  const made = { classes: CLASSES, files: FILES.slice(0, 3) };
  const [one, other] = [await makeRun(tmp, 'few', made), await makeRun(path.join(tmp, 'elsewhere'), 'others', made)];
  const page = async (...runs: string[]): Promise<string> =>
    fs.readFileSync((await makeReport({ runs, output: path.join(tmp, 'columns.html') })).file, 'utf8');
  const few = await page(one.folder, unfinished);
  expect(few).not.toContain('Calibration');
  expect(few).toMatch(/<td class="number" data-value="-1">–<\/td>/);
  expect(few).toMatch(/No two of these runs are finished and have validation images in common/);
  expect(await page(first, one.folder)).toMatch(/Calibration\s+error/);
  expect(other.images).toBe(9);
});

describe('which images of two runs are the same', () => {
  const made = { classes: ['class-0', 'class-1'], files: FILES };
  /** The row of the two runs: images that both have, and what is said of them. */
  const compared = async (...runs: string[]): Promise<string[]> => {
    const text = fs.readFileSync((await makeReport({ runs, output: path.join(tmp, 'same.html') })).file, 'utf8');
    const row = /<th scope="row">[^<]*<br \/>[^]*?<\/tr>/.exec(text)?.[0] ?? text;
    const cells = [...row.matchAll(/<td[^>]*>([^]*?)<\/td>/g)].map(([, cell = '']) => cell.replace(/<[^>]*>/g, ' '));
    return [cells[0] ?? '', cells.at(-1) ?? ''].map((cell) => cell.replace(/\s+/g, ' ').trim());
  };
  const change = (folder: string, edit: (config: RunConfig) => void): void => {
    const file = path.join(folder, 'config.json');
    const config = JSON.parse(fs.readFileSync(file, 'utf8')) as RunConfig;
    edit(config);
    fs.writeFileSync(file, JSON.stringify(config));
  };

  test('those of a data set that has moved, and those that it names by another word', async () => {
    const here = (await makeRun(path.join(tmp, 'here'), 'one', made)).folder;
    const moved = (await makeRun(path.join(tmp, 'moved'), 'two', made)).folder;
    expect(await compared(here, moved)).toEqual(['20', 'may be chance']);
    const word = (await makeRun(path.join(tmp, 'here'), 'three', made)).folder;
    // A run on the tutorial's images may have that as its folder.
    change(word, (config) => (config.options.data = 'hymenoptera'));
    expect(await compared(here, word)).toEqual(['20', 'may be chance']);
    // Its prints say nothing where the paths are the same: another image has come to the class.
    change(word, ({ data }) => (data.val['class-0'] = { images: 11, hash: '1' }));
    expect(await compared(here, word)).toEqual(['20', 'may be chance']);
  });

  test('not those that have only their names in common', async () => {
    const here = (await makeRun(path.join(tmp, 'here'), 'four', made)).folder;
    const others = (await makeRun(path.join(tmp, 'others'), 'five', made)).folder;
    change(others, ({ data }) => (data.val['class-0'] = { images: 10, hash: '1' }));
    expect(await compared(here, others)).toEqual(['10 10 others of the same names', 'may be chance']);
    change(others, ({ data }) => (data.val['class-1'] = { images: 10, hash: '2' }));
    expect(await compared(here, others)).toEqual(['0', 'other images of the same names']);
    // An older run has no prints.
    change(others, (config) => delete (config as Partial<RunConfig>).data);
    expect(await compared(here, others)).toEqual(['0', 'other images of the same names']);
  });
});

test.each([
  [{ weights: 'none' }, 'ResNet-18, all layers trained from scratch with SGD at'],
  [{ weights: 'imagenet-v1' }, 'ResNet-18 with the weights imagenet-v1, all layers fine-tuned with SGD at'],
  [
    { weights: 'imagenet-v1', trainFrom: 'fc', optimizer: 'adamw' },
    'ResNet-18 with the weights imagenet-v1, the last layer (fc) alone fine-tuned with AdamW at',
  ],
  [{ weights: 'imagenet-v1', trainFrom: 'layer4' }, 'imagenet-v1, the layers from layer4 on fine-tuned with SGD at'],
] as const)('what was trained is a sentence: %j', async (options, sentence) => {
  const run = await readRun(first);
  Object.assign(run.config.options, { trainFrom: 'conv1', optimizer: 'sgd' }, options);
  expect(recipeSection(run).body.toString().replace(/\s+/g, ' ')).toContain(sentence);
});

test('of the options those are named that are no defaults, also not by what others are', async () => {
  const run = await readRun(first);
  const resolved = resolveTrainOptions({ data: 'photos', optimizer: 'adamw', epochs: 7, output: 'elsewhere' });
  run.config.options = { ...run.config.options, ...resolved };
  const named =
    recipeSection(run)
      .body.toString()
      .match(/<code>--[\w-]+<\/code>/g) ?? [];
  expect(named).toEqual(expect.arrayContaining(['<code>--optimizer</code>', '<code>--epochs</code>']));
  // 0.001 and 0.01 are the defaults of AdamW.
  for (const other of ['lr', 'weight-decay', 'output']) expect(named).not.toContain(`<code>--${other}</code>`);
});

test('a learning rate that stays is told as one', async () => {
  const run = await readRun(first);
  run.steps.forEach((step) => (step.lr = 0.01));
  expect(curvesSection(run).body.toString()).toContain('Constant at 0.01.');
});

test('the curves of a run that was stopped within its first epoch show how far it was', async () => {
  const run = await readRun(first);
  const [data, steps] = [run.data, run.steps.slice(0, 3)];
  if (data === undefined) throw new Error('no data');
  const last = (stepsPerEpoch?: number, epochs = run.epochs.slice(0, 0)): unknown => {
    const body = curvesSection({ steps, epochs, result: undefined, data: { ...data, stepsPerEpoch } }).body.toString();
    const plot = /data-plot="([^"]*)"/.exec(body)?.[1]?.replace(/&(quot|#34);/g, '"') ?? '';
    return (JSON.parse(plot) as { curves: { points: unknown[][] }[] }).curves.at(-1)?.points.at(-1)?.[0];
  };
  expect(last(10)).toBe(0.3);
  // As of runs of before, which did not say.
  expect(last()).toBe(1);
  // A limit of steps ended it within its first epoch, whose figures stand at 1.
  expect(last(10, run.epochs.slice(0, 1))).toBe(1);
});

test('a run that has not come to its end has a page too', async () => {
  const { file } = await makeReport({ runs: [unfinished] });
  const text = fs.readFileSync(file, 'utf8');
  expect(text).toContain('The run did not finish');
  expect(text).not.toContain('id="confusion"');
});

test('a run that was stopped has the figures of its best epoch, as when it was stopped, and says so', async () => {
  const { folder } = await makeRun(tmp, 'got-worse', { classes: CLASSES, files: FILES, finished: false });
  const metrics = path.join(folder, 'metrics.jsonl');
  const [last = ''] = fs.readFileSync(metrics, 'utf8').trimEnd().split('\n').slice(-1);
  const worse = { ...(JSON.parse(last) as object), epoch: 5, valLoss: 7.25, valAccuracy: 0.25 };
  fs.appendFileSync(metrics, `${JSON.stringify(worse)}\n`);
  const text = fs.readFileSync((await makeReport({ runs: [folder] })).file, 'utf8');
  const card = (name: string): string | undefined =>
    new RegExp(`<dt>${name}</dt>\\s*<dd class="big">([^<]*)</dd>`).exec(text)?.[1];
  expect([card('Validation accuracy'), card('Validation loss'), card('Best so far')]).toEqual([
    '87.5 %',
    '0.2750',
    'epoch 4',
  ]);
  expect(text).toContain('of 5; the figures are of it');
});

test('of many classes those are shown that are taken for others', async () => {
  const classes = Array.from({ length: 30 }, (_, i) => `class ${i}`);
  const { folder } = await makeRun(tmp, 'many', { classes, files: FILES.slice(0, 3) });
  const { file } = await makeReport({ runs: [folder] });
  const text = fs.readFileSync(file, 'utf8');
  expect(text).toContain('30 classes are too many for a matrix');
  expect(text.match(/href="#cell-\d+-\d+"/g)).toHaveLength(30);
});

test('a page stays one that can be sent, however many images there are', async () => {
  const files = Array.from({ length: 400 }, (_, i) => `many-${i}.png`);
  const { folder } = await makeRun(tmp, 'large', { classes: ['a', 'b'], files });
  const { file } = await makeReport({ runs: [folder] });
  const text = fs.readFileSync(file, 'utf8');
  expect(text.length).toBeLessThan(3e6);
  expect(text.match(/<li\s+data-truth/g)?.length).toBeLessThanOrEqual(280 + 24);
  expect(/(The \d+|None) of which the model was least confident are shown/.test(text)).toBe(true);
});

test('images that are gone leave a place', async () => {
  const { folder } = await makeRun(path.join(tmp, 'gone'), 'run', { classes: CLASSES, files: FILES.slice(0, 2) });
  fs.rmSync(path.join(tmp, 'gone', 'photos'), { recursive: true });
  const ran = await run(['report', folder, '--json']);
  expect([ran.code, ran.stderr]).toEqual([0, '']);
  const { file, notes } = JSON.parse(ran.stdout) as ReportResult;
  const text = fs.readFileSync(file, 'utf8');
  expect(text).toContain('>no picture<');
  const gone = /^6 images have no picture, such as \S+1\.png: no such file$/;
  expect(notes).toEqual([
    expect.stringMatching(gone),
    expect.stringMatching(
      /^The page does not show where the evidence for the predicted class lies: weights \S+model\.safetensors: not a state/,
    ),
  ]);
  for (const note of notes) expect(text).toContain(`<p class="${note === notes[0] ? 'warning' : 'dim'}">${note}.</p>`);
  expect(await run(['report', folder])).toEqual({
    code: 0,
    stdout: `wrote ${file}\n`,
    stderr: `${notes.join('\n')}\n`,
  });
});

test.each<[string, (folder: string) => void, RegExp]>([
  [
    'no config.json',
    (folder) => fs.rmSync(path.join(folder, 'config.json')),
    /holds no run of train: it has no config\.json\. Name the output folder of train$/,
  ],
  [
    'a config.json that is cut',
    (folder) => fs.truncateSync(path.join(folder, 'config.json'), 20),
    /config\.json: the file is damaged/,
  ],
  [
    'predictions of other classes',
    (folder) => fs.appendFileSync(path.join(folder, 'predictions.jsonl'), '{"file":"x","trueClass":"cats"}\n'),
    /predictions\.jsonl: line 31 is no prediction of these classes/,
  ],
  [
    'predictions of one line without end',
    (folder) => fs.truncateSync(path.join(folder, 'predictions.jsonl'), 2 ** 27 + 2 ** 20),
    /predictions\.jsonl: the file is damaged/,
  ],
  [
    'metrics that are no records',
    (folder) => fs.writeFileSync(path.join(folder, 'metrics.jsonl'), 'x\ny\n'),
    /metrics\.jsonl: the file is damaged/,
  ],
])('a folder with %s is named in one line', async (name, spoil, message) => {
  const { folder } = await makeRun(tmp, `spoilt ${name}`, { classes: CLASSES, files: FILES });
  spoil(folder);
  const { code, stdout, stderr } = await run(['report', folder]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr.trim()).toMatch(message);
});

test.each(['/dev/zero', '/dev/full'])(
  'a device in place of the metrics (%s) is told, not read for ever',
  async (device) => {
    if (!fs.existsSync(device)) return;
    const { folder } = await makeRun(tmp, `device ${device.slice(5)}`, { classes: CLASSES, files: FILES });
    fs.rmSync(path.join(folder, 'metrics.jsonl'));
    fs.symlinkSync(device, path.join(folder, 'metrics.jsonl'));
    const { code, stderr } = await run(['report', folder]);
    expect({ code, lines: stderr.trim().split('\n').length }).toEqual({ code: 1, lines: 1 });
    expect(stderr).toMatch(/metrics\.jsonl: is no file/);
  },
);

test('half of a last line, as a killed run leaves it, is no damage', async () => {
  const { folder } = await makeRun(tmp, 'killed', { classes: CLASSES, files: FILES, finished: false });
  fs.appendFileSync(path.join(folder, 'metrics.jsonl'), '{"kind":"step","epo');
  expect(await run(['report', folder])).toMatchObject({ code: 0, stderr: '' });
});

test('of a finished run without its metrics the page says that they are missing', async () => {
  const { folder } = await makeRun(tmp, 'without metrics', { classes: CLASSES, files: FILES });
  fs.rmSync(path.join(folder, 'metrics.jsonl'));
  const text = fs.readFileSync((await makeReport({ runs: [folder] })).file, 'utf8');
  expect(text).toContain('metrics.jsonl is missing or empty, so there are no curves.');
  expect(text).not.toContain('has not done a step');
});

describe('without --output, a comparison', () => {
  const compareIn = (folder: string): Promise<Outcome> => {
    const words = [first, second].map((one) => `'${one.replaceAll("'", "'\\''")}'`);
    return shell(`resnet-ft report ${words.join(' ')}`, folder);
  };
  const here = (): string => fs.mkdtempSync(path.join(tmp, 'here-'));

  test('replaces one that was made before, and nothing else', async () => {
    const folder = here();
    const file = path.join(folder, 'report.html');
    for (let n = 0; n < 2; n++) expect(await compareIn(folder)).toMatchObject({ code: 0, stderr: '' });
    const own = (await makeReport({ runs: [first] })).file;
    for (const text of [fs.readFileSync(own, 'utf8'), '<p>mine</p>', '']) {
      fs.writeFileSync(file, text);
      const { code, stderr } = await compareIn(folder);
      expect([code, stderr]).toEqual([
        1,
        `resnet-ft: cannot write ${file}: it exists, and is not a comparison of runs that resnet-ft made. Name another file with --output\n`,
      ]);
      expect(fs.readFileSync(file, 'utf8')).toBe(text);
    }
    await makeReport({ runs: [first, second], output: file });
    expect(fs.readFileSync(file, 'utf8')).toContain('<h1>2 runs</h1>');
  });
});

test('a folder of several trainings is said to be one, and so is a folder that is missing', async () => {
  const folder = path.join(tmp, 'folds');
  for (const name of ['fold-1', 'fold-2', 'fold-10']) fs.mkdirSync(path.join(folder, name), { recursive: true });
  const plan = { by: 'folds', count: 12, options: { data: 'photos' } };
  fs.writeFileSync(path.join(folder, 'repeats.json'), JSON.stringify(plan));
  expect(await run(['report', folder])).toMatchObject({
    code: 1,
    stderr: `resnet-ft: ${folder} holds 12 trainings; name one of them, such as ${path.join(folder, 'fold-1')}\n`,
  });
  expect(await run(['predict', folder, 'x.jpg'])).toMatchObject({
    code: 1,
    stderr: `resnet-ft: ${folder} holds 12 trainings; name one of them, such as ${path.join(folder, 'fold-1')}\n`,
  });
  const missing = path.join(tmp, 'nothere');
  expect(await run(['report', missing])).toMatchObject({
    code: 1,
    stderr: `resnet-ft: no such folder: ${missing}. Name the output folder of train\n`,
  });
});

test('wrong usage', async () => {
  expect(await run(['report'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Name the folder of a run, or those of several'),
  });
  expect(await run(['report', first, '--output', '/nowhere/x.html'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('there is no folder /nowhere. Make the folder first'),
  });
  expect(await run(['report', first, '--output', 'x.txt'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('a file name ending in .html'),
  });
  const link = path.join(tmp, 'link');
  fs.symlinkSync(first, link);
  for (const same of [first, path.join(first, '..', FIRST), link]) {
    const { code, stderr } = await run(['report', second, first, same]);
    expect([code, stderr.trim().split('\n')]).toEqual([2, [expect.stringContaining('each run once')]]);
    expect(stderr).toContain(`It is the same folder as ${first}`);
  }
  await expect(makeReport({ runs: [] })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  await expect(makeReport({ runs: HOSTILE })).rejects.toMatchObject({ code: 'DATA_NOT_FOUND' });
});
