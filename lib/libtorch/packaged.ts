import path from 'node:path';
import { libtorchPackageName, PLATFORM } from './platform';

/** Folder of the npm package of LibTorch's libraries, or why there is none. */
export function packagedLibtorch(): { path: string } | { reason: string } {
  const name = libtorchPackageName();
  if (name === undefined) return { reason: `npm has none for ${PLATFORM}` };
  try {
    // From this module, not from the program's folder: pnpm puts it where only we can see it.
    return { path: path.dirname(require.resolve(`${name}/package.json`)) };
  } catch {
    return { reason: `${name} is not installed` };
  }
}
