import fs from 'node:fs';
import { cp } from 'node:fs/promises';
import path from 'node:path';

/**
 * A torch wheel with CUDA lacks NVIDIA's libraries: they are packages of their own, in the folder `nvidia` beside `torch`, where the
 * wheel's libraries find them by a path relative to themselves.
 */
const NVIDIA = 'nvidia';

/** Where NVIDIA's packages lie for the LibTorch in a folder, whether there are any or not. */
export function nvidiaBeside(libtorch: string): string {
  return path.join(path.dirname(libtorch), NVIDIA);
}

/** Headers, static libraries and Python files are left behind: only what is opened at run time is needed, and licences. */
const isNeeded = (file: string): boolean =>
  /\.(so(\.\d+)*|dll)$/.test(file) || /licen[cs]e|notice|eula/i.test(path.basename(file));

/** Copies NVIDIA's packages of one LibTorch to their place for another; nothing where there are none. */
export async function copyNvidia(from: string, to: string): Promise<void> {
  const source = nvidiaBeside(from);
  if (!fs.existsSync(source)) return;
  await cp(source, nvidiaBeside(to), {
    recursive: true,
    dereference: true,
    // Of files on the same disk that can share their blocks, only the names are new.
    mode: fs.constants.COPYFILE_FICLONE,
    filter: (file) => fs.statSync(file).isDirectory() || isNeeded(file),
  });
}
