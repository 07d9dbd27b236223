import fs from 'node:fs';
import net, { type AddressInfo, type Socket } from 'node:net';
import path from 'node:path';
import { download, type DownloadEvent, type Tuning } from '../../lib/download';
import type { ResnetFtError } from '../../lib/errors';
import { scratch } from '../cli/run';
import { someBytes } from './server';

// Servers that are alive, and never come to an end.

const FAST = { retries: 1, backoff: 2, longestPause: 20, stall: 1000, connect: 1000, staleLock: 2000 };
const folder = scratch();
const servers: net.Server[] = [];
const sockets = new Set<Socket>();
let files = 0;

afterAll(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
});

/** A server on a bare connection; `count` is the number of connections so far. */
async function bareServer(answer: (socket: Socket, count: number) => void): Promise<string> {
  let count = 0;
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).once('data', () => answer(socket, ++count));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/w.pth`;
}

/** Writes a text again and again, as fast as it is taken or one in so many milliseconds, until the connection closes. */
function repeat(socket: Socket, text: string | Buffer, pause = 0): void {
  const write = (): void => {
    if (socket.destroyed) return;
    if (pause > 0) socket.write(text, () => setTimeout(write, pause));
    else if (socket.write(text)) setImmediate(write);
    else socket.once('drain', write);
  };
  write();
}

async function failure(
  url: string,
  tuning: Partial<Tuning>,
): Promise<{ error: ResnetFtError; events: DownloadEvent[] }> {
  const events: DownloadEvent[] = [];
  const onProgress = (event: DownloadEvent): void => void events.push(event);
  const file = path.join(folder, `file-${++files}`);
  const error = await download({ url, file, onProgress, tuning: { ...FAST, ...tuning } }).then(
    () => undefined,
    (caught: unknown) => caught as ResnetFtError,
  );
  expect(error).toMatchObject({ code: 'DOWNLOAD_FAILED' });
  return { error: error as ResnetFtError, events };
}

test('one that sends next to nothing is given up', async () => {
  const url = await bareServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n');
    repeat(socket, 'x', 20);
  });
  const { error, events } = await failure(url, { window: 300 });
  expect(error.message).toMatch(/only \d+ bytes came in 0.\d s, and 300 are expected every 0.3 s$/);
  expect(events.filter(({ kind }) => kind === 'retry')).toHaveLength(1);
});

test('one that breaks off after a few bytes each time is given up, though each of them is new', async () => {
  let asked = 0;
  const url = await bareServer((socket, count) => {
    asked = count;
    const range = `206 Partial Content\r\nContent-Range: bytes ${count - 1}-999/1000\r\nContent-Length: ${1001 - count}`;
    const head = count === 1 ? '200 OK\r\nContent-Length: 1000' : range;
    socket.write(`HTTP/1.1 ${head}\r\nETag: "a"\r\n\r\nx`, () => setTimeout(() => socket.destroy(), 50));
  });
  await failure(url, { retries: 3 });
  expect(asked).toBe(4);
});

test.each([
  [
    'replies that only inform',
    'HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n',
    /one interim reply after another/,
  ],
  ['headers', 'X-Header: of no use\r\n', /./],
])('one that sends %s for ever is given up before it has sent much', async (_what, text, reason) => {
  let sent = 0;
  const url = await bareServer((socket) => {
    if (!text.startsWith('HTTP')) socket.write('HTTP/1.1 200 OK\r\n');
    repeat(socket, text);
    socket.on('close', () => (sent += socket.bytesWritten));
  });
  const { error } = await failure(url, {});
  expect(error.message).toMatch(reason);
  expect(sent).toBeLessThan(8_000_000);
});

test.each([
  ['replies that only inform', 'HTTP/1.1 103 Early Hints\r\n\r\n', 400],
  ['the body of a redirection', 'HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 10000000\r\n\r\n', 0],
])('one that takes for ever over %s is given up', async (_what, text, pause) => {
  const url = await bareServer((socket) => {
    if (pause > 0) return repeat(socket, text, pause);
    socket.write(text);
    repeat(socket, 'x', 20);
  });
  const { error } = await failure(url, { stall: 500, retries: 0 });
  expect(error.message).toMatch(/no answer came within 2 s/);
});

test('what the disk is too slow for is not piled up in memory', async () => {
  const body = someBytes(64_000_000);
  let server: Socket | undefined;
  const url = await bareServer((socket) => {
    server = socket;
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`);
    socket.end(body);
  });
  const file = path.join(folder, 'slow-disk');
  let ahead = 0;
  const handle = await fs.promises.open(path.join(folder, 'any'), 'w');
  const prototype = Object.getPrototypeOf(handle) as typeof handle;
  await handle.close();
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const original = prototype.write;
  let written = 0;
  const slow = jest.spyOn(prototype, 'write').mockImplementation(async function (this: unknown, ...args: unknown[]) {
    // Long enough for all of it to come, if it were read.
    if (written === 0) await new Promise((resolve) => setTimeout(resolve, 500));
    const sent = (server?.bytesWritten ?? 0) - (server?.writableLength ?? 0);
    ahead = Math.max(ahead, sent - written);
    const result = await (original as (...all: unknown[]) => Promise<{ bytesWritten: number }>).apply(this, args);
    written += result.bytesWritten;
    return result as never;
  });
  try {
    await download({ url, file, tuning: { ...FAST, stall: 5000 } });
  } finally {
    slow.mockRestore();
  }
  expect(fs.readFileSync(file).equals(body)).toBe(true);
  // The system's own buffers of both ends are among it.
  expect(ahead).toBeLessThan(32_000_000);
});
