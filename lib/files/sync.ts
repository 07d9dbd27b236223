import fs from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';

const fsync = promisify(fs.fsync);

/** Makes what was written durable. `handle.sync()` is the same, but in Yarn's Plug'n'Play, whose handles do not have it. */
export function sync(handle: FileHandle): Promise<void> {
  return fsync(handle.fd);
}
