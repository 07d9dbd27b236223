import os from 'node:os';
import { getSystemErrorMap } from 'node:util';

/** What file systems over a network and those with quotas say beside what libuv, and so Node.js, has names for. */
const OTHERS: Readonly<Record<string, string>> = {
  EDQUOT: 'disk quota exceeded',
  ESTALE: 'stale file handle',
  EREMOTEIO: 'remote i/o error',
  ENOLINK: 'link has been severed',
};

function known({ errno, syscall }: NodeJS.ErrnoException): [code: string, text: string] | undefined {
  // zlib's errors have numbers too, which are none of the system's.
  if (errno === undefined || syscall === undefined) return undefined;
  const numbers = os.constants.errno as Readonly<Record<string, number>>;
  const other = Object.entries(OTHERS).find(([code]) => numbers[code] === -errno);
  return other ?? getSystemErrorMap().get(errno);
}

/** The code of a system's error, such as `ENOSPC`; of one that Node.js does not know it gives `Unknown system error -122`. */
export function codeOf(error: unknown): string | undefined {
  const failed = error as NodeJS.ErrnoException;
  return known(failed)?.[0] ?? failed.code;
}

/** Whether the error of a system call says that there is nothing of that name: others leave it open. */
export const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '');

/** Why the file system refused, for a message: `read-only file system (EROFS)`; of another error its message. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, message } = error as NodeJS.ErrnoException;
  const found = known(error);
  return found === undefined ? message || (code ?? String(error)) : `${found[1]} (${found[0]})`;
}
