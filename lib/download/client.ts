import { buildConnector, EnvHttpProxyAgent, interceptors, Pool, request, type Dispatcher } from 'undici';
import { Backlog } from './backlog';
import { decoded } from './decoded';
import { AttemptError } from './failure';

const MAX_REDIRECTIONS = 10;

/** Most interim replies (such as 103 Early Hints) before the final one; each would restart undici's timeout. */
const MAX_INFORMATIONAL = 20;

/** Times the patience for one byte that the whole way to an answer may take, redirections with it. */
const ANSWER_PATIENCE = 4;

/** An answer of a server whose body is still to be read. */
export interface Reply {
  status: number;
  header(name: string): string | undefined;
  body: AsyncIterable<Buffer>;
  /** Must be called once the body is done with, read or not. */
  drop(): void;
}

/** Gets files over HTTP; must be closed. */
export interface Client {
  get(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<Reply>;
  close(): Promise<void>;
}

function authorization(url: URL): Record<string, string> {
  if (url.username === '') return {};
  const login = `${decoded(url.username)}:${decoded(url.password)}`;
  return { authorization: `Basic ${Buffer.from(login).toString('base64')}` };
}

/** A client that honours HTTP_PROXY, HTTPS_PROXY and NO_PROXY (also in lower case) and follows redirections. */
export function createClient(options: { stall: number; connect: number }): Client {
  const timeouts = { headersTimeout: options.stall, bodyTimeout: options.stall };
  const backlog = new Backlog();
  let agent: EnvHttpProxyAgent;
  try {
    agent = new EnvHttpProxyAgent({
      connect: { timeout: options.connect },
      ...timeouts,
      // Proxies often refuse a tunnel to a port other than 443, so plain http is asked for without one.
      proxyTunnel: false,
      factory: (origin, given: Pool.Options) =>
        new Pool(String(origin), { ...timeouts, ...given, connect: watched(given.connect, options.connect, backlog) }),
    });
  } catch (error) {
    throw new AttemptError('HTTP_PROXY or HTTPS_PROXY is not a URL', false, undefined, error);
  }
  return {
    async get(url, headers, signal) {
      const target = new URL(url);
      const dispatcher = following(agent, target);
      const sent = {
        'user-agent': 'resnet-ft',
        'accept-encoding': 'identity',
        ...authorization(target),
        ...headers,
      };
      target.username = '';
      target.password = '';
      const limits = limitsOfAnswer(ANSWER_PATIENCE * options.stall);
      try {
        const reply = await request(target, {
          dispatcher,
          signal: AbortSignal.any([signal, limits.signal]),
          headers: sent,
          highWaterMark: Number.MAX_SAFE_INTEGER,
          onInfo: limits.onInfo,
        });
        const { body } = reply;
        const header = (name: string): string | undefined => {
          const value = reply.headers[name];
          return Array.isArray(value) ? value[0] : value;
        };
        // An error event of a body that is given up has no other listener.
        const drop = (): void => void body.on('error', () => {}).destroy();
        return { status: reply.statusCode, header, body: backlog.chunksOf(body), drop };
      } finally {
        limits.end();
      }
    },
    // Not close(), which waits for bodies that nobody reads any more.
    close: () => agent.destroy(),
  };
}

/** Follows redirections, but not from https to plain http, where anybody on the way could put another file in place. */
export function following(agent: Dispatcher, start: URL): Dispatcher {
  const encrypted = start.protocol === 'https:';
  const stayEncrypted: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
    if (!encrypted || new URL(String(options.origin)).protocol === 'https:') return dispatch(options, handler);
    const error = new AttemptError(`it is redirected from https to plain http, at ${String(options.origin)}`, false);
    // No request is made, and so there is nothing to control.
    handler.onResponseError?.(undefined as never, error);
    return true;
  };
  return agent.compose(stayEncrypted, interceptors.redirect({ maxRedirections: MAX_REDIRECTIONS }));
}

/** Makes connections as undici would, whose reading the backlog can hold up. */
function watched(connect: Pool.Options['connect'], timeout: number, backlog: Backlog): buildConnector.connector {
  const connector = typeof connect === 'function' ? connect : buildConnector({ timeout, ...connect });
  return (options, callback) =>
    connector(options, (...result) => {
      if (result[0] === null) backlog.watch(result[1]);
      callback(...result);
    });
}

/** What stops a server that never comes to its answer: a clock, and a count of replies that only inform. */
function limitsOfAnswer(milliseconds: number): { signal: AbortSignal; onInfo: () => void; end: () => void } {
  const stop = new AbortController();
  const giveUp = (reason: string): void => stop.abort(new AttemptError(reason, true));
  const timer = setTimeout(() => giveUp(`no answer came within ${milliseconds / 1000} s`), milliseconds);
  let informational = 0;
  return {
    signal: stop.signal,
    onInfo: () => {
      if (++informational > MAX_INFORMATIONAL)
        giveUp(`the server sends one interim reply after another, and no answer`);
    },
    end: () => clearTimeout(timer),
  };
}
