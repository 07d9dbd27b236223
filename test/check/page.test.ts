import fs from 'node:fs';
import path from 'node:path';
import { openPage, withBrowser } from '../browser/browser';
import { run, scratch } from '../cli/run';
import { HOSTILE } from '../html/hostile';
import { picture, put, soundData } from './pictures';

const tmp = scratch();
const file = path.join(tmp, 'check.html');
/** Those that a file system takes. */
const NAMES = HOSTILE.map((name) =>
  name.replaceAll('/', '|').replaceAll('\u0000', '').replace('\ud800', '').slice(0, 200),
);

beforeAll(async () => {
  const data = await soundData(path.join(tmp, '<b>data'));
  for (const [i, name] of NAMES.entries()) {
    put(
      path.join(data, 'train', 'ants', `${name}.png`),
      await picture(700 + i)
        .png()
        .toBuffer(),
    );
    put(
      path.join(data, 'val', 'ants', `${name}.png`),
      await picture(700 + i)
        .png()
        .toBuffer(),
    );
    put(path.join(data, 'train', 'bees', `${name}.jpg`), 'no image');
    put(
      path.join(data, 'train', 'bees', `small ${name}.png`),
      await picture(800 + i, 50, 40)
        .png()
        .toBuffer(),
    );
  }
  const ran = await run(['check', data, '--html', file]);
  expect(ran.code).toBe(0);
  expect(ran.stdout).toContain('the images are shown in');
}, 60_000);

test('the page is small, and asks for nothing', () => {
  const text = fs.readFileSync(file, 'utf8');
  expect(text.length).toBeLessThan(3e6);
  expect(text).not.toMatch(/https?:\/\//);
});

test('a single finding of a kind has a title in the singular', async () => {
  const data = await soundData(path.join(tmp, 'single'));
  put(path.join(data, 'train', 'ants', 'broken.jpg'), 'no image');
  const own = path.join(tmp, 'single.html');
  expect((await run(['check', data, '--html', own])).code).toBe(0);
  const text = fs.readFileSync(own, 'utf8');
  expect(text).toMatch(/<a href="#unreadable">Unreadable image<\/a>/);
  expect(text).toMatch(/<h2 id="unreadable">Unreadable image </);
  expect(text).toMatch(/# unreadable image: not an image/);
});

withBrowser('the page', () => {
  test.each([
    { colors: 'light', width: 1280 },
    { colors: 'dark', width: 390 },
    { colors: 'light', width: 390, scripts: false },
  ] as const)('shows every finding with its images, quiet and accessible: $colors, $width pixels', async (look) => {
    const { page, complaints, requests, axe, tooWide, close } = await openPage(file, look);
    expect(await page.locator('h1').textContent()).toBe('Check of <b>data');
    const titles = await page.locator('tbody th a').allTextContents();
    expect(titles).toEqual(['Unreadable images', 'Leaks between splits', 'Small images']);
    for (const title of titles) expect(await page.locator('h2', { hasText: title }).count()).toBe(1);
    // Both images of a leak, side by side.
    expect(await page.locator('#leak ~ .groups .group').count()).toBe(NAMES.length);
    expect(await page.locator('#leak ~ .groups img').count()).toBe(2 * NAMES.length);
    expect(await page.locator('#small ~ ul.gallery img').count()).toBe(NAMES.length);
    expect(await page.locator('figcaption', { hasText: `train/ants/${NAMES[0]}.png` }).count()).toBe(1);
    expect(await page.locator('pre').textContent()).toMatch(/#!\/usr\/bin\/env bash.*rm -- /s);
    if (!('scripts' in look)) {
      const broken = await page.evaluate(
        '[...document.images].filter((image) => !image.complete || image.naturalWidth === 0).length',
      );
      expect(broken).toBe(0);
      expect(await axe()).toEqual([]);
      expect(await tooWide()).toEqual([]);
    }
    expect(complaints).toEqual([]);
    expect(requests).toEqual([]);
    await close();
  });

  test('a note stands after the name that it is of, whichever way that is written', async () => {
    const data = await soundData(path.join(tmp, 'right-to-left'));
    const name = 'النمل والنحل';
    for (const split of ['train', 'val'])
      put(path.join(data, split, name, '1.png'), await picture(900).png().toBuffer());
    const own = path.join(tmp, 'right-to-left.html');
    expect((await run(['check', data, '--html', own])).code).toBe(0);
    const { page, close } = await openPage(own);
    // From left to right: the folder and the name, the colon, and what is said of it.
    const places = await page.evaluate<number[]>(`(() => {
      const item = [...document.querySelectorAll('li')].find(({ textContent }) => textContent.includes('fewer than 10'));
      const walker = document.createTreeWalker(item, NodeFilter.SHOW_TEXT);
      const places = [];
      while (walker.nextNode()) {
        const range = document.createRange();
        range.selectNodeContents(walker.currentNode);
        if (walker.currentNode.data.trim() !== '') places.push(range.getClientRects()[0].left);
      }
      return places;
    })()`);
    expect(places.length).toBeGreaterThan(3);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    await close();
  });
});
