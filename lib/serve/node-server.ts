import http from 'node:http';
import type { Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { breakOff, continueLater } from './body';
import { Connections } from './connections';
import { Refusal, refusalBody } from './refusal';
import { refusalOfHead, takeServerFromAddress } from './request-checks';

/** Milliseconds by which Node.js comes after our own bound, so that the answer is ours. */
const MARGIN = 2000;
/** Milliseconds for which what a client still sends is thrown away: a connection that is closed at once could lose the answer. */
const LINGER = 500;
/** Bytes of a request's head. */
const HEAD_BYTES = 16 * 1024;

type Fetch = Parameters<typeof getRequestListener>[0];

/** How an HTTP server is set up. */
export interface ListenOptions {
  /** Milliseconds that a request may take to arrive, and then to be answered. */
  timeout: number;
  /** Called for a request that comes to no route, with the status that it got. */
  onRefused: (status: number) => void;
}

/** An HTTP server, and its connections. */
export interface NodeServer {
  server: http.Server;
  connections: Connections;
}

/** An HTTP server that does not listen yet. */
export function createServer(fetch: Fetch, { timeout, onRefused }: ListenOptions): NodeServer {
  const answer = getRequestListener(fetch, {
    // The globals are not ours to replace.
    overrideGlobalObjects: false,
    errorHandler: () => {
      onRefused(400);
      return errorResponse(new Refusal(400, 'BAD_REQUEST', 'The address of the request is not valid'));
    },
    // It lets bodies of GET come for as long as a request may take; see throwAway.
    autoCleanupIncoming: false,
  });
  const server = http.createServer({
    maxHeaderSize: HEAD_BYTES,
    headersTimeout: timeout,
    requestTimeout: timeout + MARGIN,
    connectionsCheckingInterval: Math.min(Math.max(timeout / 4, 50), 1000),
    // It is ours to say what is missing.
    requireHostHeader: false,
  });
  const connections = new Connections();
  server.on('connection', (socket: Socket) => connections.opened(socket));
  const refuse = (response: http.ServerResponse, refusal: Refusal): void => {
    onRefused(refusal.status);
    const body = refusalBody(refusal);
    response.writeHead(refusal.status, headersOf(body)).end(body);
  };
  const onRequest = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    connections.asked(response);
    response.once('finish', () => throwAway(request));
    takeServerFromAddress(request);
    const refusal = refusalOfHead(request);
    if (refusal === undefined) void answer(request, response);
    else refuse(response, refusal);
  };
  server.on('request', onRequest);
  // `curl` asks before it sends a large body; one that will be refused need not be sent at all.
  server.on('checkContinue', (request: http.IncomingMessage, response: http.ServerResponse) => {
    continueLater(request, response);
    onRequest(request, response);
  });
  server.on('checkExpectation', (_: http.IncomingMessage, response: http.ServerResponse) => {
    connections.asked(response);
    refuse(response, new Refusal(417, 'BAD_REQUEST', 'The only value that the header Expect may have is 100-continue'));
  });
  server.on('connect', (_: http.IncomingMessage, socket: Socket) => {
    onRefused(405);
    // Node.js leaves the connection to us, and what nobody listens for ends the process: a client may break off.
    socket.on('error', () => {});
    const allow = { Allow: 'GET, HEAD, POST' };
    hangUp(socket, rawResponse(new Refusal(405, 'METHOD_NOT_ALLOWED', 'This server is not a proxy', allow)));
  });
  const broken = new WeakSet<Socket>();
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // Whatever comes after bytes that are no HTTP is none either.
    if (broken.has(socket)) return;
    broken.add(socket);
    if (!socket.writable || error.code === 'ECONNRESET') return socket.destroySoon();
    // Browsers and balancers open some to have them at hand.
    if (socket.bytesRead === 0) return socket.destroySoon();
    const refusal = refusalOfClient(error.code, timeout);
    const refuseRest = (): void => {
      // After the answer to a request that said it was the last, nothing is expected.
      if (!socket.writable) return;
      onRefused(refusal.status);
      hangUp(socket, rawResponse(refusal));
    };
    // Answers come in the order of the requests, and one to each.
    const last = connections.underWay(socket);
    if (last === undefined) return refuseRest();
    if (last.req.complete) return void last.once('finish', refuseRest);
    // It was answered before its body was there, and there is nothing more to say.
    if (last.writableFinished) return hangUp(socket);
    last.shouldKeepAlive = false;
    last.once('finish', () => hangUp(socket));
    breakOff(last.req, refusal);
  });
  // A client that neither sends nor reads.
  server.setTimeout(2 * timeout + MARGIN);
  return { server, connections };
}

function refusalOfClient(code: string | undefined, timeout: number): Refusal {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new Refusal(408, 'REQUEST_TIMEOUT', `The request did not arrive within ${timeout / 1000} seconds`);
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new Refusal(431, 'BAD_REQUEST', `The head of the request is larger than ${HEAD_BYTES} bytes`);
  }
  if (code === 'HPE_INVALID_EOF_STATE') return new Refusal(400, 'BAD_REQUEST', 'The request ended too early');
  return new Refusal(400, 'BAD_REQUEST', 'The request is not valid HTTP');
}

/** Lets a body that was not wanted come while its client reads the answer, but not for long. */
function throwAway(request: http.IncomingMessage): void {
  if (request.complete) return;
  request.resume();
  setTimeout(() => {
    if (!request.complete) request.socket.destroy();
  }, LINGER).unref();
}

/** Ends a connection with these last words. */
function hangUp(socket: Socket, words = ''): void {
  socket.end(words);
  socket.resume();
  setTimeout(() => socket.destroy(), LINGER).unref();
}

const ERROR_HEADERS = { 'Content-Type': 'application/json; charset=utf-8', 'X-Content-Type-Options': 'nosniff' };

const headersOf = (body: string) => ({
  ...ERROR_HEADERS,
  'Content-Length': Buffer.byteLength(body),
  Connection: 'close',
});

const errorResponse = (refusal: Refusal): Response =>
  new Response(refusalBody(refusal), { status: refusal.status, headers: ERROR_HEADERS });

function rawResponse(refusal: Refusal): string {
  const body = refusalBody(refusal);
  const lines = Object.entries({ ...headersOf(body), ...refusal.headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return `HTTP/1.1 ${refusal.status} ${http.STATUS_CODES[refusal.status]}\r\n${lines.join('')}\r\n${body}`;
}
