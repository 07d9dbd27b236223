import fs from 'node:fs';
import path from 'node:path';
import { readRun } from '../../lib/report/read-run';
import { makeReport } from '../../lib/report/report';
import { openPage, withBrowser, type Look } from '../browser/browser';
import { scratch } from '../cli/run';
import { HOSTILE } from '../html/hostile';
import { makeRun } from './made-run';

const tmp = scratch();
/** Those that can be names of files here. */
const FILES = HOSTILE.map(
  (name, i) =>
    `${name
      .replace(/[/\0]/g, '\u2215')
      .replace(/[\ud800-\udfff](?![\udc00-\udfff])/g, '')
      .slice(0, 200)}${i}.png`,
);
const CLASSES = HOSTILE.filter((name) => !/[\ud800-\udfff]/.test(name)).slice(0, 12);

let file: string;
let images: number;
beforeAll(async () => {
  const run = await makeRun(tmp, 'run <b>"x"', { classes: CLASSES, files: FILES.slice(0, 8), notes: HOSTILE });
  ({ file } = await makeReport({ runs: [run.folder] }));
  images = run.images;
});

test('a run has its page in its folder, with no text of its own that is not escaped', () => {
  expect(path.basename(file)).toBe('report.html');
  const text = fs.readFileSync(file, 'utf8');
  expect(text).not.toContain('<img src=x');
  expect(text).not.toMatch(/https?:(?!\/\/www\.w3\.org\/)/);
  // One of ours.
  expect(text.match(/<script/g)).toHaveLength(1);
});

test('of an epoch in which a run ended, and which it went on with when it was made longer, the later record counts', async () => {
  const { folder } = await makeRun(tmp, 'longer', { classes: ['ants', 'bees'], files: ['a.png'], epochs: 2 });
  const metrics = path.join(folder, 'metrics.jsonl');
  const lines = fs.readFileSync(metrics, 'utf8').trimEnd().split('\n');
  const whole = JSON.parse(lines.at(-1) ?? '') as object;
  const partly = JSON.stringify({ ...whole, valAccuracy: 0.123, trainLoss: 9 });
  fs.writeFileSync(metrics, [...lines.slice(0, -2), partly, ...lines.slice(-2), ''].join('\n'));
  expect((await readRun(folder)).epochs).toEqual([expect.objectContaining({ epoch: 1 }), whole]);
  const text = fs.readFileSync((await makeReport({ runs: [folder] })).file, 'utf8');
  expect(text).not.toContain('12.3');
});

test('a finished run without its predictions shows the figures of what was kept, not those of the best epoch', async () => {
  const { folder } = await makeRun(tmp, 'bare', { classes: ['ants', 'bees'], files: ['a.png'], epochs: 4 });
  fs.rmSync(path.join(folder, 'predictions.jsonl'));
  const file = path.join(folder, 'result.json');
  const result = JSON.parse(fs.readFileSync(file, 'utf8')) as { model: object };
  const model = { ...result.model, keep: 'last', epoch: 2, valLoss: 0.7654, valAccuracy: 0.625 };
  fs.writeFileSync(file, JSON.stringify({ ...result, model }));
  const text = fs.readFileSync((await makeReport({ runs: [folder] })).file, 'utf8');
  expect(text).toMatch(/Validation accuracy<\/dt>\s*<dd class="big">62\.5 %/);
  expect(text).toMatch(/Validation loss<\/dt>\s*<dd class="big">0\.7654/);
});

test.each([
  ['200 kinds of two each', 2, 'The one of which the model was most confident is shown.'],
  ['380 kinds, more than there are pictures', 1, 'None is shown: there is no room for the pictures of all.'],
])('of mistakes of %s, that is said', async (name, each, said) => {
  const { folder } = await makeRun(tmp, name, {
    classes: Array.from({ length: 20 }, (_, i) => `c${i}`),
    files: Array.from({ length: 20 }, (_, i) => `${i}.png`),
    said: (image, truth) => ({
      predicted: (truth + 1 + (Math.floor((image % 20) / each) % 19)) % 20,
      probability: 0.5,
    }),
  });
  const text = fs.readFileSync((await makeReport({ runs: [folder] })).file, 'utf8');
  expect(text).toContain(said);
  expect(text).not.toMatch(/The 1 of which|None of which/);
});

/** A run of 20 images of each of 20 classes, all of them mistakes: of each of 380 kinds one, or two for the first 20 of them. */
const ofManyKinds = (name: string): Promise<{ folder: string }> =>
  makeRun(tmp, name, {
    classes: Array.from({ length: 20 }, (_, i) => `class ${i}.`),
    files: Array.from({ length: 20 }, (_, i) => `${i}.png`),
    said: (image, truth) => ({
      predicted: (truth + 1 + ((image % 20) % 19)) % 20,
      probability: 0.5 + (image % 20) / 100,
    }),
  });

