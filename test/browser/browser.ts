import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';

/** The system's browser (Debian's package `chromium`); RESNET_FT_TEST_CHROMIUM names another. Nothing is downloaded. */
const CHROMIUM = [process.env.RESNET_FT_TEST_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser']
  .filter((file) => file !== undefined)
  .find((file) => fs.existsSync(file));

const AXE = path.join(path.dirname(require.resolve('axe-core/package.json')), 'axe.min.js');

/** `describe` where there is a browser; else the tests are skipped, and a line says why. */
export const withBrowser = CHROMIUM === undefined ? describe.skip : describe;
if (CHROMIUM === undefined)
  process.stderr.write('no Chromium: tests of pages are skipped (apt-get install chromium)\n');

/** How a page is looked at. */
export interface Look {
  /** Pixels; default 1280. */
  width?: number;
  colors?: 'light' | 'dark';
  media?: 'screen' | 'print';
  /** Default yes. */
  scripts?: boolean;
}

/** A page that is open, and what it did. */
export interface Opened {
  page: Page;
  /** Errors and warnings of the console, exceptions, and refusals of the Content-Security-Policy. */
  complaints: string[];
  /** Addresses that were asked for beside the page itself; pictures within it count for none. */
  requests: string[];
  /** What axe finds that is serious or critical: `rule: element`. */
  axe: () => Promise<string[]>;
  /** Whether it can be scrolled sideways, and which elements stick out. */
  tooWide: () => Promise<string[]>;
  close: () => Promise<void>;
}

let browser: Promise<Browser> | undefined;
afterAll(async () => (await browser)?.close());

/** Opens a file in the browser as a double click would. */
export const openPage = (file: string, look: Look = {}): Promise<Opened> => openUrl(pathToFileURL(file).href, look);

/** Opens an address. */
export async function openUrl(url: string, look: Look = {}): Promise<Opened> {
  browser ??= chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox', '--disable-gpu'] });
  const context = await (
    await browser
  ).newContext({
    viewport: { width: look.width ?? 1280, height: 900 },
    colorScheme: look.colors ?? 'light',
    javaScriptEnabled: look.scripts ?? true,
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => {
    complaints.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    const asked = request.url();
    if (asked !== url && !asked.startsWith('data:')) requests.push(asked);
  });
  // What the policy has held back did not leave the page; the console tells of it.
  page.on('requestfailed', (request) => {
    if (request.failure()?.errorText === 'csp') requests.splice(requests.lastIndexOf(request.url()), 1);
  });
  if (look.media !== undefined) await page.emulateMedia({ media: look.media });
  await page.goto(url);
  return {
    page,
    complaints,
    requests,
    axe: () => axe(page),
    tooWide: () => tooWide(page),
    close: () => context.close(),
  };
}

interface AxeResults {
  violations: { id: string; impact: string | null; nodes: { html: string }[] }[];
}

async function axe(page: Page): Promise<string[]> {
  // Beside the page's policy, as a person's own tools are.
  await page.evaluate(fs.readFileSync(AXE, 'utf8'));
  const { violations } = await page.evaluate<AxeResults>('axe.run(document)');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 200)}`));
}

async function tooWide(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll('body *')]
      .filter((element) => element.getBoundingClientRect().right > width + 1 && !element.closest('.scroll'))
      .map((element) => element.outerHTML.slice(0, 120));
  })()`);
}
