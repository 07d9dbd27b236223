import path from 'node:path';
import { ResnetFtError } from '../errors';
import { readBytes, withWeightsFile } from './file';
import { isLegacyPth, isTar, readPth } from './pth';
import { readSafetensors, writeSafetensors } from './safetensors';
import type { StateDict } from './state-dict';

export { readPth } from './pth';
export { readSafetensors, writeSafetensors } from './safetensors';
export type { Dtype, StateDict, Tensor } from './state-dict';
export { matchForTransfer, type ModelTensor, type TransferMatch } from './transfer';

/**
 * Reads the tensors of a .pth or .safetensors file; its content decides which it is, not its name.
 *
 * @throws ResnetFtError WEIGHTS_INVALID where the file is missing, damaged, or asks for more than tensors.
 */
export async function readStateDict(file: string): Promise<StateDict> {
  const isTorch = await withWeightsFile(file, async (handle, size) => {
    const head = await readBytes(file, handle, 0, Math.min(size, 512));
    // A safetensors file could begin with the same bytes as its header's length, but then '{' follows.
    const isZip = head.subarray(0, 4).toString('latin1') === 'PK\x03\x04' && head[8] !== 0x7b;
    return isZip || isLegacyPth(head) || isTar(head);
  });
  return isTorch ? readPth(file) : (await readSafetensors(file)).tensors;
}

/**
 * Writes tensors to a .safetensors file, whole or not at all.
 *
 * @throws ResnetFtError INVALID_OPTION for another extension; OUTPUT_NOT_WRITABLE where the file can't be written.
 */
export async function writeStateDict(
  file: string,
  tensors: StateDict,
  options: { metadata?: Record<string, string> } = {},
): Promise<void> {
  if (path.extname(file).toLowerCase() !== '.safetensors') {
    throw new ResnetFtError('INVALID_OPTION', `Expected a file name ending in .safetensors but received ${file}`);
  }
  await writeSafetensors(file, tensors, options.metadata);
}