test('where there are fewer pictures than kinds of mistakes, those of the most images have one each, then the surest', async () => {
  const { folder } = await ofManyKinds('fewer pictures');
  const text = fs.readFileSync((await makeReport({ runs: [folder] })).file, 'utf8');
  const images = text.slice(text.indexOf('id="image-controls"'));
  const cells = images.split(/<section\s+class="cell"/).slice(1);
  const kinds = cells.map((cell) => ({
    images: Number(/: (\d+) images?<\/h3>/.exec(cell)?.[1]),
    step: (20 + Number(/id="cell-\d+-(\d+)"/.exec(cell)?.[1]) - Number(/id="cell-(\d+)-/.exec(cell)?.[1])) % 20,
    pictures: cell.match(/<img /g)?.length ?? 0,
  }));
  expect(kinds).toHaveLength(380);
  // Images 0 and 19 of a class are taken for the next one; of the others the last ones with the most confidence.
  const expected = (step: number): number => Number(step === 1 || step > 6);
  expect(kinds.filter(({ step, pictures }) => pictures !== expected(step))).toEqual([]);
  expect(kinds.filter(({ step, images }) => images !== (step === 1 ? 2 : 1))).toEqual([]);
});

test('a bin of one image is of one image', async () => {
  const { folder } = await makeRun(tmp, 'bins', {
    classes: ['ants', 'bees'],
    files: Array.from({ length: 20 }, (_, i) => `${i}.png`),
    said: (image, truth) => ({ predicted: truth, probability: image === 0 ? 0.6 : 0.9 }),
  });
  const text = fs.readFileSync((await makeReport({ runs: [folder] })).file, 'utf8');
  expect(text).toContain('1 image with 60.0 %');
});

withBrowser('the report of a run', () => {
  const looks: (Look & { name: string })[] = [
    { name: 'light, a screen', colors: 'light', width: 1280 },
    { name: 'dark, a phone', colors: 'dark', width: 390 },
    { name: 'print', media: 'print', width: 800 },
  ];
  test.each(looks)('opens from the file system, is quiet and accessible, and fits: $name', async (look) => {
    const { page, complaints, requests, axe, tooWide, close } = await openPage(file, look);
    expect(await page.locator('h1').textContent()).toBe('run <b>"x"');
    expect(await page.locator('svg.chart').count()).toBe(4);
    expect(await page.locator('.confusion td').count()).toBe(CLASSES.length ** 2);
    expect(await page.locator('#images li img').count()).toBe(images);
    await page.waitForFunction('[...document.images].every((image) => image.complete && image.naturalWidth > 0)');
    // Every curve is drawn, in a colour that there is.
    const strokes = await page.evaluate<string[]>(
      '[...document.querySelectorAll(\'svg.chart path[stroke^="var"]\')].map((path) => getComputedStyle(path).stroke)',
    );
    expect(strokes.length).toBeGreaterThan(20);
    expect(strokes.every((stroke) => stroke.startsWith('rgb'))).toBe(true);
    expect(complaints).toEqual([]);
    expect(requests).toEqual([]);
    expect(await axe()).toEqual([]);
    expect(await tooWide()).toEqual([]);
    await close();
  });

  test('a cell of the matrix leads to its images', async () => {
    const { page, close } = await openPage(file);
    const link = page.locator('.confusion td a').first();
    const target = await link.getAttribute('href');
    const count = Number(await link.textContent());
    await link.click();
    expect(await page.locator(`${target} li`).count()).toBe(count);
    const seen = await page.evaluate('document.querySelector(":target").getBoundingClientRect().top < innerHeight');
    expect(seen).toBe(true);
    await close();
  });

  test('tables are sorted by any column, both ways', async () => {
    const { page, complaints, close } = await openPage(file);
    const column = (): Promise<string[]> => page.locator('.classes tbody th').allTextContents();
    const before = await column();
    await page.locator('.classes thead button', { hasText: 'Recall' }).click();
    const recall = await page.evaluate<number[]>(
      "[...document.querySelectorAll('.classes tbody tr td:nth-child(4)')].map((cell) => Number(cell.dataset.value))",
    );
    expect(recall).toEqual([...recall].sort((a, b) => a - b));
    const head = page.locator('.classes thead th').first();
    await head.locator('button').click();
    await head.locator('button').click();
    expect(await head.getAttribute('aria-sort')).toBe('descending');
    const after = await column();
    expect([...after].sort()).toEqual([...before].sort());
    const numeric = { numeric: true };
    expect(after).toEqual([...after].sort((a, b) => b.trim().localeCompare(a.trim(), undefined, numeric)));
    expect(complaints).toEqual([]);
    await close();
  });

  test('names that begin with a number are sorted as names', async () => {
    const classes = ['2024-02', '10 cats', '2024-01', '1e3', '9 cats'];
    const { folder } = await makeRun(tmp, 'dates', { classes, files: ['a.png'] });
    const { page, close } = await openPage((await makeReport({ runs: [folder] })).file);
    await page.locator('.classes thead button', { hasText: 'Class' }).click();
    const names = await page.locator('.classes tbody th').allTextContents();
    expect(names.map((name) => name.trim())).toEqual(['1e3', '9 cats', '10 cats', '2024-01', '2024-02']);
    await close();
  });

  test('images are filtered and put in order', async () => {
    const { page, close } = await openPage(file);
    const shown = page.locator('#images li:visible');
    const mistakes = await page.locator('#images li[data-right="no"]').count();
    await page.selectOption('#image-kind', 'no');
    expect(await shown.count()).toBe(mistakes);
    expect(await page.locator('#image-count').textContent()).toBe(`${mistakes} images`);
    await page.fill('#image-search', 'ONERROR=alert');
    expect(await shown.count()).toBeGreaterThan(0);
    expect(await shown.count()).toBeLessThan(mistakes);
    await page.fill('#image-search', 'there is no such image');
    expect(await shown.count()).toBe(0);
    // Whoever follows a cell sees its images all the same.
    const link = page.locator('.confusion td a').first();
    await link.click();
    await page
      .locator(`${await link.getAttribute('href')} li:visible`)
      .first()
      .waitFor();
    await page.selectOption('#image-order', 'sure');
    const sure = await page.evaluate<number[]>(
      "[...document.querySelector('#images .cell').querySelectorAll('li')].map((item) => Number(item.dataset.sure))",
    );
    expect(sure).toEqual([...sure].sort((a, b) => b - a));
    await close();
  });

  test('kinds of mistakes that have no pictures are filtered too', async () => {
    const { folder } = await ofManyKinds('without pictures');
    const { page, close } = await openPage((await makeReport({ runs: [folder] })).file);
    const headings = page.locator('#images .cell:visible h3');
    const bare = page.locator('#images .cell:visible:not(:has(li)) h3');
    expect([await headings.count(), await bare.count()]).toEqual([380, 100]);
    await page.selectOption('#image-kind', 'yes');
    expect(await headings.count()).toBe(0);
    await page.selectOption('#image-kind', 'no');
    expect(await bare.count()).toBe(100);
    await page.fill('#image-search', 'Class 7.');
    const found = await bare.allTextContents();
    expect(found).toHaveLength(10);
    expect(found.every((text) => text.includes('class 7.'))).toBe(true);
    await page.fill('#image-search', 'there is no such image');
    expect(await headings.count()).toBe(0);
    await close();
  });

  test('a plot tells its values under the pointer', async () => {
    const { page, close } = await openPage(file);
    const plot = page.locator('.plot').first();
    const box = await plot.locator('svg.chart').boundingBox();
    if (box === null) throw new Error('the plot has no place');
    await page.mouse.move(box.x + box.width * 0.97, box.y + box.height / 2);
    expect(await plot.locator('.readout').textContent()).toBe('epoch 4: training 0.25, validation 0.275');
    await close();
  });

  test('a plot tells shares that are close together from one another', async () => {
    const { folder } = await makeRun(tmp, 'close', { classes: ['ants', 'bees'], files: ['a.png'], epochs: 3 });
    const metrics = path.join(folder, 'metrics.jsonl');
    const lines = fs.readFileSync(metrics, 'utf8').trimEnd().split('\n');
    const close = lines.map((text) => {
      const record = JSON.parse(text) as { kind: string; epoch: number };
      const accuracy = 0.9995 + record.epoch / 10_000;
      const more = record.kind === 'epoch' ? { trainAccuracy: accuracy, valAccuracy: accuracy - 0.00005 } : {};
      return `${JSON.stringify({ ...record, ...more })}\n`;
    });
    fs.writeFileSync(metrics, close.join(''));
    const { page, close: done } = await openPage((await makeReport({ runs: [folder] })).file);
    const plot = page.locator('.plot').nth(1);
    const box = await plot.locator('svg.chart').boundingBox();
    if (box === null) throw new Error('the plot has no place');
    await page.mouse.move(box.x + box.width * 0.97, box.y + box.height / 2);
    expect(await plot.locator('.readout').textContent()).toBe('epoch 3: training 99.980 %, validation 99.975 %');
    // Ticks of more digits have room too.
    const cut = await page.evaluate<string[]>(
      `[...document.querySelectorAll('svg.chart text')].filter((text) =>
        text.getBoundingClientRect().left < text.closest('svg').getBoundingClientRect().left).map((text) => text.textContent)`,
    );
    expect(cut).toEqual([]);
    await done();
  });

  test('without scripts everything is there but what needs them', async () => {
    const { page, complaints, close } = await openPage(file, { scripts: false });
    expect(await page.locator('#images li:visible').count()).toBe(images);
    expect(await page.locator('#image-controls').isVisible()).toBe(false);
    expect(await page.locator('thead button').count()).toBe(0);
    expect(await page.locator('svg.chart').first().isVisible()).toBe(true);
    expect(complaints).toEqual([]);
    await close();
  });
});
