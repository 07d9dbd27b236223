import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { run, scratch } from '../cli/run';
import { callApi } from '../predict/call-api';
import { ask, form, IMAGE, IMAGES, serve, trainSmallModel } from './server';

const tmp = scratch();
let model: string;
beforeAll(async () => {
  model = await trainSmallModel(tmp);
});

const RAW = { 'Content-Type': 'application/octet-stream' };

test('corrections are the very bytes, in one class each, and make a folder that trains', async () => {
  const folder = path.join(tmp, 'corrected');
  const served = await serve(model, '--corrections', folder);
  const keep = (file: string, name: string) =>
    ask(served, `/corrections?class=${encodeURIComponent(name)}`, { body: fs.readFileSync(file), headers: RAW });
  const first = await keep(IMAGE, 'bees');
  expect([first.status, first.body.class]).toEqual([201, 'bees']);
  expect(fs.readFileSync(path.join(folder, first.body.file)).equals(fs.readFileSync(IMAGE))).toBe(true);
  for (const [i, file] of IMAGES.entries()) await keep(file, i % 2 === 0 ? 'ants' : 'bees');
  expect(fs.existsSync(path.join(folder, first.body.file))).toBe(false);
  const kept = ['ants', 'bees'].map((name) => fs.readdirSync(path.join(folder, name)).length);
  expect(kept).toEqual([IMAGES.length / 2, IMAGES.length / 2]);

  for (const [target, body, code] of [
    ['?class=..%2F..%2Fx', fs.readFileSync(IMAGE), 'UNKNOWN_CLASS'],
    ['?class=wasps', fs.readFileSync(IMAGE), 'UNKNOWN_CLASS'],
    ['', fs.readFileSync(IMAGE), 'INVALID_QUERY'],
    ['?class=ants', fs.readFileSync(IMAGE).subarray(0, 3000), 'IMAGE_UNREADABLE'],
    ['?class=ants', Buffer.from('GIF89a'), 'UNFIT_FORMAT'],
  ] as const) {
    const answer = await ask(served, `/corrections${target}`, { body, headers: RAW });
    expect([answer.status >= 400, answer.body.error?.code]).toEqual([true, code]);
  }
  const sent = await ask(served, '/corrections?class=ants', form([{ name: 'a.jpg', bytes: fs.readFileSync(IMAGE) }]));
  expect([sent.status, sent.body.error]).toEqual([
    415,
    { code: 'UNSUPPORTED_TYPE', message: 'Send the bytes of the image as the body, and no form' },
  ]);
  const files = fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  expect(files).toHaveLength(IMAGES.length);

  const recipe = ['--arch', 'resnet18', '--weights', 'none', '--image-size', '64', '--epochs', '1', '--threads', '1'];
  const ran = await run(['train', folder, '--val-split', '0.5', ...recipe, '--output', path.join(tmp, 'next')]);
  expect([ran.code, ran.stderr]).toEqual([0, '']);
});

/** A request of which the server has the head and half of the body, and waits for the rest. */
async function half(port: number): Promise<{ socket: net.Socket; rest: Buffer; answer: () => string }> {
  const image = fs.readFileSync(IMAGE);
  const socket = net.connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const head = `POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: ${image.length}\r\n\r\n`;
  socket.write(Buffer.concat([Buffer.from(head), image.subarray(0, 5000)]));
  await ask({ port }, '/healthz');
  return { socket, rest: image.subarray(5000), answer: () => text };
}

const refuses = (port: number): Promise<boolean> =>
  ask({ port }, '/healthz').then(
    () => false,
    () => true,
  );

describe('a signal', () => {
  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('%s finishes what is under way, takes nothing more, and ends with %i', async (signal, code) => {
    const served = await serve(model);
    const { socket, rest, answer } = await half(served.port);
    served.child.kill(signal);
    while (!(await refuses(served.port))) await new Promise((resolve) => setTimeout(resolve, 20));
    socket.write(rest);
    await once(socket, 'close');
    expect(answer()).toMatch(/^HTTP\/1\.1 200 [^]*"class":/);
    expect(await served.ended).toBe(code);
    expect(served.stderr()).toBe('resnet-ft: The server was stopped\n');
  });

  test('closes connections on which nothing was sent, and not those with a request', async () => {
    const served = await serve(model, '--verbose');
    const silent = net.connect(served.port, '127.0.0.1');
    await once(silent, 'connect');
    const { socket, rest, answer } = await half(served.port);
    served.child.kill('SIGTERM');
    await once(silent, 'close');
    socket.write(rest);
    await once(socket, 'close');
    expect(answer()).toMatch(/^HTTP\/1\.1 200 /);
    expect(await served.ended).toBe(143);
    // A stop that was asked for has no stack.
    expect(served.stderr()).toMatch(/resnet-ft: The server was stopped\n$/);
    expect(served.stderr()).not.toMatch(/^ {4}at /m);
  });

  test('waits for no connection that asks nothing: between two requests, or within a head', async () => {
    const served = await serve(model);
    const get = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n';
    const idle: Promise<unknown>[] = [];
    for (const [sent, answered] of [
      [`${get}\r\n`, true],
      [get, false],
      [`${get}\r\n${get}`, true],
    ] as const) {
      const socket = net.connect(served.port, '127.0.0.1').on('error', () => {});
      idle.push(new Promise((resolve) => socket.once('close', resolve)));
      await once(socket, 'connect');
      socket.write(sent);
      if (answered) await once(socket, 'data');
    }
    const { socket, rest, answer } = await half(served.port);
    served.child.kill('SIGTERM');
    await Promise.all(idle);
    // A request under way gets some seconds. Had the others closed only after these, it would be gone with them.
    socket.write(rest);
    await once(socket, 'close');
    expect(answer()).toMatch(/^HTTP\/1\.1 200 /);
    expect(await served.ended).toBe(143);
  });

  test('does not wait forever for a request that never ends', async () => {
    const served = await serve(model);
    const { socket } = await half(served.port);
    const closed = once(socket, 'close');
    served.child.kill('SIGTERM');
    expect(await served.ended).toBe(143);
    await closed;
  });
});

