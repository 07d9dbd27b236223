import type { OpenedModel } from '../model/open';
import type { ResolvedCheckOptions } from '../options';
import { embed, startEmbedder } from './embed';
import type { Decoded, Pair } from './duplicates';
import { judgeLabels } from './labels';
import { nearEmbeddings } from './near-embeddings';
import type { CheckEvent, Finding, JudgedBy, SkippedPart } from './types';

/** What a model has to say of a data set. */
export interface Judged {
  findings: Finding[];
  /** Look-alikes by their embeddings. */
  pairs: Pair[];
  judgedBy: JudgedBy | null;
  skipped: SkippedPart[];
}

interface JudgeOptions {
  model: OpenedModel | undefined;
  options: ResolvedCheckOptions;
  signal: AbortSignal;
  emit: (event: CheckEvent) => void;
  pause: () => Promise<void>;
}

/** How to have what needs a model. */
const NO_MODEL =
  'no model was named. Name the weights of ImageNet with --model imagenet-v1 (downloaded once, 103 MB), or the folder of a run with --model FOLDER';

const CLUSTERED =
  'by the embeddings of this model nearly all images of a class look alike, as by one that was trained on these very images: take another';

/**
 * Look-alikes by embeddings, and labels by a classifier on these.
 *
 * @param same groups of images whose pixels are the same
 * @param folderOf the folder of a split by its name
 */
export async function judgeByModel(
  { model, options, signal, emit, pause }: JudgeOptions,
  images: readonly Decoded[],
  same: readonly number[][],
  folderOf: (split: string) => string,
): Promise<Judged> {
  if (model === undefined) return { ...NOTHING, skipped: skipped(NO_MODEL) };
  if (images.length === 0) return { ...NOTHING, skipped: skipped('there is no image that can be read') };
  const progress = (stage: 'embed' | 'labels', total: number) => (done: number) =>
    emit({ kind: 'progress', stage, done, total });
  const { batchSize, folds, seed } = options;
  const classifier = await startEmbedder(model, options, emit);
  const files = images.map(({ file }) => file);
  const onProgress = progress('embed', files.length);
  const embeddings = await embed(classifier, files, { batchSize, signal, onProgress }).finally(() =>
    classifier.close(),
  );
  const groups = Int32Array.from(images.keys());
  for (const group of same) for (const i of group) groups[i] = group[0] ?? i;
  const near = await nearEmbeddings(embeddings, groups, pause);

  const labelled = images.map(({ file, className, split }, i) => ({
    file,
    className,
    folder: folderOf(split),
    group: groups[i] ?? i,
  }));
  const control = { onPart: progress('labels', folds), pause };
  const { findings, reason, ...figures } = await judgeLabels(labelled, embeddings, { folds, seed }, control);
  const { arch } = model;
  const { device, precision } = classifier.choice;
  return {
    findings,
    pairs: near ?? [],
    judgedBy: { model: options.model ?? '', arch, device, precision, features: embeddings.width, folds, ...figures },
    skipped: [
      ...(near === undefined ? [{ part: 'embeddings' as const, reason: CLUSTERED }] : []),
      ...(reason === undefined ? [] : [{ part: 'labels' as const, reason }]),
    ],
  };
}

const NOTHING: Omit<Judged, 'skipped'> = { findings: [], pairs: [], judgedBy: null };

const skipped = (reason: string): SkippedPart[] => [
  { part: 'embeddings', reason },
  { part: 'labels', reason },
];
