import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net, { type AddressInfo, type Socket } from 'node:net';
import path from 'node:path';
import { ROOT, scratch } from '../cli/run';
import { sha256, someBytes } from './server';

// undici 7 ends the process where a server closes the connection while the body is not being read (nodejs/undici 5360), so that
// each download has a process of its own here.

const folder = scratch();
const TUNING = { retries: 3, backoff: 2, longestPause: 50, stall: 5000, connect: 2000 };
const closing: (() => void)[] = [];
let files = 0;

afterAll(() => closing.forEach((close) => close()));

/** Downloads in a process of its own, whose reading is held up by `before`, and returns what it says. */
async function downloaded(url: string, body: Buffer, before = ''): Promise<{ said: string; file: string }> {
  const file = path.join(folder, `file-${++files}`);
  const request = JSON.stringify({ url, file, sha256: sha256(body), tuning: TUNING });
  const code = `${before}
    require('./dist/download').download(${request}).then((file) => console.log(file), (e) => console.log(e.message));`;
  const env = { ...process.env, http_proxy: '', HTTP_PROXY: '' };
  const child = spawn(process.execPath, ['-e', code], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const output of [child.stdout, child.stderr]) output.on('data', (text: Buffer) => (said += text.toString()));
  await new Promise((resolve) => child.on('close', resolve));
  return { said: said.trim(), file };
}

/** Makes every write to a file take a moment, as on a slow disk. */
const SLOW_DISK = `
  const { open } = require('node:fs/promises');
  const ready = open(process.execPath, 'r').then(async (handle) => {
    const prototype = Object.getPrototypeOf(handle);
    const { write } = prototype;
    prototype.write = async function (...args) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      return write.apply(this, args);
    };
    await handle.close();
  });`;

/** Answers on a bare connection: all of the answer at once, then the end of it. */
async function bareServer(answer: Buffer, close: (socket: Socket) => void): Promise<string> {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.write(answer, () => close(socket)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/w.pth`;
}

const LENGTHS = [65_536, 100_000, 6_000_000];

describe.each([
  ['a length', (body: Buffer): Buffer => head(`Content-Length: ${body.length}`, body)],
  ['no length', (body: Buffer): Buffer => head('X-Y: z', body)],
  [
    'a chunk',
    (body: Buffer): Buffer =>
      head(
        'Transfer-Encoding: chunked',
        Buffer.from(`${body.length.toString(16)}\r\n`),
        body,
        Buffer.from('\r\n0\r\n\r\n'),
      ),
  ],
])('a server that closes the connection after %s', (_what, answer) => {
  test.each(LENGTHS)('brings all of %i bytes', async (length) => {
    const body = someBytes(length);
    const url = await bareServer(answer(body), (socket) => socket.end());
    for (const before of ['', SLOW_DISK]) {
      const { said, file } = await downloaded(url, body, before);
      expect(said).toBe(file);
      expect(fs.readFileSync(file).equals(body)).toBe(true);
    }
  });

  test('is an error where it closes too early, or breaks off', async () => {
    const body = someBytes(1_000_000);
    const early = answer(body).subarray(0, 500_000);
    for (const close of [(socket: Socket) => socket.end(), (socket: Socket) => socket.resetAndDestroy()]) {
      const { said } = await downloaded(await bareServer(early, (socket) => void close(socket)), body, SLOW_DISK);
      expect(said).toMatch(/^cannot download http:\/\/127.0.0.1:\d+\/w.pth: .*$/);
    }
  });
});

function head(header: string, ...body: Buffer[]): Buffer {
  return Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${header}\r\nConnection: close\r\n\r\n`), ...body]);
}

test("Python's own server brings a small file and a large one", async () => {
  const bodies: Record<string, Buffer> = { small: someBytes(70_000), large: someBytes(3_000_000) };
  const served = path.join(folder, 'served');
  fs.mkdirSync(served);
  for (const [name, body] of Object.entries(bodies)) fs.writeFileSync(path.join(served, name), body);
  const python = spawn('python3', ['-u', '-m', 'http.server', '0', '--bind', '127.0.0.1', '--directory', served], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  closing.push(() => python.kill());
  const line = await new Promise<string>((resolve) =>
    python.stdout.once('data', (text: Buffer) => resolve(text.toString())),
  );
  const port = /port (\d+)/.exec(line)?.[1];
  for (const [name, body] of Object.entries(bodies)) {
    const { said, file } = await downloaded(`http://127.0.0.1:${port}/${name}`, body);
    expect(said).toBe(file);
    expect(fs.readFileSync(file).equals(body)).toBe(true);
  }
});
