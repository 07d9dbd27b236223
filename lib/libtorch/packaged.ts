import path from 'node:path';

/** Name of the npm package of LibTorch's libraries for this machine, whether there is one or not. */
function libtorchPackageName(): string {
  return `@resnet-ft/libtorch-${process.platform}-${process.arch}-cpu`;
}

/** Folder of the npm package of LibTorch's libraries, or why there is none. */
export function packagedLibtorch(): { path: string } | { reason: string } {
  const name = libtorchPackageName();
  try {
    // From this module, not from the program's folder: pnpm puts it where only we can see it.
    return { path: path.dirname(require.resolve(`${name}/package.json`)) };
  } catch {
    return { reason: `${name} is not installed` };
  }
}
