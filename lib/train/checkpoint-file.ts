import { crc32 } from 'node:zlib';
import type { SessionState } from '../backend/types';
import { ResnetFtError } from '../errors';
import type { Metadata, StateDict, Tensor } from '../weights/index';
import type { NamedTensor } from '../weights/state-dict';
import type { Spent } from './account';
import { BEST_LOGITS, GENERATOR, isSaid, LAST_LOGITS } from './checkpoint-shape';
import { START, type Progress, type Validated } from './progress';

// One file holds all that a run is: a .safetensors, whose tensors are those of the session's state and the logits of validation, and
// whose metadata say the rest. Any program that reads safetensors can look into it.

/** Raised whenever an older file can't be gone on from. */
const VERSION = '1';
const FORMAT = 'resnet-ft-checkpoint';

/** All that a run is between two steps. */
export interface Checkpoint {
  state: SessionState;
  progress: Progress;
  /** Bytes of `metrics.jsonl` that belong to it. */
  metricsEnd: number;
  /** What the run took until then. Undefined of an older one. */
  spent?: Spent | undefined;
}

const MODEL = 'model/';
const OPTIMIZER = 'optimizer/';
const EMA = 'ema/';
const KEPT = 'kept/';

/** What the metadata of a checkpoint say. */
interface Said {
  /** Names of the tensors in the session's own order; a .safetensors file has another. */
  names: string[];
  generatorNext: number | null;
  position: SessionState['position'];
  keptLoss: number | null;
  progress: Omit<Progress, 'best' | 'last'> & {
    best: Validated['record'] | undefined;
    last: Validated['record'] | undefined;
    /** Steps before these. */
    validatedAt?: { best?: number | undefined; last?: number | undefined } | undefined;
  };
  metricsEnd: number;
  spent?: Spent | undefined;
}

/** A checkpoint as tensors and metadata; nothing is copied. */
export async function encodeCheckpoint({ state, progress, metricsEnd, spent }: Checkpoint): Promise<{
  tensors: StateDict;
  metadata: Metadata;
}> {
  const tensors: StateDict = new Map();
  const add = (prefix: string, given: readonly NamedTensor[]): void => {
    for (const { name, dtype, shape, data } of given) tensors.set(prefix + name, { dtype, shape, data });
  };
  add(MODEL, state.model);
  add(OPTIMIZER, state.optimizer);
  add(EMA, state.ema);
  add(KEPT, state.kept?.tensors ?? []);
  if (state.generator !== null) tensors.set(GENERATOR, tensorOf('I32', state.generator.words));
  const { best, last, ...rest } = progress;
  if (best !== undefined) tensors.set(BEST_LOGITS, tensorOf('F32', best.logits));
  if (last !== undefined) tensors.set(LAST_LOGITS, tensorOf('F32', last.logits));
  const said: Said = {
    names: [...tensors.keys()],
    generatorNext: state.generator?.next ?? null,
    position: state.position,
    keptLoss: state.kept?.loss ?? null,
    progress: {
      ...{ ...rest, best: best?.record, last: last?.record },
      validatedAt: { best: best?.steps, last: last?.steps },
    },
    metricsEnd,
    spent,
  };
  const run = JSON.stringify(said, (_key, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? { number: String(value) } : value,
  );
  return {
    tensors,
    metadata: { format: FORMAT, version: VERSION, run, crc32: await checksum(run, tensors) },
  };
}

/**
 * Reads what {@link encodeCheckpoint} made.
 *
 * @throws ResnetFtError CHECKPOINT_INVALID where the file is another's, of another version, or damaged
 */
export async function decodeCheckpoint(file: string, tensors: StateDict, metadata: Metadata): Promise<Checkpoint> {
  const { format, version, run = '' } = metadata;
  if (format !== FORMAT) throw invalidCheckpoint(file, 'not a checkpoint of resnet-ft');
  if (version !== VERSION) {
    throw invalidCheckpoint(file, `of version ${version}, and this program reads version ${VERSION}`, {
      hint: 'Go on with the version of resnet-ft that began the run',
    });
  }
  if ((await checksum(run, tensors)) !== metadata['crc32']) {
    throw invalidCheckpoint(file, 'damaged: its checksum does not match');
  }
  const said = saidIn(run, tensors);
  if (said === undefined) throw invalidCheckpoint(file, 'damaged: it does not say where the run stands');
  const named = (prefix: string): NamedTensor[] =>
    said.names
      .filter((name) => name.startsWith(prefix))
      .map((name) => ({ ...(tensors.get(name) as Tensor), name: name.slice(prefix.length), lent: true }));
  const words = tensors.get(GENERATOR)?.data;
  const { best, last, validatedAt, ...rest } = said.progress;
  return {
    state: {
      model: named(MODEL),
      optimizer: named(OPTIMIZER),
      ema: named(EMA),
      generator:
        words === undefined ? null : { words: new Uint32Array(bufferOf(words)), next: said.generatorNext as number },
      position: said.position,
      kept: said.keptLoss === null ? null : { loss: said.keptLoss, tensors: named(KEPT) },
    },
    progress: {
      ...START,
      ...rest,
      best: validated(best, tensors.get(BEST_LOGITS), validatedAt?.best),
      last: validated(last, tensors.get(LAST_LOGITS), validatedAt?.last),
    },
    metricsEnd: said.metricsEnd,
    spent: said.spent,
  };
}

/** What the metadata say; undefined where that is something else, for anybody can make a checksum that matches. */
function saidIn(run: string, tensors: StateDict): Said | undefined {
  try {
    const said: unknown = JSON.parse(run, (_key, value: unknown) =>
      typeof value === 'object' && value !== null && 'number' in value ? Number(value.number) : value,
    );
    return isSaid(said, tensors) ? (said as Said) : undefined;
  } catch {
    return undefined;
  }
}

/** The error of a checkpoint that can't be gone on from. */
export function invalidCheckpoint(
  file: string,
  reason: string,
  options: { hint?: string; cause?: unknown } = {},
): ResnetFtError {
  return new ResnetFtError('CHECKPOINT_INVALID', `checkpoint ${file}: ${reason}`, options);
}

function validated(
  record: Validated['record'] | undefined,
  logits: Tensor | undefined,
  steps: number | undefined,
): Validated | undefined {
  if (record === undefined || logits === undefined) return undefined;
  return { record, logits: new Float32Array(bufferOf(logits.data)), steps };
}

function tensorOf(dtype: 'I32' | 'F32', values: Uint32Array | Float32Array): Tensor {
  return { dtype, shape: [values.length], data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

const bufferOf = (data: Uint8Array): ArrayBuffer => new Uint8Array(data).buffer;

/** Of all that a checkpoint holds; in between the event loop gets its turn, for this takes a tenth of a second for a ResNet-50. */
async function checksum(run: string, tensors: StateDict): Promise<string> {
  let sum = crc32(run);
  for (const name of [...tensors.keys()].sort()) {
    const { dtype, shape, data } = tensors.get(name) as Tensor;
    sum = crc32(data, crc32(`${name} ${dtype} ${shape.join()}`, sum));
    await new Promise(setImmediate);
  }
  return sum.toString(16).padStart(8, '0');
}
