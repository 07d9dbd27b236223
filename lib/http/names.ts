import { isIP } from 'node:net';
import os from 'node:os';

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

/** The name in a `Host` header, in lower case and without the port: `[::1]:8080` has `::1`. Undefined where it is none. */
export function nameOf(header: string): string | undefined {
  const [, six, name] = /^(?:\[([\da-fA-F:.]+)\]|([^\s:/@?#[\]]+))(?::\d{1,5})?$/.exec(header) ?? [];
  return (six ?? name)?.toLowerCase();
}

/** An address as programs take it: `[::1]`, as it stands in a URL, is `::1`. */
export const withoutBrackets = (host: string): string => /^\[(.+)\]$/.exec(host)?.[1] ?? host;
