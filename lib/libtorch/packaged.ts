import path from 'node:path';
import { outsideArchive } from '../machine/root';
import { libtorchPackageName, PLATFORM } from './platform';

/**
 * What is used of the npm packages of LibTorch, by platform. They are found from this module, not from the program's folder: pnpm puts them
 * where only we can see them. Each path is spelled out, in a function with a body, for so the tools that copy what a program needs
 * (@vercel/nft) can read it: they follow no computed name, and nothing in a short arrow function. Each is tried by itself, for npm installs
 * one of them at most, and webpack ends with an error where a package is missing that is not asked for within `try`.
 */
const PARTS: Readonly<Record<string, () => [string, string] | undefined>> = {
  'linux-x64'() {
    try {
      const manifest = require.resolve('@resnet-ft/libtorch-linux-x64-cpu/package.json');
      return [path.join(manifest, '..', 'build-version'), path.join(manifest, '..', 'lib')];
    } catch {
      return undefined;
    }
  },
  'linux-arm64'() {
    try {
      const manifest = require.resolve('@resnet-ft/libtorch-linux-arm64-cpu/package.json');
      return [path.join(manifest, '..', 'build-version'), path.join(manifest, '..', 'lib')];
    } catch {
      return undefined;
    }
  },
};

/** Folder of the npm package of LibTorch's libraries, or why there is none. */
export function packagedLibtorch(): { path: string } | { reason: string } {
  const find = PARTS[PLATFORM];
  if (find === undefined) return { reason: `npm has none for ${PLATFORM}` };
  const parts = find();
  if (parts === undefined) return { reason: `${libtorchPackageName()} is not installed` };
  return { path: outsideArchive(path.dirname(parts[0])) };
}
