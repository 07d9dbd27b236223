import { isIP } from 'node:net';
import os from 'node:os';
import { Refusal } from './refusal';

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1'];

/** Whether only this machine reaches an address. */
export const isLoopback = (address: string): boolean =>
  /^127\./.test(address) || ['::1', '::ffff:127.0.0.1', 'localhost'].includes(address);

const isWildcard = (address: string): boolean => address === '0.0.0.0' || address === '::';

/**
 * Which names a request may call the server by. A web page elsewhere can have its own name resolved to this machine (DNS rebinding), and would
 * then read answers as its own; it can't do so by a name or an address that is known to be the server's.
 *
 * @param host as the server was told to listen
 * @param address that it came to
 * @param names that the user allows beside them
 */
export function allowedHost(host: string, address: string, names: readonly string[]): (name: string) => boolean {
  const known = new Set([host, address, ...names].map((name) => name.toLowerCase()));
  const open = isWildcard(address);
  if (open || isLoopback(address)) LOOPBACK_NAMES.forEach((name) => known.add(name));
  if (open) known.add(os.hostname().toLowerCase());
  // By a number nothing is rebound: of all addresses, any may be one of this machine, or of what passes on to it.
  return (name) => known.has(name) || (open && isIP(name) !== 0);
}

/** The name in a `Host` header, in lower case and without the port: `[::1]:8080` has `::1`. */
function nameOf(header: string): string | undefined {
  const [, six, name] = /^(?:\[([\da-fA-F:.]+)\]|([^\s:/@?#[\]]+))(?::\d{1,5})?$/.exec(header) ?? [];
  return (six ?? name)?.toLowerCase();
}

/** What {@link checkOrigin} looks at. */
export interface RequestHeaders {
  host?: string | undefined;
  origin?: string | undefined;
  'sec-fetch-site'?: string | string[] | undefined;
}

/**
 * Refuses a request by a foreign name and, of those that change something, what a browser sends for a page of another origin (CSRF).
 *
 * @throws Refusal HOST_NOT_ALLOWED, ORIGIN_NOT_ALLOWED
 */
export function checkOrigin(headers: RequestHeaders, method: string, allowed: (name: string) => boolean): void {
  const { host = '', origin } = headers;
  const name = nameOf(host);
  if (name === undefined || !allowed(name)) {
    throw new Refusal(421, 'HOST_NOT_ALLOWED', `This server does not go by the name ${host === '' ? '(none)' : host}`);
  }
  if (method === 'GET' || method === 'HEAD') return;
  const site = headers['sec-fetch-site'];
  // Behind a proxy that speaks TLS the origin has another scheme.
  const own = origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
  const foreign = origin === undefined && (site === 'cross-site' || site === 'same-site');
  if (!own || foreign) {
    throw new Refusal(403, 'ORIGIN_NOT_ALLOWED', 'A page of another origin may not use this server');
  }
}
