import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SSEStreamingApi } from 'hono/streaming';
import { openUrl, withBrowser } from '../browser/browser';
import { records, run, scratch } from '../cli/run';
import { callApi } from '../predict/call-api';
import type { EpochRecord, StepRecord, TrainEvent } from '../../lib/train/events';
import { LivePage } from '../../lib/watch/live-page';
import { LiveRun } from '../../lib/watch/live-run';
import { partOf } from '../../lib/watch/page';
import { watchTraining, type Watch } from '../../lib/watch/watch';
import { makeRun } from '../report/made-run';
import { slowRows } from '../slow';
import { SMALL_RUN } from '../train/small-run';

const tmp = scratch();
const open: Watch[] = [];
afterAll(() => Promise.all(open.map((watch) => watch.end())));

async function watched(): Promise<Watch> {
  const watch = await watchTraining();
  open.push(watch);
  return watch;
}

interface Answer {
  status: number;
  text: string;
  headers: http.IncomingHttpHeaders;
}

/** Asks as a program may, with any header fields. */
function ask(url: string, { method = 'GET', headers = {} }: http.RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (more: string) => (text += more));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }));
    });
    request.on('error', reject).end();
  });
}

/** A training's beginning, over the folder of a run that was made. */
async function begun(name: string, names: readonly string[] = ['ants', 'bees']): Promise<TrainEvent> {
  const { folder } = await makeRun(tmp, name, {
    classes: names,
    files: ['a.png', 'b.png'],
    epochs: 2,
    finished: false,
    notes: ['said before'],
  });
  return { kind: 'start', output: folder, epochs: 4, steps: 12, stepsPerEpoch: 3, images: 24, valImages: 4 };
}

const step = (number: number, loss = 0.5): StepRecord => ({
  ...{ kind: 'step', epoch: Math.ceil(number / 3), step: number },
  ...{ loss, lr: 0.01, images: 8 },
});
const epoch = (number: number, valAccuracy: number, valLoss = 0.6): EpochRecord => ({
  ...{ kind: 'epoch', epoch: number, trainLoss: 0.4, trainAccuracy: 0.9 },
  ...{ valLoss, valAccuracy, seconds: 2 },
});

test('the best of epochs with the same accuracy is that which training keeps: of the least loss', async () => {
  const live = new LiveRun();
  await live.see(await begun('equal'));
  for (const [i, loss] of [0.7, 0.4, NaN, 0.5].entries()) await live.see(epoch(i + 1, 0.875, loss));
  const figures = partOf('figures', { live, label: undefined, ended: undefined }).toString();
  expect(figures).toContain('best 87.5 %, epoch 2');
});

test('however short the epochs are, the training hardly waits for its curves to be drawn, and they are whole at the end', async () => {
  const page = new LivePage();
  const curves: string[] = [];
  let end = false;
  const stream = {
    writeSSE: ({ event, data }: { event: string; data: string }) => {
      if (event === 'page') return Promise.resolve();
      if (event === 'end') end = true;
      else curves.push(...((JSON.parse(data) as { curves?: string }).curves === undefined ? [] : [data]));
      return Promise.resolve();
    },
    onAbort: () => {},
  };
  const start = await begun('short');
  page.see({ ...start, epochs: 400 } as TrainEvent);
  while (page.page().includes('It has not begun yet.')) await sleep(5);
  for (const _ of [1, 2]) void page.follow(stream as unknown as SSEStreamingApi);
  const begin = performance.now();
  for (let number = 3; number <= 400; number++) {
    page.see(step(3 * number));
    page.see(epoch(number, 0.5));
    await sleep(1);
  }
  const seconds = (performance.now() - begin) / 1000;
  expect(curves.length).toBeLessThanOrEqual(2 * (2 + Math.ceil(seconds)));
  await page.end(undefined);
  expect(end).toBe(true);
  expect(curves.at(-1)).toContain('>400<');
});

/** How long the end of a training waits for its pages, in milliseconds. */
async function timeToEnd(watch: Watch): Promise<number> {
  const started = performance.now();
  await watch.end();
  return performance.now() - started;
}

/** The address of what a page follows. */
const eventsOf = (watch: Watch): string => watch.url.replace('/?', '/events?');

