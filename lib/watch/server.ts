import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { rejectOption } from '../options';
import { refusal } from './guard';
import type { LivePage } from './live-page';

const HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

/** Connections at the same time: a few pages, each with its stream. */
const MOST_CONNECTIONS = 64;

/**
 * Serves a page on 127.0.0.1 to those who know its token.
 *
 * @param port 0 for any that is free
 * @throws ResnetFtError INVALID_OPTION where the port can't be had
 */
export async function listen(page: LivePage, token: string, port: number): Promise<Server> {
  const server = createAdaptorServer({ fetch: application(page, token).fetch }) as Server;
  server.maxConnections = MOST_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(portError(port, error)));
    server.listen(port, '127.0.0.1', resolve);
  });
  // A page that is open keeps no program running.
  server.unref();
  return server;
}

function portError(port: number, error: NodeJS.ErrnoException): Error {
  if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') return error;
  const hint = error.code === 'EADDRINUSE' ? 'Another program has this one' : 'Ports below 1024 are for root alone';
  try {
    return rejectOption('a free port, or 0 for any', '--watch-port', port, hint);
  } catch (refused) {
    return refused as Error;
  }
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
    for (const [name, value] of Object.entries(HEADERS)) c.res.headers.set(name, value);
  });
  app.get('/', (c) => c.html(page.page()));
  app.get('/events', (c) => streamSSE(c, (stream) => page.follow(stream)));
  app.get('/report', async (c) => {
    if (page.report === undefined) return c.text('The training has no report yet.', 404);
    const text = await readFile(page.report, 'utf8');
    page.sending(c.env.outgoing);
    return c.html(text);
  });
  app.notFound((c) => c.text('There is no such page.', 404));
  app.onError((_, c) => c.text('The page could not be made.', 500));
  return app;
}
