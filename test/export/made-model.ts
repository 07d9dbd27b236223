import { buildNetwork, tensorsOf } from '../../lib/network/architecture';
import { cardMetadata, type ModelCard } from '../../lib/model/describe';
import { writeStateDict, type StateDict, type Tensor } from '../../lib/weights';

// Looking up a global is slow in jest's contexts, and there are millions of weights.
const { imul } = Math;

/** mulberry32: the same numbers everywhere. */
function uniform(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Rounds to bfloat16, the upper half of a float32, towards zero. */
function bfloat16(values: Float32Array): Uint8Array {
  const words = new Uint32Array(values.buffer);
  return new Uint8Array(Uint16Array.from(words, (word) => word >>> 16).buffer);
}

function makeTensor(name: string, shape: number[], dtype: 'F32' | 'BF16', random: () => number): Tensor {
  const values = new Float32Array(shape.reduce((product, side) => product * side, 1));
  const fanIn = shape.slice(1).reduce((product, side) => product * side, 1);
  // Such that activations neither die nor grow, and that every batch norm does something.
  const [low, high] = name.endsWith('running_var')
    ? [0.5, 1.5]
    : shape.length === 1 && name.endsWith('weight')
      ? [0.3, 0.9]
      : shape.length === 1
        ? [-0.2, 0.2]
        : [-Math.sqrt(6 / fanIn), Math.sqrt(6 / fanIn)];
  for (let i = 0; i < values.length; i++) values[i] = low + (high - low) * random();
  return { dtype, shape, data: dtype === 'F32' ? new Uint8Array(values.buffer) : bfloat16(values) };
}

/** Tensors of a network with random weights and random statistics of its batch norms, without counters of batches. */
export function makeTensors(card: Pick<ModelCard, 'arch' | 'classes'>, dtype: 'F32' | 'BF16' = 'F32'): StateDict {
  const random = uniform(1);
  const tensors: StateDict = new Map();
  for (const { name, shape } of tensorsOf(buildNetwork(card.arch, card.classes.length))) {
    if (!name.endsWith('num_batches_tracked')) tensors.set(name, makeTensor(name, shape, dtype, random));
  }
  return tensors;
}

/** Writes a model as this package does. */
export async function writeModel(file: string, card: ModelCard, tensors: StateDict): Promise<void> {
  await writeStateDict(file, tensors, { metadata: cardMetadata(card) });
}
