import fs from 'node:fs';
import type { ServerResponse } from 'node:http';
import path from 'node:path';
import { download, type DownloadEvent, type DownloadRequest } from '../../lib/download';
import { ResnetFtError } from '../../lib/errors';
import { scratch } from '../cli/run';
import { breakOff, localServer, sendFile, sha256, someBytes } from './server';

const BODY = someBytes(300_000);
const HASH = sha256(BODY);
const FAST = { backoff: 2, longestPause: 50, stall: 300, connect: 300, staleLock: 2000 };
const folder = scratch();
const server = localServer();
let files = 0;

afterEach(() => {
  delete process.env['RESNET_FT_OFFLINE'];
});

const target = (): string => path.join(folder, `file-${++files}`, 'weights.pth');

/** Downloads with little patience, and collects the events. */
async function get(
  options: Partial<DownloadRequest> = {},
): Promise<{ file: string; events: DownloadEvent[]; error?: ResnetFtError }> {
  const file = options.file ?? target();
  const events: DownloadEvent[] = [];
  const request: DownloadRequest = {
    url: `${server.url}/weights.pth`,
    sha256: HASH,
    onProgress: (event) => events.push(event),
    ...options,
    tuning: { ...FAST, ...options.tuning },
    file,
  };
  try {
    expect(await download(request)).toBe(file);
    return { file, events };
  } catch (error) {
    expect(error).toBeInstanceOf(ResnetFtError);
    return { file, events, error: error as ResnetFtError };
  }
}

/** The file is whole, and nothing else lies beside it. */
function expectOnly(file: string, body = BODY): void {
  expect(fs.readdirSync(path.dirname(file))).toEqual([path.basename(file)]);
  expect(fs.readFileSync(file).equals(body)).toBe(true);
}

function expectNothing(file: string): void {
  expect(fs.readdirSync(path.dirname(file))).toEqual([]);
}

test('a file is downloaded once, with progress, and taken from where it is afterwards', async () => {
  server.answer((request, response) => sendFile(request, response, BODY));
  const { file, events, error } = await get({ sha256: HASH.slice(0, 8) });
  expect(error).toBeUndefined();
  expectOnly(file);
  const bytes = events.filter((event) => event.kind === 'bytes');
  expect(bytes.at(-1)).toMatchObject({ received: BODY.length, total: BODY.length });
  expect((await get({ file, offline: true })).error).toBeUndefined();
  expect(server.requests).toHaveLength(1);
});

