'use strict';

const { Readable } = require('node:stream');
const { HonoRequest } = require('hono/request');
const { ByteBudget } = require('../../dist/serve/budget');
const { choiceOf, flagOf, numberOf, onlyKnown } = require('../../dist/serve/query');
const { readUploads } = require('../../dist/serve/upload');
const { Finding } = require('../engine/property');

// An input is the type of a body on the first line, a query on the second, and then the body.

const MOST = 3;
const MAX_BODY = 4000;

function form(...parts) {
  const body = parts
    .map(([head, text]) => `--B\r\nContent-Disposition: form-data; ${head}\r\n\r\n${text}\r\n`)
    .join('');
  return `multipart/form-data; boundary=B\ntop=2&explain=true\n${body}--B--\r\n`;
}

/** The type, the query and the body of an input. */
function parts(bytes) {
  const first = bytes.indexOf(10);
  const second = first < 0 ? -1 : bytes.indexOf(10, first + 1);
  if (second < 0) return ['image/png', '', bytes];
  return [bytes.toString('latin1', 0, first), bytes.toString('latin1', first + 1, second), bytes.subarray(second + 1)];
}

function readQuery(text) {
  let url;
  try {
    url = new URL(`http://host/predict?${text}`);
  } catch {
    return;
  }
  const query = new HonoRequest(new Request(url)).query();
  onlyKnown(query, ['top', 'explain', 'class']);
  if (!(numberOf(query, 'top', 1) >= 1)) throw new Finding('a number that is none');
  flagOf(query, 'explain');
  if (query['class'] !== undefined) choiceOf(query, 'class');
}

module.exports = {
  refusals: ['Refusal'],
  dictionary: [
    'multipart/form-data',
    'boundary=',
    '\r\n\r\n',
    '--B--',
    "filename*=UTF-8''",
    'Content-Type: ',
    'Content-Transfer-Encoding: base64',
  ],
  limit: MAX_BODY + 1000,
  seeds: () =>
    [
      form(['name="a"; filename="a.png"', 'pixels'], ['name="note"', 'x']),
      form(['name="a"; filename="ü/../b.jpg"', '']),
      'image/png\nclass=ants\nbytes',
      'application/octet-stream\n\n',
    ].map((text) => Buffer.from(text)),
  async read(bytes) {
    const [type, query, body] = parts(bytes);
    const budget = new ByteBudget(MAX_BODY);
    const incoming = Object.assign(
      Readable.from([body.subarray(0, body.length >> 1), body.subarray(body.length >> 1)], { objectMode: false }),
      {
        headers: { 'content-type': type },
      },
    );
    const limits = { maxBody: MAX_BODY, timeout: 5000, budget };
    const uploads = await readUploads(incoming, limits, MOST).catch((error) => error);
    incoming.destroy();
    uploads.release?.();
    if (budget.used !== 0) throw new Finding(`${budget.used} bytes of the budget were not given back`);
    if (uploads instanceof Error) throw uploads;
    const { images } = uploads;
    if (images.length === 0 || images.length > MOST) throw new Finding(`${images.length} images`);
    readQuery(query);
  },
};
