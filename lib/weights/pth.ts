import type { FileHandle } from 'node:fs/promises';
import zlib from 'node:zlib';
import yauzl from 'yauzl';
import { invalid, quote, readBytes, withWeightsFile } from './file';
import { readPickle } from './pickle';
import { TensorRef, type StorageRef } from './pickle-values';
import { byteLength, elementCount, elementSize, type StateDict, type Tensor } from './state-dict';

// The format: torch/serialization.py (`_save`) and caffe2/serialize/inline_container.cc: a zip of stored entries under one
// folder: data.pkl, byteorder, data/0…, version.

const MAX_PICKLE = 16 * 1024 * 1024;
const MAX_ENTRIES = 100_000;

/** `torch.save` of old: a pickled LONG1 of 0x1950A86A20F9469CFC6C; the second byte, the protocol, may differ. */
const LEGACY_MAGIC = Buffer.from('8a0a6cfc9c46f9206aa850192e', 'hex');

/**
 * Reads the state dict of a file that `torch.save` wrote, without running anything that it contains.
 *
 * A checkpoint `{"state_dict": {...}}` is unwrapped and the prefix `module.` of DataParallel is taken off where every
 * name has it. Values that are no tensors are left out.
 *
 * @throws ResnetFtError WEIGHTS_INVALID where the file is missing, damaged, or asks for more than tensors.
 */
export async function readPth(file: string): Promise<StateDict> {
  return withWeightsFile(file, async (handle, size) => {
    const head = await readBytes(file, handle, 0, Math.min(size, 512));
    refuseOlder(file, head);
    const zip = await openZip(file, handle, size);
    if ((await zip.text('byteorder')) === 'big') throw invalid(file, 'big-endian weights are not supported');
    let root: unknown;
    try {
      root = readPickle(await zip.read('data.pkl', MAX_PICKLE));
    } catch (error) {
      if (error instanceof Error && error.name === 'Error') throw invalid(file, error.message, { cause: error });
      throw error;
    }
    return loadTensors(file, size, zip, namedTensors(file, root));
  });
}

/** Whether these first bytes are those of the format before the zip. */
export function isLegacyPth(head: Buffer): boolean {
  return head[0] === 0x80 && head.subarray(2, 2 + LEGACY_MAGIC.length).equals(LEGACY_MAGIC);
}

/** Whether these first bytes are those of a tar, the format before that. */
export function isTar(head: Buffer): boolean {
  return head.subarray(257, 262).toString('latin1') === 'ustar';
}

function refuseOlder(file: string, head: Buffer): void {
  const older = isLegacyPth(head) ? 'a bare pickle' : isTar(head) ? 'a tar' : undefined;
  if (older === undefined) return;
  const hint = 'Re-save it with PyTorch 1.6 or later: torch.save(torch.load(FILE, weights_only=True), NEW_FILE).';
  throw invalid(file, `an older PyTorch format (${older}); re-save it with a newer torch.save`, { hint });
}

interface Zip {
  /** The bytes of an entry under the file's folder. */
  read(name: string, limit?: number): Promise<Buffer>;
  /** The text of a short entry; undefined where there is none. */
  text(name: string): Promise<string | undefined>;
  /** Bytes of an entry, before it is read. */
  size(name: string): number | undefined;
}

async function openZip(file: string, handle: FileHandle, size: number): Promise<Zip> {
  const entries = new Map<string, yauzl.Entry>();
  // yauzl reads by the descriptor that is open already, so that both look at the same file.
  const zip = await yauzl.fromFdPromise(handle.fd, { autoClose: false, lazyEntries: true });
  if (zip.entryCount > MAX_ENTRIES) throw invalid(file, `a zip of ${zip.entryCount} entries`);
  let total = 0;
  for await (const entry of zip.eachEntry()) {
    const { fileName, compressedSize, uncompressedSize, compressionMethod } = entry;
    if (compressionMethod !== 0 || compressedSize !== uncompressedSize || entry.isEncrypted()) {
      throw invalid(file, `zip entry ${quote(fileName)} is compressed; torch.save stores its entries`);
    }
    if (entries.has(fileName)) throw invalid(file, `zip entry ${quote(fileName)} is there twice`);
    // Entries that overlap could ask for more memory than the file has bytes.
    total += uncompressedSize;
    if (total > size) throw invalid(file, 'the zip entries are larger than the file');
    entries.set(fileName, entry);
  }
  const folders = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  const folder = folders[0]?.slice(0, -'data.pkl'.length);
  if (folder === undefined || folders.length > 1) throw invalid(file, 'a zip, but not one of torch.save');

  const read = async (name: string, limit = Infinity): Promise<Buffer> => {
    const entry = entries.get(folder + name);
    if (entry === undefined) throw invalid(file, `zip entry ${quote(folder + name)} is missing`);
    if (entry.uncompressedSize > limit) throw invalid(file, `zip entry ${quote(folder + name)} is too large`);
    const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
    const bytes = await readBytes(file, handle, fileDataStart, entry.uncompressedSize);
    if (zlib.crc32(bytes) !== entry.crc32) throw invalid(file, `zip entry ${quote(folder + name)} is damaged (CRC)`);
    return bytes;
  };
  return {
    read,
    size: (name) => entries.get(folder + name)?.uncompressedSize,
    text: async (name) => (entries.has(folder + name) ? (await read(name, 64)).toString('latin1').trim() : undefined),
  };
}