test('who asks for the head alone is none that looks, for whom the end would wait', async () => {
  const watch = await watched();
  const { status, text, headers } = await ask(eventsOf(watch), { method: 'HEAD' });
  expect([status, text, headers['content-type']]).toEqual([200, '', 'text/event-stream']);
  expect(await ask(watch.url, { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
  expect(await timeToEnd(watch)).toBeLessThan(900);
});

test('a page that was loaded just before the end hears of it; for one that never asks the end waits a second', async () => {
  const late = await watched();
  await ask(late.url);
  const ended = timeToEnd(late);
  await sleep(100);
  const request = http.get(eventsOf(late), { agent: false });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let said = '';
  for await (const chunk of response.setEncoding('utf8')) {
    said += String(chunk);
    if (said.includes('event: end\ndata: stay\n\n')) break;
  }
  expect(said).toMatch(/event: parts[^]*event: end\ndata: stay\n\n$/);
  request.destroy();
  expect(await ended).toBeLessThan(900);

  const scriptless = await watched();
  await ask(scriptless.url);
  expect(await timeToEnd(scriptless)).toBeLessThan(1900);
});

test('a page that takes nothing any more, as that of a computer which sleeps, does not hold up the end', async () => {
  const page = new LivePage();
  let told = 0;
  // What the page of such a computer is: a connection that stays, and whose buffers are full.
  const stuck = {
    writeSSE: () => {
      told++;
      return new Promise(() => {});
    },
    onAbort: () => {},
  };
  void page.follow(stuck as unknown as SSEStreamingApi);
  page.see(await begun('stuck'));
  for (const number of [1, 2]) {
    page.see(step(3 * number));
    page.see(epoch(number, 0.5));
    await sleep(50);
  }
  await page.end(undefined);
  // Nor does anything pile up for it.
  expect(told).toBe(1);
});

test('a page that is open keeps no program running', async () => {
  const ended = callApi(
    async ({ api }, begin) => {
      const client = await import('node:http');
      const busy = setInterval(() => {}, 1000);
      const watch = await api.watchTraining();
      watch.see(begin);
      const said = await new Promise<string>((resolve) => {
        const request = client.get(watch.url.replace('/?', '/events?'), { agent: false });
        request.on('socket', (socket) => socket.unref());
        request.on('response', (response) => response.once('data', (chunk: Buffer) => resolve(String(chunk))));
      });
      clearInterval(busy);
      // Reached where something else keeps the program running.
      setTimeout(() => process.exit(3), 10_000).unref();
      return said.split('\n')[0];
    },
    await begun('left-open'),
  );
  expect(await ended).toBe('event: parts');
});

test('the end is waited for, also where nothing else keeps the program running', async () => {
  const told = await callApi(async ({ root }) => {
    const { LivePage: Page } = (await import(`${root}/dist/watch/live-page.js`)) as { LivePage: typeof LivePage };
    const page = new Page();
    // It takes nothing any more.
    const stuck = { writeSSE: () => new Promise(() => {}), onAbort: () => {} };
    void page.follow(stuck as never);
    await page.end(undefined);
    return 'ended';
  }, {});
  expect(told).toBe('ended');
});

describe('who is let in', () => {
  let watch: Watch;
  let port: string;
  beforeAll(async () => {
    watch = await watched();
    port = new URL(watch.url).port;
  });

  test('the whole address is enough, by either name of this computer, and through another port', async () => {
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, 'localhost:9000', '127.0.0.1']) {
      const { status, text, headers } = await ask(watch.url, { headers: { host } });
      expect([host, status]).toEqual([host, 200]);
      expect(text).toContain('<h1>A training</h1>');
      // It stands in the address alone, which no other site is told.
      expect(text + JSON.stringify(headers)).not.toContain(new URL(watch.url).searchParams.get('token'));
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "frame-ancestors 'none'",
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'cross-origin-resource-policy': 'same-origin',
      });
    }
  });

  test.each([
    ['no token', (url: string) => url.replace(/\?.*/, ''), {}, 403, /lacks its token/],
    ['another token', (url: string) => `${url}x`, {}, 403, /token in this address is wrong/],
    [
      'a token of the same length',
      (url: string) => url.replace(/.$/, (c) => (c === 'a' ? 'b' : 'a')),
      {},
      403,
      /token in this address is wrong/,
    ],
    ['a name that was pointed here', (url: string) => url, { host: 'evil.example' }, 403, /this computer alone/],
    ['a name that begins like ours', (url: string) => url, { host: 'localhost.evil.example' }, 403, /computer alone/],
    [
      'the page of another site',
      (url: string) => url,
      { origin: 'http://evil.example' },
      403,
      /other sites are refused/,
    ],
    ['another port of ours', (url: string) => url, { origin: 'http://127.0.0.1:1' }, 403, /other sites are refused/],
    [
      'a link from another site',
      (url: string) => url,
      { 'sec-fetch-site': 'cross-site' },
      403,
      /other sites are refused/,
    ],
    ['the events without a token', (url: string) => url.replace(/\/\?.*/, '/events'), {}, 403, /token/],
    ['the report without a token', (url: string) => url.replace(/\/\?.*/, '/report'), {}, 403, /token/],
    ['the report before there is one', (url: string) => url.replace('/?', '/report?'), {}, 404, /no report/],
    ['a file of this computer', (url: string) => url.replace('/?', '/../../etc/passwd?'), {}, 404, /no such page/],
  ])('%s: refused', async (_, urlOf, headers, status, message) => {
    const answer = await ask(urlOf(watch.url), { headers });
    expect(answer.status).toBe(status);
    expect(answer.text).toMatch(message);
    expect(answer.text).not.toContain('<h1>');
  });

  test('it is only read, and only this computer is listened to', async () => {
    expect(await ask(watch.url, { method: 'POST' })).toMatchObject({ status: 405, text: 'This page is read-only.' });
    expect(await ask(watch.url, { method: 'OPTIONS' })).toMatchObject({ status: 405 });
    // The kernel's own list of what listens: the address is 127.0.0.1, as it writes it.
    const listening = fs.readFileSync('/proc/net/tcp', 'utf8') + fs.readFileSync('/proc/net/tcp6', 'utf8');
    const hex = Number(port).toString(16).toUpperCase().padStart(4, '0');
    const places = listening.split('\n').flatMap((line) => {
      const [, local = '', , state] = line.trim().split(/\s+/);
      return state === '0A' && local.endsWith(`:${hex}`) ? [local] : [];
    });
    expect(places).toEqual([`0100007F:${hex}`]);
  });

  test('who says nothing, or too much, is put out, so that others of this computer cannot keep the page to themselves', async () => {
    const silent = Array.from({ length: 64 }, () =>
      net
        .connect(Number(port), '127.0.0.1')
        .on('error', () => {})
        .resume(),
    );
    await Promise.all(silent.map((socket) => once(socket, 'close')));
    expect(await ask(watch.url)).toMatchObject({ status: 200 });
    expect(await ask(watch.url, { headers: { x: 'a'.repeat(20_000) } })).toMatchObject({ status: 431 });
  });

  test('a port that is taken is named', async () => {
    await expect(watchTraining({ port: Number(port) })).rejects.toMatchObject({
      code: 'ADDRESS_UNAVAILABLE',
      message: `127.0.0.1:${port} is in use by another program`,
      hint: 'Choose another with port, or 0 for any that is free',
    });
    const taken = net.createServer().listen(0, '127.0.0.1').unref();
    await once(taken, 'listening');
    const used = String((taken.address() as AddressInfo).port);
    const outcome = await run([
      ...SMALL_RUN,
      '--steps',
      '1',
      '--output',
      path.join(tmp, 'taken'),
      '--watch',
      '--watch-port',
      used,
    ]);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('is in use by another program');
    expect(fs.existsSync(path.join(tmp, 'taken'))).toBe(false);
    taken.close();
    const without = await run([...SMALL_RUN, '--watch-port', '8080']);
    expect(without).toMatchObject({ code: 2, stderr: expect.stringContaining('--watch-port needs --watch') });
  });
});

