import http from 'node:http';
import type { Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Refusal, refusalBody } from './refusal';

/** Milliseconds by which Node.js comes after our own bound, so that the answer is ours. */
const MARGIN = 2000;
/** Bytes of a request's head. */
const HEAD_BYTES = 16 * 1024;

type Fetch = Parameters<typeof getRequestListener>[0];

/** How an HTTP server is set up. */
export interface ListenOptions {
  /** Milliseconds that a request may take to arrive, and then to be answered. */
  timeout: number;
  /** Bytes of a body. */
  maxBody: number;
  /** Called for a request that Node.js could not read, with the status that it got. */
  onRefused: (status: number) => void;
}

/** An HTTP server that does not listen yet. */
export function createServer(fetch: Fetch, { timeout, maxBody, onRefused }: ListenOptions): http.Server {
  const answer = getRequestListener(fetch, {
    // The globals are not ours to replace.
    overrideGlobalObjects: false,
    errorHandler: () => errorResponse(new Refusal(400, 'BAD_REQUEST', 'The address of the request is not valid')),
  });
  const server = http.createServer({
    maxHeaderSize: HEAD_BYTES,
    headersTimeout: timeout,
    requestTimeout: timeout + MARGIN,
    connectionsCheckingInterval: Math.min(Math.max(timeout / 4, 50), 1000),
  });
  const onRequest = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    void answer(request, response);
  };
  server.on('request', onRequest);
  // `curl` asks before it sends a large body; one that is too large need not be sent at all.
  server.on('checkContinue', (request: http.IncomingMessage, response: http.ServerResponse) => {
    if (Number(request.headers['content-length'] ?? 0) <= maxBody) response.writeContinue();
    onRequest(request, response);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const refusal = refusalOfClient(error.code, timeout);
    // Half of an answer may be on its way.
    if (!socket.writable || error.code === 'ECONNRESET' || socket.bytesWritten > 0) return socket.destroy();
    onRefused(refusal.status);
    socket.end(rawResponse(refusal));
  });
  // A client that neither sends nor reads.
  server.setTimeout(2 * timeout + MARGIN);
  return server;
}

function refusalOfClient(code: string | undefined, timeout: number): Refusal {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new Refusal(408, 'REQUEST_TIMEOUT', `The request did not arrive within ${timeout / 1000} seconds`);
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new Refusal(431, 'BAD_REQUEST', `The head of the request is larger than ${HEAD_BYTES} bytes`);
  }
  return new Refusal(400, 'BAD_REQUEST', 'The request is not valid HTTP');
}

const ERROR_HEADERS = { 'Content-Type': 'application/json; charset=utf-8', 'X-Content-Type-Options': 'nosniff' };

const errorResponse = (refusal: Refusal): Response =>
  new Response(refusalBody(refusal), { status: refusal.status, headers: ERROR_HEADERS });

function rawResponse(refusal: Refusal): string {
  const body = refusalBody(refusal);
  const headers = { ...ERROR_HEADERS, 'Content-Length': Buffer.byteLength(body), Connection: 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${refusal.status} ${http.STATUS_CODES[refusal.status]}\r\n${lines.join('')}\r\n${body}`;
}
