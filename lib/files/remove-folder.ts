import { rmSync } from 'node:fs';

/** Removes a folder that is not needed any more, and all in it. One that can't be removed does no harm, and must not hide what the work came to. */
export function removeFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    // It stays, for whoever clears up next.
  }
}
