import { timingSafeEqual } from 'node:crypto';
import { allowedHost, nameOf } from '../http/names';

/** What of a request says who asks. */
export interface Asked {
  method: string;
  /** Header fields; undefined where there is none. */
  host: string | undefined;
  origin: string | undefined;
  /** `Sec-Fetch-Site` */
  site: string | undefined;
  token: string | undefined;
}

/** Names under which this computer reaches itself; a port forwarded by ssh has another number on the other side. */
const isOwn = allowedHost('127.0.0.1', '127.0.0.1', []);

const OTHER_SITE = 'Requests from pages of other sites are refused.';
const WHOLE = 'Open the whole address that train printed.';

/**
 * Whether to answer a request of a page that is for this computer's user alone.
 *
 * The host's name is looked at because a page of another site may have its own name resolved to 127.0.0.1 (DNS rebinding); the origin because
 * a browser also asks on behalf of other sites' pages; the token because other users of this computer reach its ports too.
 *
 * @returns undefined where it is to be answered, else the status and what to say
 */
export function refusal(asked: Asked, token: string): { status: 403 | 405; text: string } | undefined {
  const name = nameOf(asked.host ?? '');
  if (name === undefined || !isOwn(name))
    return {
      status: 403,
      text: 'This page is served to this computer alone: open it as http://127.0.0.1 or localhost.',
    };
  if (asked.origin !== undefined && asked.origin !== `http://${asked.host}`) return { status: 403, text: OTHER_SITE };
  if (asked.site !== undefined && !['same-origin', 'none'].includes(asked.site))
    return { status: 403, text: OTHER_SITE };
  if (asked.token === undefined) return { status: 403, text: `The address lacks its token. ${WHOLE}` };
  if (!isToken(asked.token, token)) return { status: 403, text: `The token in this address is wrong. ${WHOLE}` };
  if (asked.method !== 'GET' && asked.method !== 'HEAD') return { status: 405, text: 'This page is read-only.' };
  return undefined;
}

function isToken(given: string, token: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}
