import fs from 'node:fs';
import path from 'node:path';
import { html, trusted } from '../../lib/html/html';
import { page } from '../../lib/html/page';
import { imageUrl } from '../../lib/html/url';
import { openPage, withBrowser } from '../browser/browser';
import { scratch } from '../cli/run';
import { HOSTILE } from './hostile';

const tmp = scratch();
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=',
  'base64',
);

function write(name: string, text: string): string {
  const file = path.join(tmp, name);
  fs.writeFileSync(file, text);
  return file;
}

/** A page with everything that the style sheet knows. */
const everything = (): string =>
  page({
    title: HOSTILE.join(' '),
    script: "document.documentElement.classList.add('scripted');",
    body: html`<main>
      <h1>Report</h1>
      <p class="dim">${HOSTILE[0]} <a href="${imageUrl('png', PIXEL)}">picture</a></p>
      <p class="warning">One is <span class="bad">bad</span>, one is <span class="good">good</span>.</p>
      <dl class="cards">
        <div>
          <dt>Accuracy</dt>
          <dd class="big">90 %</dd>
        </div>
      </dl>
      <div class="scroll" tabindex="0" role="region" aria-label="Classes">
        <table>
          <thead>
            <tr>
              <th scope="col" aria-sort="ascending"><button>Class</button></th>
              <th scope="col">n</th>
            </tr>
          </thead>
          <tbody>
            ${HOSTILE.map(
              (name) =>
                html`<tr>
                  <th scope="row">${name}</th>
                  <td class="number">1</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
      <div class="controls needs-script">
        <button id="b">Show</button><label>Find <input type="search" /></label>
      </div>
      <ul class="gallery">
        ${HOSTILE.map(
          (name) =>
            html`<li>
              <figure>
                <img src="${imageUrl('png', PIXEL)}" alt="${name}" />
                <figcaption>${name}</figcaption>
              </figure>
            </li>`,
        )}
      </ul>
      <pre><code>resnet-ft train</code></pre>
    </main>`,
  });

test('the frame refuses a script or a style sheet that would end its element', () => {
  expect(() => page({ title: '', body: html``, script: 'x = "</SCRIPT>"' })).toThrow();
  expect(() => page({ title: '', body: html``, style: '</style>' })).toThrow();
});

withBrowser('a page', () => {
  const file = write('page.html', everything());

  test.each([
    { colors: 'light', width: 1280 },
    { colors: 'dark', width: 390 },
  ] as const)('of hostile names is whole, quiet and accessible: $colors, $width pixels', async (look) => {
    const { page: open, complaints, requests, axe, tooWide, close } = await openPage(file, look);
    expect(await open.locator('tbody th').count()).toBe(HOSTILE.length);
    expect(await open.locator('tbody th').first().textContent()).toBe(HOSTILE[0]);
    expect(await open.locator('main > script, [onerror], [onload], [onfocus]').count()).toBe(0);
    expect(await open.locator('#b').isVisible()).toBe(true);
    const broken = await open.evaluate(
      '[...document.images].filter((image) => !image.complete || image.naturalWidth === 0).length',
    );
    expect(broken).toBe(0);
    expect(complaints).toEqual([]);
    expect(requests).toEqual([]);
    expect(await axe()).toEqual([]);
    expect(await tooWide()).toEqual([]);
    await close();
  });

  test('without scripts hides what needs them', async () => {
    const { page: open, complaints, close } = await openPage(file, { scripts: false });
    expect(await open.locator('#b').isVisible()).toBe(false);
    expect(complaints).toEqual([]);
    await close();
  });

  test('runs and loads nothing that came in by a name, even where it was not escaped', async () => {
    const body = trusted(
      '<img src=x onerror="alert(1)"><script>alert(2)</script><p style="color:red">x</p><svg onload="alert(3)"></svg>' +
        '<img src="https://example.org/x.png"><iframe src="https://example.org/"></iframe><form action="https://example.org/"></form>',
    );
    const { page: open, complaints, requests, close } = await openPage(write('raw.html', page({ title: 'x', body })));
    await open.waitForTimeout(200);
    expect(requests).toEqual([]);
    expect(complaints.filter((text) => text.startsWith('a dialog'))).toEqual([]);
    // The helper sees what the policy refuses: each kind once at least.
    for (const directive of ['script-src', 'style-src', 'img-src', 'default-src']) {
      expect(complaints.some((text) => text.includes(directive))).toBe(true);
    }
    await close();
  });
});