test('a connection that breaks off is taken up by Range, as long as it brings new bytes', async () => {
  server.answer((request, response, count) =>
    sendFile(request, response, BODY, count <= 4 ? { breakAfter: 40_000 } : {}),
  );
  const { file, events, error } = await get({ tuning: { retries: 2 } });
  expect(error).toBeUndefined();
  expectOnly(file);
  const ranges = server.requests.map(({ headers }) => headers.range);
  expect(ranges.slice(0, 3)).toEqual([undefined, 'bytes=40000-', 'bytes=80000-']);
  expect(server.requests[1]?.headers['if-range']).toMatch(/^"/);
  expect(events.some((event) => event.kind === 'retry')).toBe(true);
});

test('a server that ignores Range starts from the first byte', async () => {
  server.answer((_request, response, count) => {
    response.writeHead(200, { etag: '"a"', 'content-length': BODY.length });
    if (count > 1) response.end(BODY);
    else breakOff(response, BODY.subarray(0, 1000));
  });
  const { file, error } = await get();
  expect(error).toBeUndefined();
  expectOnly(file);
  expect(server.requests[1]?.headers.range).toBe('bytes=1000-');
});

test('a server that always breaks off at the same place is given up', async () => {
  server.answer((_request, response) => {
    response.writeHead(200, { 'content-length': BODY.length });
    breakOff(response, BODY.subarray(0, 1000));
  });
  const { file, error } = await get({ tuning: { retries: 2 } });
  expect(error?.code).toBe('DOWNLOAD_FAILED');
  expect(error?.message).toContain(`cannot download ${server.url}/weights.pth: `);
  expect(error?.hint).toBe(`Put the file at ${file} by hand.`);
  // The first attempt brings bytes, and is not counted with the three that bring none that are new.
  expect(server.requests).toHaveLength(3);
  expect(fs.existsSync(file)).toBe(false);
});

test('a file that changed on the server while it was downloaded is not mixed', async () => {
  const old = Buffer.from(BODY).reverse();
  server.answer((request, response, count) =>
    sendFile(request, response, count === 1 ? old : BODY, count === 1 ? { breakAfter: 5_000 } : {}),
  );
  const { file, error } = await get({ sha256: undefined });
  expect(error).toBeUndefined();
  expectOnly(file);
  expect(server.requests[1]?.headers.range).toBe('bytes=5000-');
});

test('wrong pieces from before are downloaded once again from the start', async () => {
  const file = target();
  fs.mkdirSync(path.dirname(file));
  fs.writeFileSync(`${file}.part`, Buffer.alloc(70_000));
  fs.writeFileSync(`${file}.part.json`, JSON.stringify({ url: `${server.url}/weights.pth`, total: BODY.length }));
  server.answer((request, response) => sendFile(request, response, BODY));
  expect((await get({ file })).error).toBeUndefined();
  expectOnly(file);
  expect(server.requests.map(({ headers }) => headers.range)).toEqual(['bytes=70000-', undefined]);
});

test.each([
  ['no JSON', 'garbage'],
  ['of another URL', JSON.stringify({ url: 'http://elsewhere/', total: 300_000 })],
  ['too short', JSON.stringify({ url: 'SAME', total: 10 })],
])('what an earlier download left is not used where its record is %s', async (_what, record) => {
  const file = target();
  fs.mkdirSync(path.dirname(file));
  fs.writeFileSync(`${file}.part`, BODY.subarray(0, 1000));
  fs.writeFileSync(`${file}.part.json`, record.replace('SAME', `${server.url}/weights.pth`));
  server.answer((request, response) => sendFile(request, response, BODY));
  expect((await get({ file })).error).toBeUndefined();
  expectOnly(file);
  expect(server.requests[0]?.headers.range).toBeUndefined();
});

test('wrong bytes are refused without another try, and nothing stays', async () => {
  server.answer((_request, response) => response.end(someBytes(5000)));
  const { file, error } = await get();
  expect(error?.message).toMatch(/its SHA-256 begins with [0-9a-f]+ instead of /);
  expect(server.requests).toHaveLength(1);
  expectNothing(file);
});

test('a length that is too large is found out: the file is complete when the server says so', async () => {
  server.answer((request, response) => {
    if (request.headers.range !== undefined) sendFile(request, response, BODY);
    else {
      response.writeHead(200, { 'content-length': BODY.length + 500 });
      breakOff(response, BODY);
    }
  });
  const { file, error } = await get();
  expect(error).toBeUndefined();
  expectOnly(file);
});

test('a length that is too small cuts the file, which the hash finds', async () => {
  server.answer((_request, response) => {
    response.socket?.end(`HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n${'x'.repeat(2000)}`);
  });
  const { file, error } = await get({ tuning: { retries: 1 } });
  expect(error?.code).toBe('DOWNLOAD_FAILED');
  expect(fs.existsSync(file)).toBe(false);
});

test('an answer without a length and without an end is refused once it is too long', async () => {
  server.answer((_request, response) => {
    const timer = setInterval(() => response.write(BODY), 1);
    response.on('close', () => clearInterval(timer));
  });
  const { file, error } = await get({ maxBytes: 1_000_000 });
  expect(error?.message).toMatch(/longer than 1000000 bytes/);
  expectNothing(file);
});

test.each([
  ['before an answer', (): void => {}],
  [
    'in the middle',
    (_request: unknown, response: ServerResponse): void => {
      response.writeHead(200, { 'content-length': BODY.length }).write(BODY.subarray(0, 100));
    },
  ],
])('a server that hangs %s is given up', async (_when, handler) => {
  server.answer(handler);
  const { error } = await get({ tuning: { retries: 1 } });
  expect(error?.message).toMatch(/no byte came for 0.3 s/);
});

test('503 and 429 are tried again, 404 is not', async () => {
  server.answer((request, response, count) => {
    if (count <= 2) response.writeHead(count === 1 ? 503 : 429, { 'retry-after': '1' }).end('busy');
    else sendFile(request, response, BODY);
  });
  const { file, events, error } = await get();
  expect(error).toBeUndefined();
  expectOnly(file);
  // The server asks for a second, the longest pause of this test is 50 ms.
  expect(events.filter((event) => event.kind === 'retry')).toEqual([
    expect.objectContaining({ reason: 'the server answered 503', seconds: 0.05 }),
    expect.objectContaining({ reason: 'the server answered 429', seconds: 0.05 }),
  ]);

  server.answer((_request, response) => response.writeHead(404).end());
  const missing = await get();
  expect(missing.error?.message).toMatch(/the server answered 404/);
  expect(server.requests).toHaveLength(1);
  expectNothing(missing.file);
});

test('redirections are followed, but not for ever', async () => {
  server.answer((request, response) => {
    if (request.url === '/weights.pth') response.writeHead(302, { location: '/elsewhere' }).end();
    else sendFile(request, response, BODY);
  });
  const { file, error } = await get();
  expect(error).toBeUndefined();
  expectOnly(file);

  server.answer((_request, response, count) => response.writeHead(302, { location: `/${count}` }).end());
  expect((await get()).error?.message).toMatch(/too many redirections/);
  server.answer((_request, response) => response.writeHead(302, { location: '/weights.pth' }).end());
  expect((await get()).error?.message).toMatch(/redirected in a circle/);
});

test('nobody listening, and a URL that is none', async () => {
  expect((await get({ url: 'http://127.0.0.1:1/x', tuning: { retries: 1 } })).error?.message).toMatch(/ECONNREFUSED/);
  expect((await get({ url: 'nonsense' })).error?.message).toMatch(/^cannot download nonsense: /);
});

test('offline nothing is asked for', async () => {
  server.answer((request, response) => sendFile(request, response, BODY));
  expect((await get({ offline: true })).error?.message).toMatch(/downloads are off/);
  process.env['RESNET_FT_OFFLINE'] = '1';
  expect((await get()).error?.message).toMatch(/downloads are off/);
  expect(server.requests).toHaveLength(0);
});

test('a file that is there with the wrong hash is replaced only by a good one', async () => {
  const file = target();
  fs.mkdirSync(path.dirname(file));
  fs.writeFileSync(file, 'damaged');
  expect((await get({ file, offline: true })).error?.message).toMatch(/is damaged: its SHA-256 begins with/);
  server.answer((_request, response) => response.writeHead(404).end());
  expect((await get({ file })).error?.code).toBe('DOWNLOAD_FAILED');
  expect(fs.readFileSync(file, 'utf8')).toBe('damaged');
  server.answer((request, response) => sendFile(request, response, BODY));
  const { events } = await get({ file });
  expect(events[0]).toMatchObject({ kind: 'damaged', file });
  expectOnly(file);
});

test('a disk without room is found before a byte is written', async () => {
  server.answer((request, response) => sendFile(request, response, BODY));
  const { file, error } = await get({ tuning: { freeBytes: async () => 100_000 } });
  expect(error?.message).toMatch(/it needs 0.3 MB in .*, where 0.1 MB are free/);
  expectNothing(file);
});

test('a folder that can not be made is an error, not a crash', async () => {
  const blocked = path.join(folder, 'a-file');
  fs.writeFileSync(blocked, '');
  expect((await get({ file: path.join(blocked, 'x', 'y') })).error?.code).toBe('DOWNLOAD_FAILED');
});

test('an aborted download keeps what has come, and the next one goes on', async () => {
  const abort = new AbortController();
  server.answer((_request, response) => {
    response.writeHead(200, { etag: '"e"', 'content-length': BODY.length }).write(BODY.subarray(0, 50_000));
  });
  const onProgress = (event: DownloadEvent): void => {
    if (event.kind === 'bytes' && event.received === 50_000) abort.abort();
  };
  const { file, error } = await get({ signal: abort.signal, onProgress });
  expect(error?.code).toBe('ABORTED');
  expect(fs.readdirSync(path.dirname(file)).sort()).toEqual(['weights.pth.part', 'weights.pth.part.json']);
  server.answer((request, response) => sendFile(request, response, BODY, { etag: '"e"' }));
  expect((await get({ file })).error).toBeUndefined();
  expect(server.requests[0]?.headers.range).toBe('bytes=50000-');
  expectOnly(file);
});

/** Downloads by a URL with a login; the URL, and the login that the server got. */
async function withLogin(login: string): Promise<{ url: string; sent: string }> {
  server.answer((request, response) => sendFile(request, response, BODY));
  const url = `${server.url.replace('http://', `http://${login}@`)}/weights.pth`;
  expect((await get({ url })).error).toBeUndefined();
  const [, base64 = ''] = server.requests[0]?.headers.authorization?.split(' ') ?? [];
  return { url, sent: Buffer.from(base64, 'base64').toString() };
}

test('a password with a % of its own is sent as it is', async () => {
  expect((await withLogin('me:100%')).sent).toBe('me:100%');
});

test('a password in the URL is sent, and not shown', async () => {
  const { url, sent } = await withLogin('me:s%C3%A9cret');
  expect(sent).toBe('me:sécret');
  const { error } = await get({ url, offline: true });
  expect(error?.message).not.toContain('cret');
});
