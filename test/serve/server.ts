import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import readline from 'node:readline';
import { ANTS_BEES, ROOT, run } from '../cli/run';

/** Images of the fixture, of both classes. */
export const IMAGES = ['ants', 'bees'].flatMap((name) => {
  const folder = path.join(ANTS_BEES, 'val', name);
  return fs
    .readdirSync(folder)
    .sort()
    .map((file) => path.join(folder, file));
});
export const IMAGE = IMAGES[0] ?? '';

/** A small model in a folder of its own. */
export async function trainSmallModel(folder: string, imageSize = 64): Promise<string> {
  const output = path.join(folder, imageSize === 64 ? 'run' : `run-${imageSize}`);
  const recipe = [
    '--arch',
    'resnet18',
    '--weights',
    'none',
    '--epochs',
    '1',
    '--batch-size',
    '8',
    '--image-size',
    String(imageSize),
  ];
  const ran = await run(['train', ANTS_BEES, ...recipe, '--threads', '1', '--device', 'cpu', '--output', output]);
  if (ran.code !== 0) throw new Error(ran.stderr);
  return output;
}

/** A server in a process of its own. */
export interface Served {
  url: string;
  port: number;
  child: ChildProcess;
  /** Standard error so far. */
  stderr: () => string;
  /** How the process ended: its exit code, or the signal. */
  ended: Promise<number | NodeJS.Signals>;
}

const servers: Served[] = [];
afterAll(async () => {
  for (const { child } of servers) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await Promise.all(servers.map(({ ended }) => ended));
});

/** Starts `resnet-ft serve` at a free port; it is stopped after the test file at the latest. */
export async function serve(model: string, ...args: string[]): Promise<Served> {
  const machine = ['--port', '0', '--json', '--device', 'cpu', '--threads', '1'];
  const child = spawn(process.execPath, [path.join(ROOT, 'bin', 'resnet-ft.js'), 'serve', model, ...machine, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  const lines = readline.createInterface({ input: child.stdout });
  const first = await Promise.race([once(lines, 'line'), ended.then(() => [])]);
  if (first.length === 0) throw new Error(stderr);
  lines.on('line', () => {});
  const { url, port } = JSON.parse(String(first[0])) as { url: string; port: number };
  const served = { url, port, child, stderr: () => stderr, ended };
  servers.push(served);
  return served;
}

/** What the JSON of an answer may hold; which of it depends on what was asked. */
export interface Body {
  class: string;
  probability: number;
  top: { class: string; index: number; probability: number }[];
  unknown: boolean;
  calibrated: number;
  distance: number;
  pictures: { seen: string; overlay: string; empty: boolean };
  images: Body[];
  file: string;
  explain: boolean;
  error?: { code: string; message: string };
}

export interface Answered {
  status: number;
  headers: http.IncomingHttpHeaders;
  text: string;
  body: Body;
}

/** One request, with headers that `fetch` would not send. */
export function ask(
  served: Pick<Served, 'port'>,
  target: string,
  options: { method?: string; headers?: http.OutgoingHttpHeaders; body?: Buffer | string } = {},
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const { method = options.body === undefined ? 'GET' : 'POST', headers = {}, body } = options;
    const request = http.request({ host: '127.0.0.1', port: served.port, path: target, method, headers, agent: false });
    request.on('error', reject);
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('error', reject).on('end', () => {
        const json = `${response.headers['content-type']}`.startsWith('application/json') && text !== '';
        const answered = { status: response.statusCode ?? 0, headers: response.headers, text };
        resolve({ ...answered, body: JSON.parse(json ? text : '{}') as Body });
      });
    });
    request.end(body);
  });
}

/** Sends the bytes of an image. */
export const predict = (served: Pick<Served, 'port'>, body: Buffer, query = ''): Promise<Answered> =>
  ask(served, `/predict${query}`, { body, headers: { 'Content-Type': 'image/jpeg' } });

const BOUNDARY = 'a-boundary';

/** A form of files, byte by byte, so that their names may be anything. */
export function form(files: readonly { name: string; bytes: Buffer }[]): {
  body: Buffer;
  headers: http.OutgoingHttpHeaders;
} {
  const parts = files.flatMap(({ name, bytes }) => [
    Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="${name}"\r\n\r\n`),
    bytes,
    Buffer.from('\r\n'),
  ]);
  const body = Buffer.concat([...parts, Buffer.from(`--${BOUNDARY}--\r\n`)]);
  return { body, headers: { 'Content-Type': `multipart/form-data; boundary=${BOUNDARY}` } };
}

/** What a server says to bytes of which more are never sent; the end of the connection ends it. */
export async function rawAnswer(served: Pick<Served, 'port'>, sent: string): Promise<string> {
  const socket = net.connect(served.port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  socket.write(sent);
  await once(socket, 'close');
  return text;
}

/** A figure of `/metrics`. */
export async function metric(served: Pick<Served, 'port'>, name: string): Promise<number> {
  const { text } = await ask(served, '/metrics');
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
}
