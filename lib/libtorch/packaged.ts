import path from 'node:path';
import { outsideArchive } from '../machine/root';

/**
 * The libraries of the npm packages of LibTorch, by platform. They are found from this module, not from the program's folder: pnpm puts them
 * where only we can see them. Each name is spelled out in a call, for the tools that copy what a program needs (@vercel/nft) read the calls
 * and follow no computed name.
 */
const LIBRARIES: Readonly<Record<string, () => string>> = {
  'linux-x64': () => path.join(path.dirname(require.resolve('@resnet-ft/libtorch-linux-x64-cpu/package.json')), 'lib'),
};

/** Folder of the npm package of LibTorch's libraries, or why there is none. */
export function packagedLibtorch(): { path: string } | { reason: string } {
  const platform = `${process.platform}-${process.arch}`;
  const libraries = LIBRARIES[platform];
  const reason = `@resnet-ft/libtorch-${platform}-cpu is not installed`;
  if (libraries === undefined) return { reason };
  try {
    return { path: outsideArchive(path.dirname(libraries())) };
  } catch {
    return { reason };
  }
}
