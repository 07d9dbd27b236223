import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { CLOSED_HEADERS } from '../http/headers';
import { listen } from '../http/listen';
import { refusal } from './guard';
import type { LivePage } from './live-page';

/** Beside the policy that stands in a page. */
const FRAMELESS = "frame-ancestors 'none'";

/** Connections at the same time: a few pages, each with its stream. */
const MOST_CONNECTIONS = 64;

/** Milliseconds for which a connection may say nothing: other users of this computer can open some too, and would keep the page's own out. */
const HEAD_PATIENCE = 5000;
const LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: HEAD_PATIENCE,
  requestTimeout: 2 * HEAD_PATIENCE,
  connectionsCheckingInterval: 1000,
};

/**
 * Serves a page on 127.0.0.1 to those who know its token.
 *
 * @param port 0 for any that is free
 * @param option that names the port, for the hint of the error
 * @returns the server, and its port
 * @throws ResnetFtError ADDRESS_UNAVAILABLE where the port can't be had
 */
export async function servePage(
  page: LivePage,
  token: string,
  port: number,
  option: string,
): Promise<{ server: Server; port: number }> {
  // The globals are not ours to replace.
  const server = createAdaptorServer({
    fetch: application(page, token).fetch,
    overrideGlobalObjects: false,
    serverOptions: LIMITS,
  }) as Server;
  server.maxConnections = MOST_CONNECTIONS;
  const address = await listen(server, '127.0.0.1', port, option);
  // A page that is open keeps no program running: neither what listens nor what is connected.
  server.on('connection', (socket) => socket.unref());
  server.unref();
  return { server, port: address.port };
}

function application(page: LivePage, token: string): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.use(async (c, next) => {
    const { req } = c;
    const refused = refusal(
      {
        method: req.method,
        host: req.header('host'),
        origin: req.header('origin'),
        site: req.header('sec-fetch-site'),
        token: req.query('token'),
      },
      token,
    );
    if (refused === undefined) await next();
    else c.res = c.text(refused.text, refused.status);
    for (const [name, value] of Object.entries(CLOSED_HEADERS))
      if (!c.res.headers.has(name)) c.res.headers.set(name, value);
  });
  app.get('/', (c) =>
    c.html(c.req.method === 'HEAD' ? '' : page.page(), 200, { 'Content-Security-Policy': FRAMELESS }),
  );
  app.get('/events', (c) => {
    // What asks for the head alone never reads, and never goes.
    if (c.req.method === 'HEAD') return c.body(null, 200, { 'Content-Type': 'text/event-stream' });
    const version = c.req.query('version');
    return streamSSE(c, (stream) => page.follow(stream, version === undefined ? undefined : Number(version)));
  });
  app.get('/report', async (c) => {
    if (page.report === undefined) return c.text('The training has no report yet.', 404);
    const text = await readFile(page.report, 'utf8');
    page.sending(c.env.outgoing);
    return c.html(text, 200, { 'Content-Security-Policy': FRAMELESS });
  });
  app.notFound((c) => c.text('There is no such page.', 404));
  app.onError((_, c) => c.text('The page could not be made.', 500));
  return app;
}
