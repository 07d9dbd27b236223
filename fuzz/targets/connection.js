'use strict';

const { once } = require('node:events');
const net = require('node:net');
const { createApp } = require('../../dist/serve/app');
const { ByteBudget } = require('../../dist/serve/budget');
const { Corrections } = require('../../dist/serve/corrections');
const { Metrics } = require('../../dist/serve/metrics');
const { createServer } = require('../../dist/serve/node-server');
const { servedPage } = require('../../dist/serve/page');
const { Finding } = require('../engine/property');
const { Scratch } = require('../engine/scratch');

// An input is what a client sends over one connection, after a byte that says how: at once, in parts, or only to break off. The server is that of
// `serve`, all but the model. Whatever is sent, each answer is whole and counted, nothing fails within, and the next client is served.

const CLASSES = ['ants', 'bees'];
/** More than busboy has in a stream, so that one that nobody reads would show. */
const MAX_BODY = 40_000;
/** Milliseconds for a request. Clients here send all that they have and close, so that nothing waits for it. */
const TIMEOUT = 5000;

/** Any image is an ant. */
const predictor = {
  most: 3,
  waiting: 0,
  requireRoom: () => {},
  check: async () => {},
  answer: async (images) =>
    images.map(() => ({
      predictions: [{ class: 'ants', probability: 0.75 }],
      predictedClass: 'ants',
      probability: 0.75,
    })),
};

let scratch;
let server;
const budget = new ByteBudget(1e6);
let counted = 0;
const failures = [];
/** Requests that are not answered yet. */
const underWay = new Set();

/** Milliseconds in which the rest of a body would have come. */
const REST = 5;

/** Milliseconds for a request to end after its connection, also on a busy machine. */
const END = 3000;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits until whatever has come is answered: Node.js answers nobody who has closed his side. */
async function settled() {
  for (let i = 0; i < 4; i++) await new Promise(setImmediate);
  for (let i = 0; i < REST || [...underWay].some(({ complete }) => complete); i++) {
    if (underWay.size === 0) return;
    if (i > END) throw new Finding('a request that is whole and gets no answer');
    await pause(1);
  }
}

