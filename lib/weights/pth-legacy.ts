import type { FileHandle } from 'node:fs/promises';
import { invalid, quote, readBytes, readParts, type Part } from './file';
import { StorageRef, type TensorRef } from './pickle-values';
import { readPickle } from './pickle';
import { MAX_PICKLE, inFile, namedTensors } from './pth';
import { byteLength, type StateDict } from './state-dict';
import { loadTensors } from './views';

// The format of torch.save before PyTorch 1.6: torch/serialization.py (`_legacy_save`, `_legacy_load`). One after another:
// pickles of a magic number, a version, a description of the machine, the object, and the list of its storages' keys; then
// the storages in that order, each an int64 of its elements and their bytes.

/** The magic number 0x1950A86A20F9469CFC6C as LONG1, and STOP; the protocol before it may differ. */
const MAGIC = Buffer.from('8a0a6cfc9c46f9206aa850192e', 'hex');
const PROTOCOL_VERSION = 1001;
const COUNT_BYTES = 8;

const PROTO = 0x80;
const PROTO_BYTES = 2;
/** From protocol 4 on, the content of a pickle follows its length. */
const FRAME = 0x95;
const FRAME_BYTES = 9;

/** Whether these first bytes are those of the format before the zip. */
export function isLegacyPth(head: Buffer): boolean {
  const start = magicStart(head);
  return head[0] === PROTO && head.subarray(start, start + MAGIC.length).equals(MAGIC);
}

/** Where in a file of this format the magic number is. */
const magicStart = (head: Buffer): number => PROTO_BYTES + (head[PROTO_BYTES] === FRAME ? FRAME_BYTES : 0);

/** Whether these first bytes are those of a tar, the format of PyTorch before 0.1.10. */
export function isTar(head: Buffer): boolean {
  return head.subarray(257, 262).toString('latin1') === 'ustar';
}

/** Reads a file of the older format of torch.save. */
export async function readPthLegacy(file: string, handle: FileHandle, size: number): Promise<StateDict> {
  const bytes = await readBytes(file, handle, 0, Math.min(size, MAX_PICKLE));
  const head = inFile(file, () => parseHead(file, bytes));
  const places = placeStorages(file, size, head);
  const storages = {
    size: (key: string) => places.get(key)?.length,
    read: async (keys: readonly string[]) => {
      const parts = keys.flatMap((key): Part[] => {
        const { position, length } = places.get(key) as Part;
        return [
          { position: position - COUNT_BYTES, length: COUNT_BYTES },
          { position, length },
        ];
      });
      const read = await readParts(file, handle, parts);
      return keys.map((key, i) => {
        const count = (read[2 * i] as Buffer).readBigInt64LE();
        const expected = head.references.get(key)?.count;
        if (count !== BigInt(expected ?? -1)) {
          throw invalid(file, `storage ${quote(key)} says ${count.toString()} elements, but the pickle ${expected}`);
        }
        return read[2 * i + 1] as Buffer;
      });
    },
  };
  return loadTensors(file, size, storages, head.tensors);
}

interface Head {
  tensors: Map<string, TensorRef>;
  keys: string[];
  references: Map<string, StorageRef>;
  end: number;
}

function parseHead(file: string, head: Buffer): Head {
  let end = magicStart(head) + MAGIC.length;
  const references = new Map<string, StorageRef>();
  const next = (): unknown => {
    const read = readPickle(head, end, (storage) => {
      if (!(storage instanceof StorageRef)) throw invalid(file, `a storage is ${storage.what}: not supported`);
      const { key, dtype, count } = storage;
      const before = references.get(key);
      if (before !== undefined && (before.dtype !== dtype || before.count !== count)) {
        throw invalid(file, `storage ${quote(key)} is described in two ways`);
      }
      references.set(key, storage);
    });
    end = read.end;
    return read.value;
  };
  const version = next();
  if (version !== PROTOCOL_VERSION) throw invalid(file, 'an unknown version of the older PyTorch format');
  const machine = next();
  if (!(machine instanceof Map)) throw invalid(file, 'the older PyTorch format lacks a description of its machine');
  if (machine.get('little_endian') !== true) throw invalid(file, 'big-endian weights are not supported');
  const object = next();
  const keys = next();
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string')) {
    throw invalid(file, 'the list of storages does not consist of names');
  }
  return { tensors: namedTensors(file, object), keys, references, end };
}

/** Where the bytes of each storage are. */
function placeStorages(file: string, size: number, { keys, references, end }: Head): Map<string, Part> {
  const places = new Map<string, Part>();
  let at = end;
  for (const key of keys) {
    const reference = references.get(key);
    const length = reference && byteLength(reference.dtype, [reference.count]);
    if (length === undefined) throw invalid(file, `storage ${quote(key)} is not one that the pickle names`);
    if (places.has(key)) throw invalid(file, `storage ${quote(key)} occurs twice`);
    places.set(key, { position: at + COUNT_BYTES, length });
    at += COUNT_BYTES + length;
    if (at > size) throw invalid(file, `truncated: storage ${quote(key)} would end at byte ${at} of ${size}`);
  }
  return places;
}
