import path from 'node:path';
import { outsideArchive } from '../machine/root';
import { libtorchPackageName, PLATFORM } from './platform';

/**
 * What is used of the npm packages of LibTorch, by platform. They are found from this module, not from the program's folder: pnpm puts them
 * where only we can see them. Each path is spelled out, in a function with a body, for so the tools that copy what a program needs
 * (@vercel/nft) can read it: they follow no computed name, and nothing in a short arrow function.
 */
const PARTS: Readonly<Record<string, () => [string, string]>> = {
  'linux-x64'() {
    const manifest = require.resolve('@resnet-ft/libtorch-linux-x64-cpu/package.json');
    return [path.join(manifest, '..', 'build-version'), path.join(manifest, '..', 'lib')];
  },
  'linux-arm64'() {
    const manifest = require.resolve('@resnet-ft/libtorch-linux-arm64-cpu/package.json');
    return [path.join(manifest, '..', 'build-version'), path.join(manifest, '..', 'lib')];
  },
};

/** Folder of the npm package of LibTorch's libraries, or why there is none. */
export function packagedLibtorch(): { path: string } | { reason: string } {
  const parts = PARTS[PLATFORM];
  if (parts === undefined) return { reason: `npm has none for ${PLATFORM}` };
  try {
    return { path: outsideArchive(path.dirname(parts()[0])) };
  } catch {
    return { reason: `${libtorchPackageName()} is not installed` };
  }
}
