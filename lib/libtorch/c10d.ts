import fs from 'node:fs';
import path from 'node:path';
import { ResnetFtError } from '../errors';
import { shownMinor } from './compatibility';
import { libraryName } from './inspect';
import { findLoader, REBUILD } from './loader';

/** What lets several processes train together, between CPUs or between GPUs, as the core opens it. */
type C10dKind = 'cpu' | 'cuda';

const NAMES: Readonly<Record<C10dKind, string>> = { cpu: 'resnet_ft_c10d', cuda: 'resnet_ft_c10d_cuda' };

/** The versions of LibTorch that a folder has such a library for. */
function versionsIn(folder: string, kind: C10dKind): string[] {
  const [before, after] = libraryName(`${NAMES[kind]}-|`).split('|') as [string, string];
  const names = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  return names
    .filter((name) => name.startsWith(before) && name.endsWith(after))
    .map((name) => name.slice(before.length, name.length - after.length))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/**
 * Finds the library that connects the processes of one training, which is another for each minor version of LibTorch. It lies beside the
 * addon that is loaded.
 *
 * @param libtorchVersion of the LibTorch that is used: `2.13.0+cpu`
 * @param kind `cuda` is what connects GPUs, which is opened beside the other; default cpu
 * @returns why there is none, in one line, where there is none
 */
export function findC10d(libtorchVersion: string, kind: C10dKind = 'cpu'): { file: string } | { reason: string } {
  const minor = shownMinor(libtorchVersion);
  let folder: string;
  try {
    folder = path.dirname(findLoader());
  } catch (error) {
    if (error instanceof ResnetFtError) return { reason: error.message };
    throw error;
  }
  const file = path.join(folder, libraryName(`${NAMES[kind]}-${minor}`));
  if (fs.existsSync(file)) return { file };
  const others = versionsIn(folder, kind);
  const has = others.length === 0 ? 'none' : `those for ${others.join(' and ')}`;
  const what = kind === 'cuda' ? 'several GPUs' : 'several processes';
  return { reason: `this addon has no part for ${what} on LibTorch ${minor}: ${folder} has ${has}` };
}

/** What to do where {@link findC10d} finds none. */
export const BUILD_C10D = `${REBUILD}, which needs gloo's headers (libgloo-dev, or RESNET_FT_GLOO)`;
