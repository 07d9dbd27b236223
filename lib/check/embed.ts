import type { DownloadControl } from '../download/types';
import type { Classifier } from '../model/classifier';
import type { OpenedModel } from '../model/open';
import type { ResolvedCheckOptions } from '../options';
import type { Embeddings } from './near-embeddings';
import { project, randomRows } from './random-matrix';
import type { CheckEvent } from './types';

/** Bytes that embeddings may take; of more images, fewer numbers of each are kept. */
const MOST_BYTES = 1e9;
const LEAST_WIDTH = 64;
const SEED = 2;

/**
 * Opens the model that makes the embeddings.
 *
 * @throws ResnetFtError what finding and reading a model throws
 */
export async function openEmbedder(
  source: string,
  { arch, classes, offline }: ResolvedCheckOptions,
  control: DownloadControl,
): Promise<OpenedModel> {
  const { openModel } = await import('../model/open.js');
  const otherwise =
    'name a model of your own with --model, or leave it out: all but labels and embeddings is checked without';
  return openModel(source, { ...control, arch, classes, offline, otherwise });
}

/** Where a model runs over images. */
export async function startEmbedder(
  opened: OpenedModel,
  options: ResolvedCheckOptions,
  emit: (event: CheckEvent) => void,
): Promise<Classifier> {
  const { Classifier } = await import('../model/classifier.js');
  const classifier = await Classifier.create(opened, options, emit);
  const { device, precision, note } = classifier.choice;
  emit({ kind: 'device', device, precision, note });
  return classifier;
}

/**
 * The embeddings of images: the features before `fc`. Where these would take more than a gigabyte, as many random mixtures of them are kept as fit
 * (W. B. Johnson and J. Lindenstrauss, 1984: distances and angles stay nearly as they were).
 */
export async function embed(
  classifier: Classifier,
  files: readonly string[],
  options: { batchSize: number; signal: AbortSignal; onProgress: (done: number) => void },
): Promise<Embeddings> {
  const most = Math.max(LEAST_WIDTH, Math.floor(MOST_BYTES / 4 / Math.max(1, files.length)));
  let values = new Float32Array();
  let width = 0;
  let mixture: Float32Array | undefined;
  const images: number[] = [];
  let index = 0;
  for await (const { features } of withFeatures(classifier, files, options)) {
    const image = index++;
    options.onProgress(index);
    // A file that was there a moment ago may be gone.
    if (features === undefined) continue;
    if (width === 0) {
      width = Math.min(features.length, most);
      if (width < features.length) mixture = randomRows(width, features.length, SEED);
      values = new Float32Array(files.length * width);
    }
    values.set(mixture === undefined ? features : project(mixture, features), images.length * width);
    images.push(image);
  }
  return { values: values.subarray(0, images.length * width), width, images: Int32Array.from(images) };
}

async function* withFeatures(
  classifier: Classifier,
  files: readonly string[],
  { batchSize, signal }: { batchSize: number; signal: AbortSignal },
): AsyncGenerator<{ features: Float32Array | undefined }> {
  for await (const result of classifier.run(files, { batchSize, features: true, signal })) {
    yield { features: result.error === undefined ? result.features : undefined };
  }
}
