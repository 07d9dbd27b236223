import { realpath, stat } from 'node:fs/promises';

/**
 * Tells a file or a folder from others, whatever it is called: the same for all hard links to it, and for both spellings where case does not count.
 *
 * @throws Error of the system
 */
export async function inodeOf(file: string): Promise<string> {
  const { dev, ino } = await stat(file, { bigint: true });
  // Some file systems have no such numbers.
  return ino === 0n ? realpath(file) : `${dev} ${ino}`;
}
