import { nameOf } from '../http/names';
import { Refusal } from './refusal';

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