async function open() {
  scratch = new Scratch();
  const about = { arch: 'resnet18', device: 'cpu', precision: 'fp32' };
  const metrics = new Metrics({ version: '0.0.0', ...about });
  const app = createApp({
    predictor,
    corrections: await Corrections.open(scratch.folder, CLASSES),
    metrics,
    limits: { maxBody: MAX_BODY, timeout: TIMEOUT, budget },
    page: servedPage({ ...about, classes: CLASSES.length, explain: false, corrections: true }),
    model: { classes: CLASSES },
    topK: 2,
    classes: CLASSES.length,
    explain: false,
    allowed: (name) => name === 'localhost',
    closing: () => false,
    underWay: new Set(),
    emit: ({ kind, message }) => {
      if (kind === 'failure') failures.push(message);
      else if (kind === 'request') counted++;
    },
  });
  const fetch = async (asked, env) => {
    underWay.add(env.incoming);
    try {
      return await app.fetch(asked, env);
    } finally {
      underWay.delete(env.incoming);
    }
  };
  ({ server } = createServer(fetch, { timeout: TIMEOUT, onRefused: () => counted++ }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

/** What the server says to these bytes until it closes the connection; undefined where the client breaks off. */
async function exchange(how, bytes) {
  const socket = net.connect(server.address().port, '127.0.0.1');
  const answer = [];
  socket.on('data', (chunk) => answer.push(chunk)).on('error', () => {});
  const closed = once(socket, 'close');
  await once(socket, 'connect');
  if (how % 4 === 1) {
    const middle = bytes.length >> 1;
    socket.write(bytes.subarray(0, middle));
    await new Promise(setImmediate);
    socket.write(bytes.subarray(middle));
    await settled();
    socket.end();
  } else if (how % 4 === 2) {
    socket.write(bytes);
    await new Promise(setImmediate);
    socket.resetAndDestroy();
  } else {
    socket.write(bytes);
    await settled();
    socket.end();
  }
  await closed;
  return how % 4 === 2 ? undefined : Buffer.concat(answer).toString('latin1');
}

/** Checks that an answer is nothing but whole responses, and counts them. */
function responses(text) {
  let count = 0;
  for (let rest = text; rest !== '';) {
    const [head, status] = /^HTTP\/1\.1 (\d{3}) [^\r\n]*\r\n(?:[\w-]+: [^\r\n]*\r\n)*\r\n/.exec(rest) ?? [];
    if (head === undefined) throw new Finding('an answer that is no HTTP');
    rest = rest.slice(head.length);
    if (Number(status) < 200) continue;
    count++;
    const length = Number(/^content-length: (\d+)\r$/im.exec(head)?.[1] ?? 0);
    // There is no body where the request was HEAD.
    if (length > 0 && !rest.startsWith('HTTP/1.1 ')) {
      if (rest === '') continue;
      if (rest.length < length) throw new Finding('an answer that is cut off');
      const body = rest.slice(0, length);
      rest = rest.slice(length);
      if (/^content-type: application\/json/im.test(head)) JSON.parse(body);
    }
    if (Number(status) >= 500) throw new Finding(`the status ${status}`);
  }
  return count;
}

async function read(bytes) {
  [counted, failures.length] = [0, 0];
  const text = await exchange(bytes[0] ?? 0, bytes.subarray(1));
  // What a client no longer waits for may go on for a while.
  for (let i = 0; underWay.size > 0 || budget.used !== 0; i++) {
    if (i > END && underWay.size > 0) throw new Finding('a request that does not end with its connection');
    if (i > END) throw new Finding(`${budget.used} bytes of a body that stay`);
    await pause(1);
  }
  if (failures.length > 0) throw new Finding(`it failed within: ${failures[0]}`);
  if (text === undefined) return;
  const count = responses(text);
  if (count > counted) throw new Finding('an answer that was not counted');
  if (count === 0 && bytes.subarray(1).some((byte) => byte !== 10 && byte !== 13)) throw new Finding('no answer');
}

const request = (line, headers = '', body = '', how = '\0') =>
  Buffer.from(`${how}${line} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n${body}`, 'latin1');

const PNG = '\x89PNG\r\n\x1a\n';
const chunked = 'Transfer-Encoding: chunked\r\n';
const form =
  '--B\r\nContent-Disposition: form-data; name="a"; filename="a.png"\r\n\r\npixels\r\n' +
  '--B\r\nContent-Disposition: form-data; name="b"; filename="b.png"\r\n\r\nmore\r\n--B--\r\n';

/** A part without Content-Disposition, which nobody reads. */
const noField = `--B\r\nContent-Type: text/plain\r\n\r\n${'x'.repeat(20_000)}\r\n--B--\r\n`;

module.exports = {
  limit: MAX_BODY,
  dictionary: [
    'HTTP/1.1\r\n',
    'HTTP/1.0\r\n',
    '\r\n\r\n',
    'Host: localhost\r\n',
    'Content-Length: ',
    'Transfer-Encoding: chunked\r\n',
    'Expect: 100-continue\r\n',
    'Connection: close\r\n',
    'Connection: keep-alive\r\n',
    'Connection: Upgrade\r\nUpgrade: websocket\r\n',
    'Content-Type: multipart/form-data; boundary=B\r\n',
    'Origin: http://localhost\r\n',
    'CONNECT ',
    'OPTIONS ',
    'HEAD ',
    'GET http://localhost/healthz HTTP/1.1\r\n',
    '0\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  ],
  gentle: true,
  costs: 4,
  open,
  async close() {
    server.closeAllConnections();
    server.close();
    scratch.remove();
  },
  seeds: () => [
    request('GET /healthz'),
    request('HEAD /'),
    request('GET /model', 'Connection: close\r\n', '', '\x01'),
    request('GET http://localhost/metrics'),
    request('GET /nowhere', '', '', '\x02'),
    request('CONNECT localhost:80', '', '', '\x02'),
    request('OPTIONS *'),
    request('POST /predict?top=1', 'Content-Length: 6\r\n', 'pixels'),
    request('POST /predict', `Expect: 100-continue\r\nContent-Length: 6\r\n`, 'pixels', '\x01'),
    request('POST /predict', chunked, '3\r\npix\r\n3\r\nels\r\n0\r\n\r\n', '\x01'),
    request(
      'POST /predict',
      `Content-Type: multipart/form-data; boundary=B\r\nContent-Length: ${form.length}\r\n`,
      form,
    ),
    request('POST /corrections?class=bees', `Content-Length: ${PNG.length}\r\n`, PNG),
    request('POST /predict', `Content-Length: ${MAX_BODY + 1}\r\n`, 'x'.repeat(1000)),
    request(
      'POST /predict',
      `Content-Type: multipart/form-data; boundary=B\r\nContent-Length: ${noField.length}\r\n`,
      noField,
    ),
    Buffer.concat([request('GET /healthz'), request('GET /nowhere', '', '', '')]),
    Buffer.concat([request('POST /predict', 'Content-Length: 6\r\n', 'pixels'), Buffer.from('no HTTP\r\n\r\n')]),
  ],
  read,
};
