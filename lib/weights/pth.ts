import type { FileHandle } from 'node:fs/promises';
import { invalid, quote } from './file';
import { MAX_METADATA, toMetadata, type Metadata } from './metadata';
import { PickleError, TensorRef, Unsupported } from './pickle-values';
import { readPickle } from './pickle';
import type { StateDict } from './state-dict';
import { loadTensors } from './views';
import { openTorchZip } from './zip-reader';

// The format: torch/serialization.py (`_save`) and caffe2/serialize/inline_container.cc: a zip of stored entries under one
// folder: data.pkl, byteorder, data/0…, version.

/** Bytes of a pickle at most; ResNet-152's has 0.2 MB. */
export const MAX_PICKLE = 16 * 1024 * 1024;

/** The entry for metadata under the folder of the zip; PyTorch reads entries by name and so passes over this one. */
export const METADATA_ENTRY = 'resnet_ft.json';

/** Where checkpoints keep the model's state dict beside the optimizer's and more. */
const CONTAINERS = ['state_dict', 'model_state_dict', 'model'];
const MAX_NESTED = 4;

/** Reads a zip of torch.save, and metadata that {@link writePth} added. */
export async function readPthZip(
  file: string,
  handle: FileHandle,
  size: number,
): Promise<{ tensors: StateDict; metadata: Metadata }> {
  const zip = await openTorchZip(file, handle, size);
  const order = (await zip.read('byteorder', 64))?.toString('latin1') ?? 'little';
  if (order === 'big') throw invalid(file, 'big-endian weights are not supported');
  if (order !== 'little') throw invalid(file, `an unknown byte order ${quote(order)}`);
  const pickle = await zip.read('data.pkl', MAX_PICKLE);
  if (pickle === undefined) throw invalid(file, 'a zip, but not one of torch.save');
  const refs = namedTensors(
    file,
    inFile(file, () => readPickle(pickle).value),
  );
  const storages = {
    size: (key: string) => zip.size(`data/${key}`),
    read: (keys: readonly string[]) => zip.readMany(keys.map((key) => `data/${key}`)),
  };
  return {
    metadata: parseMetadata(file, await zip.read(METADATA_ENTRY, MAX_METADATA)),
    tensors: await loadTensors(file, size, storages, refs),
  };
}

function parseMetadata(file: string, bytes: Buffer | undefined): Metadata {
  if (bytes === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw invalid(file, `${METADATA_ENTRY} is not JSON`, { cause });
  }
  const metadata = toMetadata(value);
  if (metadata === undefined) throw invalid(file, `${METADATA_ENTRY} must map names to text`);
  return metadata;
}

/** Calls what reads a pickle; its errors then name the file. */
export function inFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof PickleError)) throw cause;
    const hint =
      'Only state dicts are read, and nothing in a file is executed. In PyTorch: torch.save(model.state_dict(), NEW_FILE).';
    throw invalid(file, cause.message, { cause, hint });
  }
}

/** The name of a tensor that was saved alone. */
const BARE = 'tensor';

/** The first layer of a ResNet, also behind the names of modules around it. */
const FIRST_LAYER = /(^|\.)conv1\.weight$/;

/**
 * The tensors of a state dict, or of the one that a checkpoint holds; of a tensor that was saved alone, under the name `tensor`.
 * Values that are not tensors are left out.
 */
export function namedTensors(file: string, root: unknown): Map<string, TensorRef> {
  if (root instanceof TensorRef) return new Map([[BARE, root]]);
  let dict = root;
  for (let depth = 0; depth < MAX_NESTED && dict instanceof Map; depth++) {
    const holder: ReadonlyMap<unknown, unknown> = dict;
    const found = CONTAINERS.map((name) => holder.get(name)).filter((value) => value instanceof Map);
    // A description of the model may have such a name too.
    const nested = found.find(hasTensors) ?? (hasTensors(holder as Dictionary) ? undefined : found[0]);
    if (nested === undefined) break;
    dict = nested;
  }
  if (!(dict instanceof Map)) throw invalid(file, 'not a state dict');
  const found = new Map<string, TensorRef>();
  for (const [name, value] of choose(file, dict as Dictionary)) {
    if (value instanceof Unsupported) throw invalid(file, `tensor ${quote(name)} is ${value.what}: not supported`);
    if (value instanceof TensorRef) found.set(name, value);
  }
  if (found.size === 0) throw invalid(file, 'a state dict without tensors');
  return found;
}

type Dictionary = ReadonlyMap<string, unknown>;

/** The dictionary that is the state dict: the given one if it holds tensors, else the one within it that does. */
function choose(file: string, dict: Dictionary): Dictionary {
  const holders = [...holdersOfTensors(dict)];
  // A checkpoint may hold tensors beside its state dict, as a best accuracy.
  const networks = holders.filter(({ holder }) => [...holder.keys()].some((name) => FIRST_LAYER.test(name)));
  const plausible = networks.length > 0 ? networks : holders;
  const [first, second] = plausible;
  if (first === undefined || first.holder === dict) return dict;
  if (second === undefined) return first.holder;
  const names = plausible.slice(0, 3).map(({ place }) => quote(place));
  const hint =
    'In PyTorch: torch.save(torch.load(FILE, weights_only=True)["NAME"], NEW_FILE) with the one that is meant.';
  throw invalid(file, `holds ${plausible.length} state dicts: ${names.join(', ')}`, { hint });
}

/** Whether a tensor is in a dictionary, or in one within it. */
const hasTensors = (dict: Dictionary): boolean => holdersOfTensors(dict).next().done !== true;

/** The dictionaries that have a tensor among their values, and how they are reached. */
function* holdersOfTensors(
  dict: Dictionary,
  place = '',
  depth = 0,
  seen = new Set<Dictionary>(),
): Generator<{ holder: Dictionary; place: string }> {
  if (seen.has(dict)) return;
  seen.add(dict);
  const values = [...dict];
  if (values.some(([, value]) => value instanceof TensorRef)) yield { holder: dict, place };
  if (depth === MAX_NESTED) return;
  for (const [name, value] of values) {
    const below = place === '' ? name : `${place}.${name}`;
    if (value instanceof Map) yield* holdersOfTensors(value as Dictionary, below, depth + 1, seen);
  }
}
