import { oneLine, ResnetFtError, type ErrorCode } from '../../../lib/errors';

/**
 * What is at an address.
 *
 * @param code of the error where there is nothing
 */
export async function fetchBytes(url: string | URL, code: ErrorCode): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`the server answers ${response.status} ${response.statusText}`.trim());
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw new ResnetFtError(code, `${String(url)}: ${oneLine((cause as Error).message)}`, { cause });
  }
}
