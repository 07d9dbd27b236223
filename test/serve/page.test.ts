import fs from 'node:fs';
import path from 'node:path';
import type { Page, Route } from 'playwright-core';
import { openUrl, withBrowser } from '../browser/browser';
import { scratch } from '../cli/run';
import { HOSTILE } from '../html/hostile';
import { ask, IMAGE, IMAGES, serve, trainSmallModel, type Served } from './server';

const tmp = scratch();
const corrected = path.join(tmp, 'corrected');
let served: Served;
beforeAll(async () => {
  served = await serve(await trainSmallModel(tmp), '--corrections', corrected);
});

const FILES = `(files) => {
  const data = new DataTransfer();
  for (const [name, text] of files) data.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], name));
  return data;
}`;
const encoded = fs.readFileSync(IMAGE).toString('base64');

/** Drops or pastes files, as a person would. */
const give = (how: 'drop' | 'paste', names: readonly string[]): string => {
  const files = JSON.stringify(names.map((name) => [name, encoded]));
  const event =
    how === 'drop'
      ? `new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })`
      : `new ClipboardEvent('paste', { clipboardData: data, bubbles: true })`;
  return `{ const data = (${FILES})(${files}); document.body.dispatchEvent(${event}); }`;
};

/** Waits until so many images are shown with what came of them. The page's policy refuses what playwright's own waiting evaluates in it. */
async function done(page: Page, count: number): Promise<void> {
  const waiting = page.locator('.result.waiting');
  while ((await page.locator('.result').count()) !== count || (await waiting.count()) > 0)
    await page.waitForTimeout(50);
}

