import { createHash } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export type Handler = (request: http.IncomingMessage, response: http.ServerResponse, count: number) => void;

export interface LocalServer {
  readonly url: string;
  /** Every request so far. */
  requests: { method: string; url: string; headers: http.IncomingHttpHeaders }[];
  /** Answers from now on; `count` begins at 1 with each handler. */
  answer(handler: Handler): void;
  http: http.Server;
}

/** Bytes that do not repeat where a file of a few MB could be put together wrongly. */
export function someBytes(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0, x = 1; i < length; i++) {
    x = (x * 48271) % 2147483647;
    bytes[i] = x & 255;
  }
  return bytes;
}

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** A server on localhost that runs during the tests of the file that calls this at its top. */
export function localServer(): LocalServer {
  let handler: Handler = (_request, response) => response.writeHead(404).end();
  let count = 0;
  const requests: LocalServer['requests'] = [];
  const sockets = new Set<Socket>();
  const server = http.createServer((request, response) => {
    requests.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers });
    handler(request, response, ++count);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
  });
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    get url() {
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    requests,
    answer(next) {
      handler = next;
      count = 0;
      requests.length = 0;
    },
    http: server,
  };
}

/** Writes the beginning of a body and breaks off, but not before the client has read it. */
export function breakOff(response: http.ServerResponse, bytes: Buffer): void {
  response.write(bytes, () => setTimeout(() => response.destroy(), 150));
}

/** Answers as a file server does: ranges, If-Range, 416. */
export function sendFile(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  body: Buffer,
  options: { etag?: string; breakAfter?: number } = {},
): void {
  const { etag = `"${sha256(body).slice(0, 12)}"`, breakAfter } = options;
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  const condition = request.headers['if-range'];
  let from = 0;
  if (range !== null && (condition === undefined || condition === etag)) {
    from = Number(range[1]);
    if (from >= body.length) {
      response.writeHead(416, { 'content-range': `bytes */${body.length}` }).end();
      return;
    }
    response.writeHead(206, {
      etag,
      'content-length': body.length - from,
      'content-range': `bytes ${from}-${body.length - 1}/${body.length}`,
    });
  } else {
    response.writeHead(200, { etag, 'content-length': body.length });
  }
  if (breakAfter === undefined) {
    response.end(body.subarray(from));
  } else {
    breakOff(response, body.subarray(from, from + breakAfter));
  }
}
