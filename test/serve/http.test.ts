import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import sharp from 'sharp';
import { rewriteCard } from '../../lib/model/rewrite-card';
import { records, run, scratch } from '../cli/run';
import {
  ask,
  form,
  IMAGE,
  IMAGES,
  metric,
  predict,
  rawAnswer,
  serve,
  trainSmallModel,
  type Answered,
  type Body,
  type Served,
} from './server';

const tmp = scratch();
let model: string;
let served: Served;
const image = fs.readFileSync(IMAGE);

beforeAll(async () => {
  model = await trainSmallModel(tmp);
  served = await serve(model, '--max-body', '2MB', '--max-pixels', '1000000');
});

/** The status and the code of an error. */
const errorOf = ({ status, body }: Answered): [number, string | undefined] => [status, body.error?.code];

describe('an answer', () => {
  test('of many images at once is that of predict, and they ran together', async () => {
    const ran = await run(['predict', model, ...IMAGES, '--json', '--top-k', '2', '--device', 'cpu', '--threads', '1']);
    const expected = records(ran.stdout) as unknown as Body[];
    const answers = await Promise.all(IMAGES.map((file) => predict(served, fs.readFileSync(file))));
    const { body, headers } = form(IMAGES.map((file) => ({ name: 'x.jpg', bytes: fs.readFileSync(file) })));
    const together = await ask(served, '/predict', { body, headers });
    expect(together.body.images).toHaveLength(IMAGES.length);
    for (const [i, one] of expected.entries()) {
      for (const answer of [answers[i]?.body, together.body.images[i]] as Body[]) {
        expect(answer.class).toBe(one.class);
        expect(answer.top.map(({ index }) => index)).toEqual(one.top.map(({ index }) => index));
        expect(Math.abs(answer.probability - one.probability)).toBeLessThan(1e-6);
      }
    }
    const label = '{pass="predict"}';
    expect(await metric(served, `resnet_ft_batch_images_sum${label}`)).toBe(2 * IMAGES.length);
    expect(await metric(served, `resnet_ft_batch_images_count${label}`)).toBeLessThan(2 * IMAGES.length);
  });

  test('of a calibrated model is that of predict too', async () => {
    const calibrated = path.join(tmp, 'calibrated');
    fs.cpSync(model, calibrated, { recursive: true });
    await rewriteCard(path.join(calibrated, 'model.safetensors'), { temperature: 3 });
    const ran = await run(['predict', calibrated, IMAGE, '--json', '--device', 'cpu', '--threads', '1']);
    const [expected] = records(ran.stdout) as unknown as Body[];
    const { body } = await predict(await serve(calibrated), image);
    expect(Math.abs(body.probability - (expected?.probability ?? 0))).toBeLessThan(1e-6);
    expect(Math.abs(body.probability - (await predict(served, image)).body.probability)).toBeGreaterThan(1e-3);
  });

  test('has as many classes as are asked for', async () => {
    expect((await predict(served, image, '?top=1')).body.top).toHaveLength(1);
    expect((await predict(served, image, '?top=99')).body.top).toHaveLength(2);
    for (const query of ['?top=0', '?top=x', '?top=', '?top=1&top=2', '?explain=yes', '?explain=', '?tpo=1']) {
      expect(errorOf(await predict(served, image, query))).toEqual([400, 'INVALID_QUERY']);
    }
  });

  test('has the pictures of Grad-CAM where they are asked for', async () => {
    const plain = await predict(served, image);
    const { status, body } = await predict(served, image, '?explain=true');
    expect(status).toBe(200);
    expect(Math.abs(body.probability - plain.body.probability)).toBeLessThan(1e-6);
    expect(plain.body).not.toHaveProperty('pictures');
    const decoded = await Promise.all(
      [body.pictures.seen, body.pictures.overlay].map((address: string) =>
        sharp(Buffer.from(address.replace('data:image/webp;base64,', ''), 'base64'))
          .raw()
          .toBuffer({ resolveWithObject: true }),
      ),
    );
    expect(decoded.map(({ info }) => [info.width, info.height])).toEqual([
      [384, 384],
      [384, 384],
    ]);
    expect(decoded[0]?.data.equals(decoded[1]?.data as Buffer)).toBe(false);
    expect(body.pictures.empty).toBe(false);
  });

  test('says of a map of one cell that it shows nothing, and has the image as it is in its place', async () => {
    const tiny = await serve(await trainSmallModel(tmp, 32));
    const { pictures } = (await predict(tiny, image, '?explain=true')).body;
    expect(pictures).toEqual({
      seen: expect.stringMatching(/^data:image\/webp;/),
      overlay: pictures.seen,
      empty: true,
    });
  });

  test('takes a part of a form for a file where it is an image, with a name or without', async () => {
    const part = '--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: image/jpeg\r\n\r\n';
    const body = Buffer.concat([Buffer.from(part), image, Buffer.from('\r\n--x--\r\n')]);
    const headers = { 'Content-Type': 'multipart/form-data; boundary=x' };
    const { images } = (await ask(served, '/predict', { body, headers })).body;
    expect(images).toEqual([expect.objectContaining({ class: expect.stringMatching(/ants|bees/) })]);
  });

  test('keeps the order of a form, with an error where an image is damaged', async () => {
    const names = ['../../etc/passwd\u001b[31m', 'C:\\x\\damaged.jpg', '<script>.png'];
    const bytes = [image, image.subarray(0, 3000), Buffer.from('no image')];
    const { body, headers } = form(names.map((name, i) => ({ name, bytes: bytes[i] as Buffer })));
    const answer = await ask(served, '/predict', { body, headers });
    expect(answer.status).toBe(200);
    expect(answer.body.images.map(({ file }) => file)).toEqual(['passwd\u001b[31m', 'damaged.jpg', '<script>.png']);
    expect(answer.body.images.map((one) => one.error?.code)).toEqual([
      undefined,
      'IMAGE_UNREADABLE',
      'IMAGE_UNREADABLE',
    ]);
    // A terminal that shows the answer is not steered.
    expect(answer.text).not.toContain('\u001b');
  });
});

