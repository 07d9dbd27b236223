import { EnvHttpProxyAgent, interceptors, request, type Dispatcher } from 'undici';
import { AttemptError } from './failure';

const MAX_REDIRECTIONS = 10;

/** An answer of a server whose body is still to be read. */
export interface Reply {
  status: number;
  header(name: string): string | undefined;
  body: Dispatcher.ResponseData['body'];
}

/** Gets files over HTTP; must be closed. */
export interface Client {
  get(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<Reply>;
  close(): Promise<void>;
}

/** A URL without the password that it may carry. */
export function shownUrl(url: string): string {
  try {
    const shown = new URL(url);
    shown.username = '';
    shown.password = '';
    return shown.href;
  } catch {
    return url;
  }
}

function authorization(url: URL): Record<string, string> {
  if (url.username === '') return {};
  const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return { authorization: `Basic ${Buffer.from(login).toString('base64')}` };
}

/** A client that honours HTTP_PROXY, HTTPS_PROXY and NO_PROXY (also in lower case) and follows redirections. */
export function createClient(options: { stall: number; connect: number }): Client {
  let agent: EnvHttpProxyAgent;
  try {
    agent = new EnvHttpProxyAgent({
      connect: { timeout: options.connect },
      headersTimeout: options.stall,
      bodyTimeout: options.stall,
      // Proxies often refuse a tunnel to a port other than 443, so plain http is asked for without one.
      proxyTunnel: false,
    });
  } catch (error) {
    throw new AttemptError('HTTP_PROXY or HTTPS_PROXY is not a URL', false, undefined, error);
  }
  const dispatcher = agent.compose(interceptors.redirect({ maxRedirections: MAX_REDIRECTIONS }));
  return {
    async get(url, headers, signal) {
      const target = new URL(url);
      const sent = {
        'user-agent': 'resnet-ft',
        'accept-encoding': 'identity',
        ...authorization(target),
        ...headers,
      };
      target.username = '';
      target.password = '';
      const reply = await request(target, { dispatcher, signal, headers: sent });
      const header = (name: string): string | undefined => {
        const value = reply.headers[name];
        return Array.isArray(value) ? value[0] : value;
      };
      return { status: reply.statusCode, header, body: reply.body };
    },
    // Not close(), which waits for bodies that nobody reads any more.
    close: () => agent.destroy(),
  };
}
