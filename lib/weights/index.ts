import path from 'node:path';
import type { Finish } from '../files/atomic-file';
import { rejectOption } from '../options';
import { checkToWrite, requireFileName } from './check-arguments';
import { invalid, readBytes, withWeightsFile } from './file';
import type { Metadata } from './metadata';
import { readPthZip } from './pth';
import { isLegacyPth, isTar, readPthLegacy } from './pth-legacy';
import { writePth } from './pth-writer';
import { readSafetensors, writeSafetensors } from './safetensors';
import type { StateDict } from './state-dict';

export type { Metadata } from './metadata';
export { writePth } from './pth-writer';
export type { Dtype, StateDict, Tensor } from './state-dict';
export { matchForTransfer, type ModelTensor, type TransferMatch } from './transfer';

const HEAD = 512;
const EXTENSIONS = ['.safetensors', '.pth', '.pt'];

/**
 * Reads the tensors and the metadata of a .pth (the zip of torch.save or its older bare pickle) or a .safetensors file; its
 * content decides which it is, not its name. Nothing in it is executed. A checkpoint `{"state_dict": …}`, `{"model": …}`,
 * `{"model_state_dict": …}` or any other dictionary with one state dict in it is unwrapped, a tensor that was saved alone is
 * called `tensor`, and the prefix `module.` of DataParallel is taken off where every name has it.
 *
 * Time and memory are bounded by the file's size: at most twice as many bytes as the file has, or 1 MiB more.
 *
 * @returns tensors, row-major and little-endian; metadata, text by name, empty where the file has none.
 * @throws ResnetFtError WEIGHTS_INVALID where the file is missing, damaged, or asks for more than tensors.
 */
export async function readWeights(file: string): Promise<{ tensors: StateDict; metadata: Metadata }> {
  const { tensors, metadata } = await withWeightsFile(file, async (handle, size) => {
    const head = await readBytes(file, handle, 0, Math.min(size, HEAD));
    if (isLegacyPth(head)) return { tensors: await readPthLegacy(file, handle, size), metadata: {} };
    if (isTar(head)) {
      const hint = 'Re-save it with PyTorch 1.6 or later: torch.save(torch.load(FILE, weights_only=False), NEW_FILE).';
      throw invalid(file, 'a tar, the format of PyTorch before 0.1.10, is not supported; re-save it', { hint });
    }
    // A safetensors file could begin with the same bytes as its header's length, but then '{' follows.
    const isZip = head.subarray(0, 4).toString('latin1') === 'PK\x03\x04' && head[8] !== 0x7b;
    return isZip ? readPthZip(file, handle, size) : readSafetensors(file, handle, size);
  });
  return { tensors: withoutPrefix(tensors), metadata };
}

/** DataParallel puts its own name before that of every tensor. */
function withoutPrefix(tensors: StateDict): StateDict {
  const prefix = 'module.';
  if (![...tensors.keys()].every((name) => name.startsWith(prefix))) return tensors;
  return new Map([...tensors].map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

/**
 * Reads the tensors of a .pth (the zip of torch.save or its older bare pickle) or a .safetensors file; its content decides which it is, not its
 * name. Nothing in it is executed. A checkpoint with one state dict in it is unwrapped, and DataParallel's prefix `module.` taken off.
 *
 * @throws ResnetFtError INVALID_OPTION; WEIGHTS_INVALID where the file is missing, damaged, or asks for more than tensors.
 */
export async function readStateDict(file: string): Promise<StateDict> {
  const { tensors } = await readWeights(requireFileName(file));
  return new Map([...tensors].map(([name, tensor]) => [name, { ...tensor, data: plain(tensor.data) }]));
}

/** The bytes as no Buffer, whose `slice` gives a view where a Uint8Array's gives a copy. */
const plain = ({ buffer, byteOffset, length }: Uint8Array): Uint8Array => new Uint8Array(buffer, byteOffset, length);

/**
 * Writes tensors to a .safetensors, .pth or .pt file, whole or not at all; the extension decides.
 *
 * @param tensors whose data stay as they are until the file is written: they are not copied
 * @param options.metadata text by name, which a model carries with it; default none.
 * @throws ResnetFtError INVALID_OPTION for another extension, and for what could not be read again; OUTPUT_NOT_WRITABLE where the file can't be written.
 */
export async function writeStateDict(
  file: string,
  tensors: StateDict,
  options: { metadata?: Metadata | undefined } = {},
): Promise<void> {
  await writeTensors(file, tensors, options);
}

/**
 * As {@link writeStateDict}.
 *
 * @param finish as of writeAtomically
 */
export async function writeTensors(
  file: string,
  tensors: StateDict,
  options: { metadata?: Metadata | undefined },
  finish?: Finish,
): Promise<void> {
  const extension = path.extname(requireFileName(file)).toLowerCase();
  if (!EXTENSIONS.includes(extension)) rejectOption('a file name ending in .safetensors, .pth or .pt', 'file', file);
  checkToWrite(tensors, options);
  if (extension === '.safetensors') await writeSafetensors(file, tensors, options.metadata, finish);
  else await writePth(file, tensors, options, finish);
}