withBrowser('the live page', () => {
  test.each([{ width: 390, colors: 'dark' as const }, ...slowRows({ width: 1280, colors: 'light' as const })])(
    'follows a training, and turns into its report: $width pixels',
    async (look) => {
      const watch = await watched();
      const opened = await openUrl(watch.url, look);
      const { page, complaints } = opened;
      const text = (id: string): Promise<string> => page.locator(id).innerText();
      const has = (id: string, part: string): Promise<void> => page.locator(id, { hasText: part }).waitFor();
      watch.see({ kind: 'crops', done: 5, total: 20 });
      await has('#status', 'Reading images: 5 of 20');

      const start = await begun(`run-${look.width}`);
      watch.see({ kind: 'note', note: 'a <b>note</b>' });
      watch.see(start);
      // The folder's run had two epochs, which it goes on from.
      await has('h1', `run-${look.width}`);
      // What the run said before, and says now, in one place.
      watch.see({ kind: 'note', note: 'said before' });
      watch.see({ kind: 'note', note: 'said after' });
      await has('#notes', 'said after');
      expect(await page.locator('#notes li').allTextContents()).toEqual(['a <b>note</b>', 'said before', 'said after']);
      expect(await page.locator('main').innerText()).not.toContain('said on its way');
      expect(await page.locator('#batches img').count()).toBe(1);
      expect(await text('#recipe')).toContain('for up to 2 epochs of 3 steps');
      const points = async (): Promise<number> =>
        JSON.parse((await page.locator('[data-plot]').first().getAttribute('data-plot')) ?? '').curves[0].points.length;
      expect(await points()).toBe(2);

      watch.see(step(7, 0.4));
      await has('#status', 'Epoch 3 of 4: step 1 of 3');
      watch.see(step(8));
      await has('#status', 'training images a second');
      await has('#status', 'to go');
      watch.see(step(9));
      await has('#status', 'Epoch 3 of 4: validating 4 images');
      watch.see(epoch(3, 0.875));
      await has('#figures', '87.5 %');
      // For those who listen: each epoch, and not the steps, of which there is news each second.
      expect(await text('[role=status]')).toBe('Epoch 3 is done: validation accuracy 87.5 %');
      expect(await page.locator('[role=status], [aria-live]').count()).toBe(1);
      while ((await points()) < 3) await sleep(50);
      // What a reader has opened stays open.
      await page.locator('#curves summary').click();
      // And stays where it is: what has the focus, and how far a table is scrolled.
      await page.evaluate(`document.querySelector('#curves .scroll').scrollLeft = 40`);
      const scrolled = (): Promise<number> => page.evaluate(`document.querySelector('#curves .scroll').scrollLeft`);
      const far = await scrolled();
      if (look.width === 390) expect(far).toBe(40);
      expect(await page.evaluate('document.activeElement.localName')).toBe('summary');
      watch.see(step(10));
      watch.see(step(11));
      watch.see(step(12));
      watch.see(epoch(4, 0.5));
      await has('#curves tbody tr:nth-child(4)', '50.0 %');
      expect(await page.locator('#curves details').getAttribute('open')).not.toBeNull();
      expect(await page.evaluate('document.activeElement.localName')).toBe('summary');
      expect(await scrolled()).toBe(far);
      expect(await text('#figures')).toMatch(/50\.0 %\s+best 87\.5 %, epoch 3/);
      const before = { loss: { before: 0.9, after: 0.5 }, error: { before: 0.2, after: 0.1 } };
      watch.see({ kind: 'calibrated', temperature: 1.5, images: 40, ...before });
      await has('#notes', 'temperature 1.500, fitted on 40 validation images');
      expect(await opened.axe()).toEqual([]);
      expect(await opened.tooWide()).toEqual([]);

      const { output } = start as Extract<TrainEvent, { kind: 'start' }>;
      await makeRun(tmp, path.basename(output), { classes: ['ants', 'bees'], files: ['a.png', 'b.png'], epochs: 4 });
      expect(await run(['report', output])).toMatchObject({ code: 0 });
      watch.see({ kind: 'report', file: path.join(output, 'report.html') });
      await watch.end();
      await page.waitForURL(/\/report\?/);
      await has('h2', 'Commands');
      expect(complaints).toEqual([]);
      await opened.close();
    },
  );

  test('without scripts it shows how far the training was, and says so', async () => {
    const watch = await watched();
    watch.see(await begun('scriptless'));
    watch.see(step(7));
    watch.see(step(8));
    while (!(await ask(watch.url)).text.includes('step 2 of 3')) await sleep(20);
    const opened = await openUrl(watch.url, { scripts: false });
    expect(await opened.page.locator('main').innerText()).toMatch(/Epoch 3 of 4: step 2 of 3[^]*Reload the page/);
    expect(await opened.page.locator('svg.chart').count()).toBe(3);
    await opened.close();
  });

  test('names are shown as they are, and nothing in them runs', async () => {
    const watch = await watched();
    const hostile = `<img src=x onerror="document.title='run'">`;
    const { page, complaints, close } = await openUrl(watch.url);
    watch.see({ kind: 'skipped', file: hostile, reason: '</script><script>document.title="run"</script>' });
    watch.see(await begun('hostile', [hostile, 'bees']));
    await page.locator('h1', { hasText: 'hostile' }).waitFor();
    await page.locator('#notes', { hasText: hostile }).waitFor();
    expect(await page.locator('header .dim').innerText()).toContain(hostile);
    expect(await page.title()).toBe('hostile');
    expect(complaints).toEqual([]);
    await close();
  });

  test('what the training is may become known between the page and its connection: the page begins anew', async () => {
    const watch = await watched();
    const version = async (): Promise<string> => /data-version="(\d+)"/.exec((await ask(watch.url)).text)?.[1] ?? '';
    const loaded = await version();
    watch.see(await begun('between'));
    while ((await version()) === loaded) await sleep(20);
    const events = `${watch.url.replace('/?', '/events?')}&version=`;
    const first = async (shown: string): Promise<string> => {
      const { body } = await fetch(`${events}${shown}`);
      const reader = body?.getReader();
      const { value } = (await reader?.read()) ?? {};
      await reader?.cancel();
      return Buffer.from(value ?? []).toString();
    };
    expect(await first(loaded)).toMatch(/^event: page$/m);
    expect(await first(await version())).toMatch(/^event: parts$/m);
  });

  test('it says what a training failed with', async () => {
    const watch = await watched();
    const { page, close } = await openUrl(watch.url);
    watch.see({ kind: 'crops', done: 1, total: 2 });
    await watch.end(new Error('There is no room on the disk'));
    await page.locator('#status .bad', { hasText: 'There is no room on the disk' }).waitFor();
    expect(await page.locator('#lost').isHidden()).toBe(true);
    await close();
  });

  test('several trainings: the page is that of the one which goes on', async () => {
    const watch = await watched();
    const { page, close } = await openUrl(watch.url);
    watch.see(await begun('one'), 'fold 1/2');
    await page.locator('h1', { hasText: 'one, fold 1/2' }).waitFor();
    watch.see(await begun('two'), 'fold 2/2');
    await page.locator('h1', { hasText: 'two, fold 2/2' }).waitFor();
    await watch.end();
    await page.locator('#status .good').waitFor();
    await close();
  });
});

