import fs from 'node:fs';
import path from 'node:path';
import { makeReport } from '../../lib';
import { openPage, withBrowser } from '../browser/browser';
import { run, scratch } from '../cli/run';
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
    /30<\/td>\s*<td class="number">0<\/td>\s*<td class="number">9<\/td>\s*<td class="number">0\.0039<\/td>\s*<td>run &#39;b&#39; is better/,
  );
  expect(text).toContain('no images in common');
  expect(text).toContain('4, not finished');
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
    await close();
  });
});

test('a run that has not come to its end has a page too', async () => {
  const { file } = await makeReport({ runs: [unfinished] });
  const text = fs.readFileSync(file, 'utf8');
  expect(text).toContain('The run has not come to its end');
  expect(text).not.toContain('id="confusion"');
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
  expect(/(The \d+|None) of which the model was least sure are shown/.test(text)).toBe(true);
});

test('images that are gone leave a place', async () => {
  const { folder } = await makeRun(path.join(tmp, 'gone'), 'run', { classes: CLASSES, files: FILES.slice(0, 2) });
  fs.rmSync(path.join(tmp, 'gone', 'photos'), { recursive: true });
  const { file } = await makeReport({ runs: [folder] });
  expect(fs.readFileSync(file, 'utf8')).toContain('no picture');
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
  await expect(makeReport({ runs: [] })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  await expect(makeReport({ runs: HOSTILE })).rejects.toMatchObject({ code: 'DATA_NOT_FOUND' });
});