describe('the command', () => {
  test('names a port that is in use, and an address that is not this machine’s, in one line', async () => {
    const { port } = await serve(model);
    const taken = await run(['serve', model, '--port', `${port}`]);
    expect([taken.code, taken.stderr]).toEqual([
      1,
      `resnet-ft: 127.0.0.1:${port} is in use by another program. Choose another with --port, or 0 for any that is free\n`,
    ]);
    const foreign = await run(['serve', model, '--host', '192.0.2.1', '--port', '0']);
    expect([foreign.code, foreign.stderr]).toEqual([
      1,
      expect.stringMatching(/^resnet-ft: Cannot listen at 192\.0\.2\.1:0: .+\n$/),
    ]);
    const wrong = await run(['serve', model, '--port', 'x']);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('for --port but received x')]);
  });

  test('says so where others can reach it', async () => {
    const served = await serve(model, '--host', '0.0.0.0');
    expect(served.url).toBe(`http://127.0.0.1:${served.port}/`);
    while (served.stderr() === '') await new Promise((resolve) => setTimeout(resolve, 20));
    expect(served.stderr()).toBe(`resnet-ft: anyone who reaches port ${served.port} of this machine can use it\n`);
    expect((await ask(served, '/healthz')).status).toBe(200);
  });

  test('runs without gradients by the js backend, and says so where they are asked for', async () => {
    const served = await serve(model, '--backend', 'js');
    const { body, headers } = form([{ name: 'a.jpg', bytes: fs.readFileSync(IMAGE) }]);
    expect((await ask(served, '/predict', { body, headers })).body.images[0]?.class).toMatch(/ants|bees/);
    const refused = await ask(served, '/predict?explain=true', { body, headers });
    expect([refused.status, refused.body.error?.code]).toEqual([501, 'GRAD_CAM_UNAVAILABLE']);
    expect((await ask(served, '/model')).body.explain).toBe(false);
  });
});

test('as a function it tells of requests, and is closed by close() or a signal', async () => {
  const result = await callApi(
    async ({ api, codeOf }, { model, image }) => {
      const bytes = (await import('node:fs')).readFileSync(image);
      const events: unknown[] = [];
      const options = { model, port: 0, device: 'cpu', threads: 1 };
      const server = await api.serveModel(options, {
        onEvent: (event) => {
          if (event.kind === 'request') events.push([event.route, event.status, event.images]);
        },
      });
      const headers = { 'Content-Type': 'image/jpeg' };
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => fetch(`${server.url}predict`, { method: 'POST', headers, body: bytes })),
      );
      const statuses = answers.map(({ status }) => status);
      await Promise.all(answers.map((one) => one.text()));
      const inUse = await codeOf(api.serveModel({ ...options, port: server.port }));
      await Promise.all([server.close(), server.close()]);
      const abort = new AbortController();
      const other = await api.serveModel(options, { signal: abort.signal });
      abort.abort();
      await other.closed;
      const stopped = await codeOf(api.serveModel(options, { signal: abort.signal }));
      const wrong = await codeOf(api.serveModel({ ...options, port: -1 }));
      const nowhere = await codeOf(api.serveModel({ ...options, model: '/nowhere/model.pth' }));
      return { statuses, events, inUse, stopped, wrong, nowhere, open: server.open, classes: server.classes };
    },
    { model, image: IMAGE },
  );
  expect(result).toMatchObject({
    statuses: Array(20).fill(200),
    events: Array(20).fill(['/predict', 200, 1]),
    ...{ inUse: 'ADDRESS_UNAVAILABLE', stopped: 'ABORTED', wrong: 'INVALID_OPTION', nowhere: 'WEIGHTS_INVALID' },
    ...{ open: false, classes: ['ants', 'bees'] },
  });
});