withBrowser('the page', () => {
  test.each([
    { colors: 'light', width: 1280 },
    { colors: 'dark', width: 390 },
  ] as const)(
    'shows what is chosen, dropped and pasted, quiet and accessible: $colors, $width pixels',
    async (look) => {
      const { page, complaints, requests, axe, tooWide, close } = await openUrl(served.url, look);
      expect(await axe()).toEqual([]);
      await page.locator('#files').setInputFiles(IMAGES.slice(0, 2));
      await done(page, 2);
      await page.evaluate(give('drop', ['dropped.jpg', 'too.jpg']));
      await done(page, 4);
      await page.evaluate(give('paste', ['pasted.png']));
      await done(page, 5);
      const names = await page.locator('.result h3').allTextContents();
      expect(names).toEqual([
        'pasted.png',
        'too.jpg',
        'dropped.jpg',
        ...IMAGES.slice(0, 2)
          .map((file) => path.basename(file))
          .reverse(),
      ]);
      const expected = await ask(served, '/predict', {
        body: fs.readFileSync(IMAGE),
        headers: { 'Content-Type': 'image/jpeg' },
      });
      const percent = `${(expected.body.probability * 100).toFixed(1)} %`;
      expect(await page.locator('.verdict').first().textContent()).toBe(`${expected.body.class} ${percent}`);
      expect(await page.locator('.scores').first().locator('li').count()).toBe(2);

      const picture = page.locator('.picture img').first();
      const overlay = await picture.getAttribute('src');
      expect(await picture.getAttribute('alt')).toContain('pasted.png');
      await page.locator('#evidence').uncheck();
      expect(await picture.getAttribute('src')).not.toBe(overlay);
      expect(await page.evaluate('[...document.images].every((one) => one.complete && one.naturalWidth === 384)')).toBe(
        true,
      );
      expect(await axe()).toEqual([]);
      expect(await tooWide()).toEqual([]);
      expect(complaints).toEqual([]);
      expect(requests.filter((url) => !url.startsWith(served.url))).toEqual([]);
      await page.locator('#clear').click();
      expect(await page.locator('.result').count()).toBe(0);
      await close();
    },
  );

  test('keeps a correction by keyboard alone, with its bytes', async () => {
    const { page, complaints, axe, close } = await openUrl(served.url);
    await page.evaluate(give('drop', ['wrong.jpg']));
    await done(page, 1);
    await page.locator('.result select').focus();
    await page.keyboard.type('bees');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('.note.good').waitFor();
    expect(await page.locator('.note').textContent()).toBe('Saved as bees for the next training.');
    expect(await page.locator('#count').textContent()).toBe('1 image, 1 correction');
    const [kept = ''] = fs.readdirSync(path.join(corrected, 'bees'));
    expect(fs.readFileSync(path.join(corrected, 'bees', kept)).equals(fs.readFileSync(IMAGE))).toBe(true);
    expect(await axe()).toEqual([]);
    expect(complaints).toEqual([]);
    await close();
  });

  test('shows hostile names as they are, and says what is wrong with a file', async () => {
    const { page, complaints, close } = await openUrl(served.url);
    const names = HOSTILE.map((name) => name.replace('\ud800', ''));
    await page.evaluate(give('drop', names));
    await done(page, names.length);
    const shown = await page.locator('.result h3').allTextContents();
    expect(shown.reverse()).toEqual(names);
    expect(complaints).toEqual([]);
    await page.locator('#files').setInputFiles(path.join(__dirname, '..', '..', 'package.json'));
    await page.locator('.result .bad').waitFor();
    expect(await page.locator('.result .bad').textContent()).toBe(
      "The image can't be read: not an image of a supported format.",
    );
    await close();
  });

  test('asks what it knows of the model again where that could not be had', async () => {
    const { page, close } = await openUrl(served.url);
    const ways: ((route: Route) => Promise<void>)[] = [
      (route) => route.abort(),
      (route) => route.fulfill({ status: 503, json: { error: { code: 'BUSY', message: 'The server is busy' } } }),
      (route) => route.fulfill({ status: 200, contentType: 'application/json', body: '{"explain":' }),
    ];
    const gone = "The server can't be reached: is it still running?";
    for (const [i, said] of [gone, 'The server is busy.', gone].entries()) {
      await page.route('**/model', (route) => ways[i]?.(route));
      await page.reload();
      await page.evaluate(give('drop', ['early.jpg']));
      await page.locator('.result .bad').waitFor();
      expect(await page.locator('.result .bad').textContent()).toBe(said);
      await page.unroute('**/model');
      await page.locator('.result button', { hasText: 'Try again' }).click();
      await page.locator('.result .verdict').waitFor();
      // What the model can do is known now.
      expect(await page.locator('#evidence').isVisible()).toBe(true);
      expect(await page.locator('.picture img').count()).toBe(1);
    }
    await close();
  });

  test('waits where the queue is full, with what it predicts and with what it corrects', async () => {
    const narrow = await serve(path.join(tmp, 'run'), '--queue', '1', '--corrections', path.join(tmp, 'narrow'));
    const { page, complaints, close } = await openUrl(narrow.url);
    const names = ['1.jpg', '2.jpg', '3.jpg', '4.jpg'];
    await page.evaluate(give('drop', names));
    await done(page, names.length);
    expect(await page.locator('.result .bad').allTextContents()).toEqual([]);
    expect(await page.locator('.result .verdict').count()).toBe(names.length);
    const full = { error: { code: 'QUEUE_FULL', message: 'Too many images are waiting; try again later' } };
    await page.route('**/corrections?*', (route) => route.fulfill({ status: 503, json: full }), { times: 2 });
    await page.locator('.result select').first().selectOption('bees');
    await page.locator('.result form button').first().click();
    await page.locator('.note.good').waitFor();
    expect(complaints.filter((one) => !one.includes('503'))).toEqual([]);
    await close();
  });

  test('says so where the server is gone, and where there are no scripts', async () => {
    const other = await serve(path.join(tmp, 'run'));
    const { page, close } = await openUrl(other.url);
    expect(await page.locator('body').textContent()).not.toContain('--corrections');
    other.child.kill('SIGTERM');
    await other.ended;
    await page.evaluate(give('drop', ['late.jpg']));
    await page.locator('.result .bad').waitFor();
    expect(await page.locator('.result .bad').textContent()).toBe("The server can't be reached: is it still running?");
    expect(await page.locator('.result button', { hasText: 'Try again' }).count()).toBe(1);
    await close();
    const plain = await openUrl(served.url, { scripts: false });
    expect(await plain.page.locator('.without-script').isVisible()).toBe(true);
    expect(await plain.page.locator('.drop').isVisible()).toBe(false);
    await plain.close();
  });
});
