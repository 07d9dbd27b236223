/** Where the addon for a processor is built, and how where that is not this machine's. */
'use strict';

const path = require('node:path');

const root = path.resolve(__dirname, '..');

/** What compiles for another processor on Linux: CMake's toolchain file, and what Debian calls the compiler's package. */
const CROSSED = {
  arm64: { toolchain: path.join(root, 'cmake', 'aarch64-linux-gnu.cmake'), compiler: 'g++-aarch64-linux-gnu' },
};

/**
 * @param arch as Node.js calls it
 * @returns the build folder, and the toolchain where this machine has another processor
 */
function buildTarget(arch) {
  if (arch === process.arch) return { folder: path.join(root, 'build') };
  const crossed = process.platform === 'linux' ? CROSSED[arch] : undefined;
  if (crossed === undefined) {
    const names = Object.keys(CROSSED).join(', ');
    throw new Error(`--arch ${arch} can't be built on ${process.platform}-${process.arch}, only on Linux: ${names}`);
  }
  return { folder: path.join(root, 'build', `linux-${arch}`), crossed };
}

module.exports = { buildTarget };
