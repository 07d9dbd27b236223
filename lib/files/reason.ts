import { getSystemErrorMap } from 'node:util';

/** Why the file system refused, for a message: `read-only file system (EROFS)`. */
export function reasonOf(error: unknown): string {
  const { code, errno, message } = error as NodeJS.ErrnoException;
  const known = errno === undefined ? undefined : getSystemErrorMap().get(errno);
  return known === undefined ? message || (code ?? String(error)) : `${known[1]} (${known[0]})`;
}
