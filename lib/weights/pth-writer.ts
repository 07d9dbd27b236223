import { notWritable, writeAtomically, type Finish } from '../files/atomic-file';
import { quote } from './file';
import { MAX_METADATA, type Metadata } from './metadata';
import { STORAGE_NAMES } from './pickle-values';
import { MAX_PICKLE, METADATA_ENTRY } from './pth';
import { byteLength, elementCount, type StateDict, type Tensor } from './state-dict';
import { MAX_ENTRIES } from './zip-reader';
import { alignedZip, type ZipEntry } from './zip-writer';

// The format is that of pth.ts, with the opcodes of pickle's protocol 2 (CPython's Lib/pickletools.py).

/** The name of the folder in the zip; PyTorch takes any. */
const FOLDER = 'archive';
/** Python's pickle sets items in batches of this many. */
const BATCH = 1000;

const MARK = '(';
const TUPLE = 't';
const REDUCE = 'R';
const EMPTY_ORDERED_DICT = 'ccollections\nOrderedDict\n)R';

/**
 * Writes a .pth file as `torch.save(state_dict, file)` does, whole or not at all: `torch.load(file, weights_only=True)` gives
 * an OrderedDict for `load_state_dict(strict=True)`. Metadata are one more entry of the zip, resnet_ft.json, which PyTorch
 * passes over.
 *
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE where the file can't be written, would have 4 GiB or more, or more tensors than can be
 *   read again; an older file of that name is then untouched.
 */
export async function writePth(
  file: string,
  tensors: StateDict,
  options: { metadata?: Metadata | undefined } = {},
  finish?: Finish,
): Promise<void> {
  for (const [name, { dtype, shape, data }] of tensors) {
    if (byteLength(dtype, shape) !== data.byteLength) throw notWritable(file, `tensor ${quote(name)} is not valid`);
  }
  const { metadata = {} } = options;
  const pickle = Buffer.from(statePickle(tensors), 'latin1');
  if (pickle.length > MAX_PICKLE)
    throw notWritable(file, `${pickle.length} bytes of names and shapes (at most ${MAX_PICKLE})`);
  const entries: ZipEntry[] = [
    { name: 'data.pkl', data: pickle },
    { name: 'byteorder', data: Buffer.from('little') },
    // No .format_version: it tells PyTorch that it may work out where entries are from how its own writer lays them out.
    ...[...tensors.values()].map(({ data }, i) => ({ name: `data/${i}`, data })),
    { name: 'version', data: Buffer.from('3\n') },
  ];
  if (Object.keys(metadata).length > 0) {
    const data = Buffer.from(JSON.stringify(metadata));
    if (data.length > MAX_METADATA)
      throw notWritable(file, `${data.length} bytes of metadata (at most ${MAX_METADATA})`);
    entries.push({ name: METADATA_ENTRY, data });
  }
  // What is written can be read again.
  if (entries.length > MAX_ENTRIES)
    throw notWritable(file, `a zip of ${entries.length} entries (at most ${MAX_ENTRIES})`);
  const chunks = alignedZip(entries.map(({ name, data }) => ({ name: `${FOLDER}/${name}`, data })));
  if (chunks === undefined) {
    throw notWritable(file, 'a .pth of 4 GiB or more is not supported', { hint: 'Write a .safetensors file.' });
  }
  await writeAtomically(file, chunks, finish);
}

/** The bytes of data.pkl, one character per byte. */
function statePickle(tensors: StateDict): string {
  const parts = [`\x80\x02${EMPTY_ORDERED_DICT}`];
  const items = [...tensors].map(([name, tensor], i) => text(name) + tensorPickle(tensor, String(i)));
  for (let i = 0; i < items.length; i += BATCH) parts.push(MARK, ...items.slice(i, i + BATCH), 'u');
  return `${parts.join('')}.`;
}

/** A call of torch._utils._rebuild_tensor_v2: storage, offset, size, stride, requires_grad, hooks. */
function tensorPickle({ dtype, shape }: Tensor, key: string): string {
  const stride = shape.map((_, i) => elementCount(shape.slice(i + 1).map((size) => Math.max(size, 1))) ?? 0);
  const storage = `ctorch\n${STORAGE_NAMES.get(dtype) ?? ''}\n`;
  const count = int(elementCount(shape) ?? 0);
  return [
    'ctorch._utils\n_rebuild_tensor_v2\n',
    MARK,
    ...[MARK, text('storage'), storage, text(key), text('cpu'), count, TUPLE, 'Q'],
    int(0),
    ...[MARK, ...shape.map(int), TUPLE],
    ...[MARK, ...stride.map(int), TUPLE],
    '\x89',
    EMPTY_ORDERED_DICT,
    TUPLE,
    REDUCE,
  ].join('');
}

/** BINUNICODE. */
function text(value: string): string {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return `X${length.toString('latin1')}${bytes.toString('latin1')}`;
}

/** BININT where 32 bits are enough, else LONG1. */
function int(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return value < 2 ** 31 ? `J${bytes.toString('latin1', 0, 4)}` : `\x8a\x08${bytes.toString('latin1')}`;
}
