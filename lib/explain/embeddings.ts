import { createHash } from 'node:crypto';
import path from 'node:path';
import type { DataPrint } from '../data/fingerprint';
import type { Sample } from '../data/image-folder';
import type { Classifier } from '../model/classifier';
import type { OpenedModel } from '../model/open';
import { unitVector } from '../model/unknown';
import { readWeights, writeStateDict, type StateDict } from '../weights/index';

/** What a network makes of images before its classifier, each of length 1. */
export interface Embeddings {
  width: number;
  /** Row-major; zeros where the image could not be read. */
  rows: Float32Array;
  /** Whether each image could be read. */
  read: Uint8Array;
}

export interface EmbeddingOptions {
  samples: readonly Sample[];
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

/**
 * The embeddings of images: those that an earlier call kept in the folder, or new ones, which are kept there where it can be written to.
 * They take 8 kB of memory and of disk for each image, 2 kB of a ResNet-18 or -34.
 *
 * @throws ResnetFtError as {@link Classifier.run}
 */
export async function embeddingsOf(classifier: Classifier, options: EmbeddingOptions): Promise<Embeddings> {
  const file = path.join(options.folder, FILE);
  const kept = await readKept(file, options);
  if (kept !== undefined) return kept;
  const made = await embed(classifier, options);
  const { width, rows, read } = made;
  const count = options.samples.length;
  const tensors: StateDict = new Map([
    ['embeddings', { dtype: 'F32', shape: [count, width], data: new Uint8Array(rows.buffer) }],
    ['read', { dtype: 'U8', shape: [count], data: read }],
  ]);
  // Without them the next call takes as long, and that is all.
  await writeStateDict(file, tensors, { metadata: { key: options.key } }).catch(() => {});
  return made;
}

async function embed(classifier: Classifier, { samples, signal, onImage }: EmbeddingOptions): Promise<Embeddings> {
  let width = 0;
  let rows = new Float32Array();
  const read = new Uint8Array(samples.length);
  let done = 0;
  const files = samples.map(({ file }) => file);
  for await (const result of classifier.run(files, { batchSize: BATCH, features: true, signal })) {
    if (result.error === undefined && result.features !== undefined) {
      if (width === 0) {
        width = result.features.length;
        rows = new Float32Array(samples.length * width);
      }
      rows.set(unitVector(result.features), done * width);
      read[done] = 1;
    }
    onImage(++done, samples.length);
  }
  return { width, rows, read };
}

async function readKept(file: string, { key, samples }: EmbeddingOptions): Promise<Embeddings | undefined> {
  // Whatever else is in a file of that name, or wrong with it, is no reason to fail.
  const found = await readWeights(file).catch(() => undefined);
  const embeddings = found?.tensors.get('embeddings');
  const read = found?.tensors.get('read');
  if (found?.metadata['key'] !== key || embeddings?.dtype !== 'F32' || read?.dtype !== 'U8') return undefined;
  const [count, width = 0] = embeddings.shape;
  if (embeddings.shape.length !== 2 || count !== samples.length || read.data.length !== count) return undefined;
  const rows = new Float32Array(Uint8Array.from(embeddings.data).buffer);
  return { width, rows, read: read.data };
}