test('a type that says nothing is none, and an encoding that does nothing is none', async () => {
  const { body } = await predict(served, image);
  for (const headers of [{ 'Content-Type': '' }, { 'Content-Type': 'Image/JPEG', 'Content-Encoding': 'Identity' }])
    expect((await ask(served, '/predict', { body: image, headers })).body).toEqual(body);
});

describe('a request is refused', () => {
  test('where it holds no image that can be read', async () => {
    expect(errorOf(await predict(served, image.subarray(0, 3000)))).toEqual([422, 'IMAGE_UNREADABLE']);
    expect(errorOf(await predict(served, Buffer.from('text')))).toEqual([422, 'IMAGE_UNREADABLE']);
    expect(errorOf(await predict(served, Buffer.alloc(0)))).toEqual([400, 'NO_IMAGE']);
    expect(errorOf(await ask(served, '/predict', form([])))).toEqual([400, 'NO_IMAGE']);
  });

  test('where its type is another, or a form that is broken', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json', 'image']) {
      const answer = await ask(served, '/predict', { body: image, headers: { 'Content-Type': type } });
      expect(errorOf(answer)).toEqual([415, 'UNSUPPORTED_TYPE']);
    }
    const zipped = { 'Content-Type': 'image/jpeg', 'Content-Encoding': 'gzip' };
    expect(errorOf(await ask(served, '/predict', { body: image, headers: zipped }))).toEqual([415, 'UNSUPPORTED_TYPE']);
    const { body, headers } = form([{ name: 'a.jpg', bytes: image }]);
    const broken = [
      ask(served, '/predict', { body: body.subarray(0, 2000), headers }),
      ask(served, '/predict', { body, headers: { 'Content-Type': 'multipart/form-data' } }),
    ];
    for (const answer of await Promise.all(broken)) expect(errorOf(answer)).toEqual([400, 'INVALID_MULTIPART']);
  });

  test.each(['Content-Type: image/jpeg', 'Content-Disposition: attachment; filename="a.jpg"'])(
    'where a part of its form says only %s, which is no file of a form',
    async (header) => {
      // Large enough to fill the streams that it passes.
      const part = `--x\r\n${header}\r\n\r\n${'a'.repeat(1e6)}\r\n`;
      const headers = { 'Content-Type': 'multipart/form-data; boundary=x' };
      expect(errorOf(await ask(served, '/predict', { body: `${part}--x--\r\n`, headers }))).toEqual([400, 'NO_IMAGE']);
    },
  );

  test('where its form has parts without end', async () => {
    const headers = { 'Content-Type': 'multipart/form-data; boundary=x' };
    const parts = '--x\r\n'.repeat(390_000);
    // They are counted: without that it would be NO_IMAGE, after seconds in which nobody else is served.
    expect(errorOf(await ask(served, '/predict', { body: parts, headers }))).toEqual([413, 'BODY_TOO_LARGE']);
  });

  test('where it is too large, said beforehand or not', async () => {
    const large = Buffer.alloc(2_000_001);
    expect(errorOf(await predict(served, large))).toEqual([413, 'BODY_TOO_LARGE']);
    const chunked = { 'Content-Type': 'image/jpeg', 'Transfer-Encoding': 'chunked' };
    expect(errorOf(await ask(served, '/predict', { body: large, headers: chunked }))).toEqual([413, 'BODY_TOO_LARGE']);
    const { body, headers } = form([{ name: 'a', bytes: large }]);
    expect((await predict(served, large)).body.error?.message).toBe('The request is larger than 2 MB');
    const form413 = await ask(served, '/predict', { body, headers: { ...headers, 'Transfer-Encoding': 'chunked' } });
    expect(errorOf(form413)).toEqual([413, 'BODY_TOO_LARGE']);
    // Small as a file, large as an image.
    const wide = await sharp({ create: { width: 1001, height: 1000, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    expect(errorOf(await predict(served, wide))).toEqual([413, 'IMAGE_TOO_LARGE']);
  });

  test('where there is no such address, or it takes another method', async () => {
    expect(errorOf(await ask(served, '/nothing'))).toEqual([404, 'NOT_FOUND']);
    expect(errorOf(await ask(served, '/..%2f..%2fetc/passwd'))).toEqual([404, 'NOT_FOUND']);
    const got = await ask(served, '/predict');
    expect([...errorOf(got), got.headers.allow]).toEqual([405, 'METHOD_NOT_ALLOWED', 'POST']);
    for (const target of ['/', '/healthz', '/metrics', '/model']) {
      const posted = await ask(served, target, { body: 'x' });
      expect([...errorOf(posted), posted.headers.allow]).toEqual([405, 'METHOD_NOT_ALLOWED', 'GET, HEAD']);
    }
    expect(errorOf(await ask(served, '/corrections?class=ants', { body: image }))).toEqual([404, 'CORRECTIONS_OFF']);
  });

  test.each([
    ['no name of the server', 'GET /model HTTP/1.1\r\nHost:\r\n', 400],
    ['no header for it', 'GET /model HTTP/1.0\r\n', 400],
    ['two names', 'GET /model HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n', 400],
    ['a name that is none', 'GET /model HTTP/1.1\r\nHost: a b\r\n', 400],
    ['no name in its address', 'GET http:///model HTTP/1.1\r\nHost: 127.0.0.1\r\n', 400],
    ['another scheme in its address', 'GET ftp://127.0.0.1/model HTTP/1.1\r\nHost: 127.0.0.1\r\n', 400],
    ['a path that is none', 'GET /\\ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n', 400],
    ['no path', 'OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n', 400],
    ['an encoding', 'POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: gzip, chunked\r\n', 415],
    ['an expectation', 'POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: more\r\n', 417],
    ['another server to connect to', 'CONNECT evil.example:80 HTTP/1.1\r\nHost: 127.0.0.1\r\n', 405],
  ])('where its head has %s; it is counted', async (_, head, status) => {
    const name = `resnet_ft_requests_total{route="other",status="${status}"}`;
    const before = await metric(served, name);
    const answer = await rawAnswer(served, `${head}\r\n`);
    expect(answer).toMatch(
      new RegExp(`^HTTP/1\\.1 ${status} [^]*\r\n\r\n\\{"error":\\{"code":"[A-Z_]+","message":".+"\\}\\}\n$`),
    );
    expect(await metric(served, name)).toBe(before + 1);
  });

  test('as one to connect to another server, with the methods that there are', async () => {
    const answer = await rawAnswer(served, 'CONNECT evil.example:80 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 405 [^]*\r\nAllow: GET, HEAD, POST\r\n/);
  });

  test.each(['GET /healthz', 'POST /nothing', 'POST /predict'])(
    '%s: a body that is not wanted is not read for long',
    async (target) => {
      const socket = net.connect(served.port, '127.0.0.1').on('error', () => {});
      let text = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      socket.write(`${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${1e12}\r\n\r\n`);
      const sending = setInterval(() => socket.write(Buffer.alloc(1000)), 10);
      await once(socket, 'close');
      clearInterval(sending);
      expect(text).toMatch(/^HTTP\/1\.1 (?:200|404|413) [^]*\}\n$/);
    },
    // Before --timeout (30 s), by which every request ends.
    20_000,
  );

  test('before its body is sent, where the client asks first', async () => {
    const head = (type: string): string =>
      `POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: ${type}\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n`;
    expect(await rawAnswer(served, `${head('text/plain')}text`)).toMatch(/^HTTP\/1\.1 415 /);
    expect(await rawAnswer(served, `${head('image/jpeg')}text`)).toMatch(
      /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 422 /,
    );
  });

  test('by a name that is not the server’s, and from a page of another origin', async () => {
    const own = `127.0.0.1:${served.port}`;
    for (const host of [
      'evil.example',
      `evil.example:${served.port}`,
      '127.0.0.1.evil.example',
      '192.168.0.1',
      '',
      'a b',
    ]) {
      const answer = await rawAnswer(served, `GET /model HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      expect([host, answer]).toEqual([host, expect.stringMatching(/^HTTP\/1\.1 4(?:00|21) /)]);
    }
    for (const host of [own, 'localhost', `LOCALHOST:${served.port}`, '[::1]:80']) {
      expect((await ask(served, '/model', { headers: { Host: host } })).status).toBe(200);
    }
    const type = { 'Content-Type': 'image/jpeg', Host: own };
    for (const other of [
      { Origin: 'http://evil.example' },
      { Origin: 'null' },
      { Origin: `http://127.0.0.1:${served.port + 1}` },
      { 'Sec-Fetch-Site': 'cross-site' },
    ]) {
      const answer = await ask(served, '/predict', { body: image, headers: { ...type, ...other } });
      expect(errorOf(answer)).toEqual([403, 'ORIGIN_NOT_ALLOWED']);
    }
    const same = await ask(served, '/predict', { body: image, headers: { ...type, Origin: `http://${own}` } });
    expect(same.status).toBe(200);
  });

  test('by a foreign name in the address, which counts and not the header Host (RFC 9112, section 3.2.2)', async () => {
    const get = (target: string, host: string): Promise<string> =>
      rawAnswer(served, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    const own = `127.0.0.1:${served.port}`;
    for (const target of [`http://${own}/healthz`, `HTTP://LOCALHOST/healthz?`, 'https://localhost/healthz'])
      expect(await get(target, 'evil.example')).toMatch(/^HTTP\/1\.1 200 [^]*"status":"ok"/);
    expect(await get(`http://${own}`, own)).toMatch(/^HTTP\/1\.1 200 [^]*<!doctype html>/);
    for (const name of ['evil.example', `${own}@evil.example`, `${own}.evil.example`, `evil.example\\@${own}`])
      expect(await get(`http://${name}/healthz`, own)).toMatch(/^HTTP\/1\.1 4(?:00|21) /);
  });
});

test('HEAD, the page and what programs ask for, with headers that keep an answer to itself', async () => {
  for (const target of ['/', '/healthz', '/metrics', '/model']) {
    const [got, head] = [await ask(served, target), await ask(served, target, { method: 'HEAD' })];
    expect([got.status, head.status, head.text]).toEqual([200, 200, '']);
    expect(got.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'content-security-policy': expect.stringMatching(/^default-src 'none'.*frame-ancestors 'none'/),
    });
    // No path of the server.
    for (const place of [tmp, process.cwd()]) expect(got.text).not.toContain(place);
  }
  expect((await ask(served, '/healthz')).body).toEqual({ status: 'ok' });
  expect((await ask(served, '/model')).body).toMatchObject({ arch: 'resnet18', classes: ['ants', 'bees'] });
});

test('/metrics are lines of Prometheus’ format, that count requests', async () => {
  const name = 'resnet_ft_requests_total{route="/healthz",status="200"}';
  const before = await metric(served, name);
  await ask(served, '/healthz');
  expect(await metric(served, name)).toBe(before + 1);
  const { text, headers } = await ask(served, '/metrics');
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  const line = /^(?:# (?:HELP|TYPE) [a-z_]+ .+|[a-z_]+(?:\{[a-z_]+="[^"]*"(?:,[a-z_]+="[^"]*")*\})? [\d.e+-]+)$/;
  expect(
    text
      .trimEnd()
      .split('\n')
      .filter((one) => !line.test(one)),
  ).toEqual([]);
  expect(await metric(served, 'resnet_ft_queue_images')).toBe(0);
  expect(await metric(served, 'process_resident_memory_bytes')).toBeGreaterThan(1e7);
});

describe('under pressure', () => {
  test('a full queue is 503 for those beyond it, and the others are answered', async () => {
    const small = await serve(model, '--queue', '1');
    const answers = await Promise.all(Array.from({ length: 24 }, () => predict(small, image)));
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(24);
    for (const one of refused) {
      expect([...errorOf(one), one.headers['retry-after']]).toEqual([503, 'QUEUE_FULL', '1']);
    }
    expect((await predict(small, image)).status).toBe(200);
    expect(await metric(small, 'resnet_ft_queue_images')).toBe(0);
    // A form with more images than can ever wait.
    const { body, headers } = form([1, 2].map(() => ({ name: 'a', bytes: image })));
    expect(errorOf(await ask(small, '/predict', { body, headers }))).toEqual([413, 'BODY_TOO_LARGE']);
  });

  test('what does not arrive in time is 408, what is not answered in time 503', async () => {
    const hasty = await serve(model, '--timeout', '1');
    const head = `POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n`;
    const slow = ['GET / HTTP/1.1\r\nHost: loc', `${head}Content-Length: 1000\r\n\r\nhalf`];
    for (const text of await Promise.all(slow.map((sent) => rawAnswer(hasty, sent)))) {
      expect(text).toMatch(/^HTTP\/1\.1 408 [^]*"code":"REQUEST_TIMEOUT"/);
    }
    // Who asks nothing is told nothing: browsers and balancers open connections to have them at hand.
    const name = 'resnet_ft_requests_total{route="other",status="408"}';
    const before = await metric(hasty, name);
    expect([await rawAnswer(hasty, ''), await metric(hasty, name)]).toEqual(['', before]);
    const wide = await sharp({ create: { width: 6000, height: 4000, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const { body, headers } = form(Array.from({ length: 40 }, (_, i) => ({ name: `${i}`, bytes: wide })));
    expect(errorOf(await ask(hasty, '/predict', { body, headers }))).toEqual([503, 'ANSWER_TIMEOUT']);
    expect((await ask(hasty, '/healthz')).status).toBe(200);
  });

  describe('what is no HTTP is told so, and counted,', () => {
    const GET = 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
    const POST = 'POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/jpeg\r\n';
    const CHUNKS = 'Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n';
    const NONE = 'nonsense\r\n\r\n';
    test.each([
      ['as the first request', [NONE], [400], 'other'],
      ['after an answer', [GET, NONE], [200, 400], 'other'],
      ['together with a request before it', [`${GET}${NONE}`], [200, 400], 'other'],
      ['while a request is answered', [`${POST}Content-Length: 4\r\n\r\ntext${NONE}`], [422, 400], 'other'],
      ['while several are', [`${POST}Content-Length: 4\r\n\r\ntext${GET}${NONE}`], [422, 200, 400], 'other'],
      ['not after the last request', [`${GET.slice(0, -2)}Connection: close\r\n\r\n${NONE}`], [200], ''],
      ['within a body', [`${POST}${CHUNKS}${NONE}`], [400], '/predict'],
      ['within a body that comes slowly', [`${POST}${CHUNKS}`, NONE], [400], '/predict'],
      ['within a body behind another request', [`${GET}${POST}${CHUNKS}${NONE}`], [200, 400], '/predict'],
      ['within a body that is not wanted', [`POST /nothing HTTP/1.1\r\nHost: localhost\r\n${CHUNKS}`, NONE], [404], ''],
    ] as const)('%s', async (_, sent, statuses, route) => {
      const name = `resnet_ft_requests_total{route="${route}",status="400"}`;
      const before = await metric(served, name);
      const socket = net.connect(served.port, '127.0.0.1').on('error', () => {});
      let text = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      for (const part of sent) {
        socket.write(part);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      if (!socket.closed) await once(socket, 'close');
      expect([...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => Number(status))).toEqual(statuses);
      if (statuses.at(-1) === 400) expect(text).toMatch(/"code":"BAD_REQUEST","message":"[^"]+"\}\}\n$/);
      expect(await metric(served, name)).toBe(before + (route === '' ? 0 : 1));
    });
  });

  test('a client that breaks off ends nothing but its connection', async () => {
    const heads = ['CONNECT a:80', 'GET /', 'POST /predict', 'none'].map(
      (one) => `${one} HTTP/1.1\r\nHost: localhost\r\n`,
    );
    for (const head of heads.flatMap((one) => [one, `${one}Content-Length: 4\r\n`, `${one}Expect: more\r\n`])) {
      for (const wait of [0, 2, 20]) {
        const socket = net.connect(served.port, '127.0.0.1').on('error', () => {});
        await once(socket, 'connect');
        socket.write(`${head}\r\n`);
        await new Promise((resolve) => setTimeout(resolve, wait));
        socket.resetAndDestroy();
      }
    }
    expect((await ask(served, '/healthz')).status).toBe(200);
    expect(served.child.exitCode).toBe(null);
  });

  // Where a proxy and a server see another end of a request, what follows may be somebody else's (request smuggling).
  test.each([
    ['a length and chunks', 'Content-Length: 4\r\nTransfer-Encoding: chunked'],
    ['two lengths', 'Content-Length: 4\r\nContent-Length: 30'],
    ['a length that is none', 'Content-Length: +4'],
    ['chunks that are not the last encoding', 'Transfer-Encoding: chunked, identity'],
    ['a line that goes on', 'X: a\r\n Content-Length: 4\r\nContent-Length : 9'],
    ['an end of a line that is none', 'X: a\nTransfer-Encoding: chunked'],
    ['a null', 'X: a\0b'],
  ])('of a request with %s nothing is taken for a second one', async (_, header) => {
    const head = `POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/jpeg\r\n${header}\r\n\r\n`;
    const answer = await rawAnswer(served, `${head}0\r\n\r\nGET /model HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  test('of a head larger than 16 KiB no more is read', async () => {
    const head = `GET /model HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`;
    expect(await rawAnswer(served, head)).toMatch(/^HTTP\/1\.1 431 /);
  });
});

test('a model that knows what it does not know says so as predict does', async () => {
  const taught = `${model}-taught`;
  fs.cpSync(model, taught, { recursive: true });
  expect((await run(['unknown', taught, '--device', 'cpu', '--threads', '1'])).code).toBe(0);
  const ran = await run(['predict', taught, IMAGE, '--json', '--device', 'cpu', '--threads', '1']);
  const [expected] = records(ran.stdout) as unknown as [Body];
  const { body } = await predict(await serve(taught), image);
  expect(body.unknown).toBe(expected.unknown);
  expect(Math.abs(body.calibrated - expected.calibrated)).toBeLessThan(1e-6);
  expect(Math.abs(body.distance - expected.distance)).toBeLessThan(1e-6);
});
