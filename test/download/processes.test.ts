import { spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import path from 'node:path';
import { download } from '../../lib/download';
import { ROOT, scratch } from '../cli/run';
import { localServer, sendFile, sha256, someBytes } from './server';

const BODY = someBytes(400_000);
const HASH = sha256(BODY);
const TUNING = { backoff: 2, longestPause: 50, stall: 5000, connect: 1000, staleLock: 2000 };
const folder = scratch();
const server = localServer();

/** Downloads in a process of its own, with the built package. */
function startDownload(file: string): { child: ChildProcess; done: Promise<string> } {
  const request = JSON.stringify({ url: `${server.url}/w.pth`, file, sha256: HASH, tuning: TUNING });
  const code = `require('./dist/download').download(${request}).then((f) => console.log(f), (e) => console.log(e.message))`;
  const child = spawn(process.execPath, ['-e', code], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  return { child, done: new Promise((resolve) => child.on('close', () => resolve(output.trim()))) };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

test('what a process that was killed has brought is not asked for again, and its lock is taken over', async () => {
  const file = path.join(folder, 'killed', 'w.pth');
  server.answer((_request, response) => {
    response.writeHead(200, { etag: '"e"', 'content-length': BODY.length }).write(BODY.subarray(0, 150_000));
  });
  const { child, done } = startDownload(file);
  await until(() => fs.existsSync(`${file}.part`) && fs.statSync(`${file}.part`).size === 150_000);
  child.kill('SIGKILL');
  await done;
  expect(fs.existsSync(file)).toBe(false);
  expect(fs.existsSync(`${file}.lock`)).toBe(true);

  server.answer((request, response) => sendFile(request, response, BODY, { etag: '"e"' }));
  await download({ url: `${server.url}/w.pth`, file, sha256: HASH, tuning: TUNING });
  expect(server.requests.map(({ headers }) => headers.range)).toEqual(['bytes=150000-']);
  expect(fs.readFileSync(file).equals(BODY)).toBe(true);
  expect(fs.readdirSync(path.dirname(file))).toEqual(['w.pth']);
});

test('two processes at once download once', async () => {
  const file = path.join(folder, 'two', 'w.pth');
  server.answer((request, response) => void setTimeout(() => sendFile(request, response, BODY), 400));
  const [first, second] = await Promise.all([startDownload(file).done, startDownload(file).done]);
  expect([first, second]).toEqual([file, file]);
  expect(server.requests).toHaveLength(1);
  expect(fs.readdirSync(path.dirname(file))).toEqual(['w.pth']);
});

describe('where a clock was set, or the machine slept', () => {
  const HOUR = 3600;
  const now = (): number => Date.now() / 1000;
  const setTime = (lock: string, seconds: number): void => fs.utimesSync(lock, seconds, seconds);

  test('a lock of a process that was killed does not count until its time has come', async () => {
    const file = path.join(folder, 'ahead', 'w.pth');
    fs.mkdirSync(`${file}.lock`, { recursive: true });
    setTime(`${file}.lock`, now() + HOUR);
    server.answer((request, response) => sendFile(request, response, BODY));
    expect(await download({ url: `${server.url}/w.pth`, file, sha256: HASH, tuning: TUNING })).toBe(file);
    expect(fs.readdirSync(path.dirname(file))).toEqual(['w.pth']);
  });

  test('a download whose lock another has taken for old waits for it, and goes on', async () => {
    const file = path.join(folder, 'taken', 'w.pth');
    const rest: (() => void)[] = [];
    server.answer((request, response, count) => {
      if (count > 1) return sendFile(request, response, BODY, { etag: '"e"' });
      response.writeHead(200, { etag: '"e"', 'content-length': BODY.length }).write(BODY.subarray(0, 150_000));
      rest.push(() => response.end(BODY.subarray(150_000)));
    });
    const waiting: string[] = [];
    const onProgress = ({ kind }: { kind: string }): void => void (kind === 'waiting' && waiting.push(kind));
    const done = download({ url: `${server.url}/w.pth`, file, sha256: HASH, tuning: TUNING, onProgress });
    await until(() => fs.existsSync(`${file}.part`) && fs.statSync(`${file}.part`).size === 150_000);
    // As by one that took it over: not the time that its owner gave it.
    setTime(`${file}.lock`, now() + 1);
    expect(await done).toBe(file);
    expect(waiting).toEqual(['waiting']);
    expect(server.requests.map(({ headers }) => headers.range)).toEqual([undefined, 'bytes=150000-']);
    expect(fs.readFileSync(file).equals(BODY)).toBe(true);
    rest.forEach((end) => end());
  });
});

describe('through a proxy', () => {
  const asked: string[] = [];
  const NAMES = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'no_proxy', 'NO_PROXY'];
  const before = NAMES.map((name) => [name, process.env[name]] as const);
  const proxy = http.createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    http.get(request.url ?? '', { headers: request.headers }, (reply) => {
      response.writeHead(reply.statusCode ?? 500, reply.headers);
      reply.pipe(response);
    });
  });
  proxy.on('connect', (request: http.IncomingMessage, socket: Socket) => {
    asked.push(`${request.method} ${request.url}`);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });

  beforeAll(() => new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve)));
  afterAll(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  beforeEach(() => {
    asked.length = 0;
    for (const name of NAMES) delete process.env[name];
    server.answer((request, response) => sendFile(request, response, BODY));
  });
  afterEach(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  const proxyUrl = (): string => `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const get = (name: string, url = `${server.url}/w.pth`): Promise<string> =>
    download({ url, file: path.join(folder, name), sha256: HASH, tuning: { ...TUNING, retries: 0 } });

  test.each(['HTTP_PROXY', 'http_proxy'])('%s is used', async (name) => {
    process.env[name] = proxyUrl();
    await get(`by-${name}`);
    expect(asked).toEqual([`GET ${server.url}/w.pth`]);
    expect(server.requests).toHaveLength(1);
  });

  test('an https URL is asked for through a tunnel, whose refusal is told', async () => {
    process.env['HTTPS_PROXY'] = proxyUrl();
    await expect(get('tunnel', 'https://download.invalid/w.pth')).rejects.toThrow(/Proxy response \(403\)/);
    expect(asked).toEqual(['CONNECT download.invalid:443']);
  });

  test.each(['NO_PROXY', 'no_proxy'])('%s is honoured', async (name) => {
    process.env['HTTP_PROXY'] = proxyUrl();
    process.env[name] = 'localhost,127.0.0.1';
    await get(`without-${name}`);
    expect(asked).toEqual([]);
    expect(server.requests).toHaveLength(1);
  });

  test('a proxy that is no URL is named', async () => {
    process.env['HTTP_PROXY'] = 'not a proxy';
    await expect(get('none')).rejects.toThrow(/HTTP_PROXY or HTTPS_PROXY is not a URL/);
  });
});
