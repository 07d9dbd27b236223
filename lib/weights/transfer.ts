import type { NamedTensor } from './state-dict';
import { ResnetFtError } from '../errors';
import { quote } from './file';
import { byteLength, sameShape, type Dtype, type StateDict } from './state-dict';

/** A tensor that the model has. */
export interface ModelTensor {
  name: string;
  shape: number[];
  dtype: Dtype;
}

/** What to load into the model, and what is left as the model drew it. */
export interface TransferMatch {
  load: NamedTensor[];
  /** Tensors loaded from the file, without the counters that it lacks. */
  loaded: number;
  /** Names of the classifier's tensors that keep the model's own values. */
  replaced: string[];
  /** One line for people. */
  note: string;
}

const SHOWN = 3;

/**
 * Matches weights with the model by name and shape. The classifier `fc` is loaded where all of it fits and left as it is
 * otherwise, which is what transfer learning wants; everything else must match.
 *
 * @throws ResnetFtError WEIGHTS_MISMATCH that names the file and the first names that don't match, with both shapes.
 */
export function matchForTransfer(model: readonly ModelTensor[], weights: StateDict, file: string): TransferMatch {
  const known = new Set(model.map(({ name }) => name));
  const problems: string[] = [];
  const load: NamedTensor[] = [];
  let zeroed = 0;
  const head = model.filter(({ name }) => isHead(name));
  const keepHead = head.every(({ name, shape }) => sameShape(weights.get(name)?.shape, shape));

  for (const { name, shape, dtype } of model) {
    const tensor = weights.get(name);
    if (isHead(name)) {
      if (keepHead && tensor !== undefined) load.push({ name, ...tensor });
    } else if (tensor === undefined && name.endsWith('.num_batches_tracked')) {
      // State dicts from before PyTorch 0.4.1 have no such counters; PyTorch itself takes them as 0.
      load.push({ name, dtype, shape, data: new Uint8Array(byteLength(dtype, shape) ?? 0) });
      zeroed++;
    } else if (tensor === undefined) {
      problems.push(`${name} is missing (the model has ${show(shape)})`);
    } else if (!sameShape(tensor.shape, shape)) {
      problems.push(`${name} is ${show(tensor.shape)} (the model has ${show(shape)})`);
    } else {
      load.push({ name, ...tensor });
    }
  }
  for (const [name, { shape }] of weights) {
    if (!known.has(name)) problems.push(`${quote(name)} ${show(shape)} is unexpected (the model has none)`);
  }
  if (problems.length > 0) {
    const more = problems.length > SHOWN ? `; and ${problems.length - SHOWN} more` : '';
    throw new ResnetFtError(
      'WEIGHTS_MISMATCH',
      `weights ${file} do not fit the model: ${problems.slice(0, SHOWN).join('; ')}${more}`,
      { hint: 'Check that the weights are of the same architecture (arch).' },
    );
  }
  const replaced = keepHead ? [] : head.map(({ name }) => name);
  const loaded = load.length - zeroed;
  let note = `weights ${file}: ${loaded} tensors loaded`;
  if (zeroed > 0) note += `, ${zeroed} num_batches_tracked set to 0`;
  if (replaced.length > 0) note += `, fc replaced (${classes(weights)} -> ${classes(model)} classes)`;
  return { load, loaded, replaced, note };
}

function isHead(name: string): boolean {
  return name.startsWith('fc.');
}

function show(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

/** The classes that a classifier tells apart; 'none' where there is no classifier. */
function classes(tensors: StateDict | readonly ModelTensor[]): string {
  const shapes = new Map<string, { shape: number[] }>(
    tensors instanceof Map ? tensors : tensors.map((tensor) => [tensor.name, tensor]),
  );
  return String((shapes.get('fc.weight') ?? shapes.get('fc.bias'))?.shape[0] ?? 'none');
}