function namedTensors(file: string, root: unknown): Map<string, TensorRef> {
  if (!(root instanceof Map)) throw invalid(file, 'not a state dict');
  const nested: unknown = root.get('state_dict');
  const found = new Map<string, TensorRef>();
  for (const [name, value] of (nested instanceof Map ? nested : root) as Map<unknown, unknown>) {
    if (typeof name === 'string' && value instanceof TensorRef) found.set(name, value);
  }
  if (found.size === 0) throw invalid(file, 'a state dict without tensors');
  const prefix = 'module.';
  if (![...found.keys()].every((name) => name.startsWith(prefix))) return found;
  return new Map([...found].map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

async function loadTensors(file: string, size: number, zip: Zip, refs: Map<string, TensorRef>): Promise<StateDict> {
  const storages = new Map<string, Promise<Buffer>>();
  const load = (ref: StorageRef): Promise<Buffer> => {
    let bytes = storages.get(ref.key);
    if (bytes === undefined) storages.set(ref.key, (bytes = zip.read(`data/${ref.key}`)));
    return bytes;
  };
  const tensors: StateDict = new Map();
  // Views of one storage may each need a copy; honest files stay far below this.
  let copies = 2 * size;
  for (const [name, ref] of refs) {
    const what = `tensor ${quote(name)}`;
    const { storage } = ref;
    const have = zip.size(`data/${storage.key}`);
    if (have === undefined) throw invalid(file, `${what}: its storage ${quote(storage.key)} is missing`);
    if (have !== byteLength(storage.dtype, [storage.count])) {
      throw invalid(
        file,
        `${what}: its storage says ${storage.count} elements of ${storage.dtype}, but has ${have} bytes`,
      );
    }
    const last = lastElement(ref);
    if (last === undefined || last > storage.count) throw invalid(file, `${what} reaches outside its storage`);
    const bytes = await load(storage);
    if (isContiguous(ref)) {
      const begin = ref.offset * elementSize(storage.dtype);
      const length = byteLength(storage.dtype, ref.shape) ?? 0;
      tensors.set(name, { dtype: storage.dtype, shape: ref.shape, data: bytes.subarray(begin, begin + length) });
    } else {
      copies -= byteLength(storage.dtype, ref.shape) ?? Infinity;
      if (copies < 0) throw invalid(file, `${what}: its views need far more memory than the file has`);
      tensors.set(name, copyRowMajor(ref, bytes));
    }
  }
  return tensors;
}

/** One past the last element of the storage that the tensor touches; undefined where that is absurd. */
function lastElement({ offset, shape, stride }: TensorRef): number | undefined {
  const count = elementCount(shape);
  if (count === undefined) return undefined;
  if (count === 0) return offset;
  let last = offset;
  for (const [i, size] of shape.entries()) {
    last += (size - 1) * (stride[i] ?? 0);
    if (!Number.isSafeInteger(last)) return undefined;
  }
  return last + 1;
}

function isContiguous({ shape, stride }: TensorRef): boolean {
  if (shape.includes(0)) return true;
  let expected = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const size = shape[i] ?? 0;
    if (size !== 1 && stride[i] !== expected) return false;
    expected *= size;
  }
  return true;
}

function copyRowMajor({ storage, offset, shape, stride }: TensorRef, bytes: Buffer): Tensor {
  const width = elementSize(storage.dtype);
  const data = Buffer.alloc(byteLength(storage.dtype, shape) ?? 0);
  const index = shape.map(() => 0);
  let from = offset;
  for (let to = 0; to < data.length; to += width) {
    for (let byte = 0; byte < width; byte++) data[to + byte] = bytes[from * width + byte] ?? 0;
    // Count up like an odometer, keeping the position in the storage along.
    for (let i = shape.length - 1; i >= 0; i--) {
      const next = (index[i] ?? 0) + 1;
      from += stride[i] ?? 0;
      if (next < (shape[i] ?? 0)) {
        index[i] = next;
        break;
      }
      from -= next * (stride[i] ?? 0);
      index[i] = 0;
    }
  }
  return { dtype: storage.dtype, shape, data };
}
