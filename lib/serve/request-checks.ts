import type { IncomingMessage } from 'node:http';
import { nameOf } from '../http/names';
import { Refusal } from './refusal';

/**
 * Brings a request whose address names the server, as one to a proxy does, into the usual form. That name counts then, and not the header `Host`
 * (RFC 9112, section 3.2.2).
 */
export function takeServerFromAddress(request: Pick<IncomingMessage, 'url' | 'headers'>): void {
  const { url = '' } = request;
  const [before, host] = /^https?:\/\/([^/?#]*)/i.exec(url) ?? [];
  if (before === undefined) return;
  const path = url.slice(before.length);
  request.headers.host = host;
  request.url = path.startsWith('/') ? path : `/${path}`;
}

/**
 * Why a request is refused by its head, before any route: what a proxy before the server could read in another way, or has no meaning here. Node.js
 * lets these through (RFC 9112, sections 3.2 and 6.1).
 */
export function refusalOfHead({
  url = '',
  headers,
  rawHeaders,
}: Pick<IncomingMessage, 'url' | 'headers' | 'rawHeaders'>): Refusal | undefined {
  const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length;
  if (hosts !== 1 || nameOf(headers.host ?? '') === undefined) {
    return new Refusal(400, 'BAD_REQUEST', 'The request must have the header Host, once and with a name');
  }
  if (!url.startsWith('/')) {
    return new Refusal(400, 'BAD_REQUEST', 'The address of the request must be a path, such as /predict');
  }
  const coding = headers['transfer-encoding'] ?? 'chunked';
  if (coding.toLowerCase() === 'chunked') return undefined;
  return new Refusal(415, 'UNSUPPORTED_TYPE', `The transfer encoding ${coding} is not supported`);
}
