import { createHash } from 'node:crypto';
import path from 'node:path';
import type { DataPrint } from '../data/fingerprint';
import type { Sample } from '../data/image-folder';
import { ownFault } from '../data/unreadable';
import type { ResnetFtError } from '../errors';
import type { Classifier } from '../model/classifier';
import type { OpenedModel } from '../model/open';
import { unitVector } from '../model/unknown';
import { readWeights, writeStateDict, type StateDict } from '../weights/index';

/** What a network makes of images before its classifier, each of length 1. */
export interface Embeddings {
  width: number;
  /** Row-major; zeros where the image could not be read. */
  rows: Float32Array;
  /** {@link READ} of each image that could be read. */
  read: Uint8Array;
  /** Why the first of those could not be read that another call tries again. */
  passing?: ResnetFtError;
}

/** That an image could be read. */
export const READ = 1;
/** That it can't be, whenever it is tried; 0 stands for what was not tried yet, or is worth another try. */
const UNREADABLE = 2;

export interface EmbeddingOptions {
  samples: readonly Sample[];
  /** Features of an image. */
  width: number;
  /** Folder in which they are kept. */
  folder: string;
  /** Tells these images and this model from others: {@link embeddingKey}. */
  key: string;
  signal: AbortSignal;
  onImage: (done: number, total: number) => void;
}

/** Kept beside the model. */
const FILE = 'embeddings.safetensors';
const BATCH = 32;

/** What the embeddings of a run's training images depend on. Arithmetic counts too: in bfloat16 they are others. */
export function embeddingKey(
  { tensors, preprocessing }: Pick<OpenedModel, 'tensors' | 'preprocessing'>,
  precision: string,
  { train }: DataPrint,
): string {
  const hash = createHash('sha256').update(JSON.stringify({ precision, preprocessing, train }));
  for (const [name, { data }] of tensors) hash.update(name).update(data);
  return hash.digest('hex');
}

/** How many features a model makes of an image. */
export const featureWidth = ({ tensors }: Pick<OpenedModel, 'tensors'>): number =>
  tensors.get('fc.weight')?.shape[1] ?? 0;

/**
 * The embeddings of images: those that an earlier call kept in the folder, and new ones of the others, which are kept there where it can be
 * written to. What could not be read for a passing reason, such as too many open files, is tried again. They take 8 kB of memory and of disk
 * for each image, 2 kB of a ResNet-18 or -34.
 *
 * @throws ResnetFtError as {@link Classifier.run}
 */
export async function embeddingsOf(
  classifier: Pick<Classifier, 'run'>,
  options: EmbeddingOptions,
): Promise<Embeddings> {
  const { folder, key, samples, width } = options;
  const file = path.join(folder, FILE);
  const kept = await readKept(file, options);
  const count = samples.length;
  const embeddings = kept ?? { width, rows: new Float32Array(count * width), read: new Uint8Array(count) };
  const news = await embed(classifier, embeddings, options);
  if (kept !== undefined && !news) return kept;
  const { rows, read } = embeddings;
  const tensors: StateDict = new Map([
    ['embeddings', { dtype: 'F32', shape: [count, width], data: new Uint8Array(rows.buffer) }],
    ['read', { dtype: 'U8', shape: [count], data: read }],
  ]);
  // Without them the next call takes as long, and that is all.
  await writeStateDict(file, tensors, { metadata: { key } }).catch(() => {});
  return embeddings;
}

/** Fills in what is worth a try; tells whether there is anything new. */
async function embed(
  classifier: Pick<Classifier, 'run'>,
  embeddings: Embeddings,
  { samples, signal, onImage }: EmbeddingOptions,
): Promise<boolean> {
  const { width, rows, read } = embeddings;
  const tried = [...read.keys()].filter((row) => read[row] !== READ && read[row] !== UNREADABLE);
  const files = tried.map((row) => (samples[row] as Sample).file);
  let done = 0;
  let news = false;
  for await (const result of classifier.run(files, { batchSize: BATCH, features: true, signal })) {
    const row = tried[done] as number;
    if (result.error === undefined) {
      rows.set(unitVector(result.features ?? []), row * width);
      read[row] = READ;
    } else if (ownFault(result.error)) read[row] = UNREADABLE;
    else embeddings.passing ??= result.error;
    if (read[row] !== 0) news = true;
    onImage(++done, tried.length);
  }
  return news;
}

async function readKept(file: string, { key, samples, width }: EmbeddingOptions): Promise<Embeddings | undefined> {
  // Whatever else is in a file of that name, or wrong with it, is no reason to fail.
  const found = await readWeights(file).catch(() => undefined);
  const embeddings = found?.tensors.get('embeddings');
  const read = found?.tensors.get('read');
  if (found?.metadata['key'] !== key || embeddings?.dtype !== 'F32' || read?.dtype !== 'U8') return undefined;
  const [count, ofEach] = embeddings.shape;
  if (embeddings.shape.length !== 2 || count !== samples.length || read.data.length !== count) return undefined;
  if (ofEach !== width) return undefined;
  const rows = new Float32Array(Uint8Array.from(embeddings.data).buffer);
  return { width, rows, read: Uint8Array.from(read.data) };
}