withBrowser('train --watch', () => {
  test('prints where the page is; it follows the run and becomes its report, and the process ends', async () => {
    const output = path.join(tmp, 'real');
    let opened: ReturnType<typeof openUrl> | undefined;
    const outcome = await run([...SMALL_RUN, '--epochs', '3', '--watch', '--report', '--output', output, '--json'], {
      onStdout: (text) => {
        const url = /"kind":"watch","url":"([^"]+)"/.exec(text)?.[1];
        if (url !== undefined) opened ??= openUrl(url);
      },
    });
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(records(outcome.stdout)[0]).toMatchObject({ kind: 'watch' });
    const { page, complaints, close } = await (opened as ReturnType<typeof openUrl>);
    await page.waitForURL(/\/report\?/);
    expect(await page.locator('h1').innerText()).toBe('real');
    expect(await page.locator('svg.chart').count()).toBeGreaterThanOrEqual(3);
    expect(complaints).toEqual([]);
    await close();
  });

  test('a page whose process was killed says that it has lost it', async () => {
    let opened: ReturnType<typeof openUrl> | undefined;
    const args = [...SMALL_RUN, '--epochs', '50', '--watch', '--output', path.join(tmp, 'gone')];
    await run(args, {
      onStdout: (text, child) => {
        const url = /^watch it on this computer: (\S+)/.exec(text)?.[1];
        if (url === undefined || opened !== undefined) return;
        opened = openUrl(url);
        void opened.then(() => child.kill('SIGKILL'));
      },
    });
    const { page, close } = await (opened as unknown as ReturnType<typeof openUrl>);
    await page.locator('#lost', { hasText: 'No connection to the training' }).waitFor();
    await close();
  });
});
