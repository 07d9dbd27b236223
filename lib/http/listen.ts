import type { Server } from 'node:http';
import { isIP, type AddressInfo } from 'node:net';
import { ResnetFtError } from '../errors';
import { reasonOf } from '../files/reason';

/**
 * Begins to listen.
 *
 * @param option that names the port, for the hint of the error
 * @throws ResnetFtError ADDRESS_UNAVAILABLE
 */
export async function listen(server: Server, host: string, port: number, option = '--port'): Promise<AddressInfo> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (cause) {
    throw unavailable(host, port, option, cause as NodeJS.ErrnoException);
  }
  return server.address() as AddressInfo;
}

function unavailable(host: string, port: number, option: string, cause: NodeJS.ErrnoException): ResnetFtError {
  const where = `${bracketed(host)}:${port}`;
  if (cause.code === 'EADDRINUSE') {
    const hint = `Choose another with ${option}, or 0 for any that is free`;
    return new ResnetFtError('ADDRESS_UNAVAILABLE', `${where} is in use by another program`, { hint, cause });
  }
  const hint =
    cause.code === 'EACCES' ? `Choose a ${option} of 1024 or more` : 'Give --host an address or a name of this machine';
  return new ResnetFtError('ADDRESS_UNAVAILABLE', `Cannot listen at ${where}: ${reasonOf(cause)}`, { hint, cause });
}

const bracketed = (host: string): string => (isIP(host) === 6 ? `[${host}]` : host);

/** The address of the page, as a browser on this machine takes it. */
export function urlOf(host: string, { address, port }: AddressInfo): string {
  const local: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  return `http://${bracketed(local[address] ?? host)}:${port}/`;
}
