import type { FallbackEvent } from '../backend/registry';
import { mulberry32, shuffled } from '../data/draw';
import type { Dataset } from '../data/dataset';
import type { DownloadEvent } from '../download/types';
import { ResnetFtError, throwIfAborted } from '../errors';
import { fitTemperature } from '../eval/calibration';
import { pauses } from '../machine/pauses';
import { Classifier } from '../model/classifier';
import type { OpenedModel } from '../model/open';
import { quantized, UnknownJudge, type UnknownRule } from '../model/unknown';
import { controlled, resolveUnknownOptions, type ResolvedUnknownOptions, type UnknownOptions } from '../options';
import { changeModel } from './change-model';
import { embeddingKey, embeddingsOf, featureWidth, READ, type Embeddings } from './embeddings';
import { openRunData, type RunData } from './run-data';
import { openRunModel } from './run-model';
import { limitsFor } from './unknown-limits';
import { validated } from './validation';

const STOPPED = 'The fitting was stopped; the model is as it was';

/** Bytes of features that a model carries at most: in its metadata they take a third more, of which a file may have 4 MiB. */
const MOST_BYTES = 1_250_000;
/** Neighbours that are looked at, as a share of the images that the model carries of a class, and at most. */
const NEIGHBOURS = { share: 0.1, most: 50 };

/** What fitting reports on its way. */
export type UnknownEvent =
  | { kind: 'download'; event: DownloadEvent }
  | FallbackEvent
  | { kind: 'image'; split: 'training' | 'validation'; done: number; total: number }
  /** There is nothing to forget: the model stays as it is. */
  | { kind: 'unchanged' }
  /** What is to be said of the run's model card, which tells of the threshold: where it was edited, or could not be written. */
  | { kind: 'note'; note: string };

/** What a caller of {@link fitUnknown} may pass beside the options. */
export interface UnknownControl {
  /** Stops the work; the promise then rejects with code ABORTED, and the model is as it was. */
  signal?: AbortSignal | undefined;
  /** Told what happens on the way. */
  onEvent?: ((event: UnknownEvent) => unknown) | undefined;
}

/** The threshold that a model has now. */
export interface UnknownResult extends Omit<UnknownRule, 'references'> {
  /** Absolute path of the model. */
  file: string;
  /** Training images that the model carries to compare with. */
  references: number;
  /** Validation images. */
  images: number;
  /** Validation images that count as known. */
  kept: number;
}

/**
 * Teaches a model of `train` to say "none of these": fits temperature and limits on the run's validation images, and writes them into the model's
 * metadata with the features of some training images. The weights stay as they are.
 *
 * @returns undefined where the threshold was taken out of the model, or it had none
 * @throws ResnetFtError INVALID_OPTION, also where the model is not in the folder of a run; DATA_INVALID where the data set is not that of
 *   the run; OUTPUT_NOT_WRITABLE; ABORTED; what opening the model throws
 */
export async function fitUnknown(
  input: UnknownOptions,
  control: UnknownControl = {},
): Promise<UnknownResult | undefined> {
  const options = resolveUnknownOptions(input);
  return controlled(control, (heard) => fitResolved(options, heard));
}

async function fitResolved(
  options: ResolvedUnknownOptions,
  control: UnknownControl,
): Promise<UnknownResult | undefined> {
  const signal = control.signal ?? new AbortController().signal;
  throwIfAborted(signal, STOPPED);
  const emit = control.onEvent ?? ((): void => {});
  const { opened, file } = await openRunModel(options.model);
  const change = async (unknown: UnknownRule | undefined): Promise<void> => {
    const of = unknown === undefined ? undefined : opened.tensors;
    const note = await changeModel(file, { unknown }, of, signal, STOPPED);
    if (note !== null) emit({ kind: 'note', note });
  };
  if (options.forget) {
    if (opened.unknown === undefined) emit({ kind: 'unchanged' });
    else await change(undefined);
    return undefined;
  }
  const onProgress = (event: DownloadEvent): void => void emit({ kind: 'download', event });
  const { data, offline } = options;
  const { classes } = opened;
  const run = await openRunData(file, { data, offline, signal, onProgress, option: 'unknown', classes });
  const { rule, images, kept } = await measure(opened, run, options, signal, emit);
  throwIfAborted(signal, STOPPED);
  await change(rule);
  const { references, ...figures } = rule;
  return { file, ...figures, references: references.count, images, kept };
}

interface Measured {
  rule: UnknownRule;
  images: number;
  kept: number;
}

async function measure(
  opened: OpenedModel,
  { folder, dataset, print }: RunData,
  options: ResolvedUnknownOptions,
  signal: AbortSignal,
  emit: (event: UnknownEvent) => void,
): Promise<Measured> {
  const classifier = await Classifier.create(opened, options, emit);
  try {
    const key = embeddingKey(opened, classifier.choice.precision, print);
    const onImage = (done: number, total: number): void => emit({ kind: 'image', split: 'training', done, total });
    const width = featureWidth(opened);
    const embeddings = await embeddingsOf(classifier, { samples: dataset.train, width, folder, key, signal, onImage });
    // Else which images the model carries would depend on chance.
    if (embeddings.passing !== undefined) throw embeddings.passing;
    const references = chosen(embeddings, dataset);
    if (references.length === 0) {
      throw new ResnetFtError('IMAGE_UNREADABLE', `none of the training images of ${folder} could be read`);
    }
    const { logits, features, targets } = await validated(classifier, dataset.val, folder, {
      ...{ batchSize: options.batchSize, features: true, signal },
      onImage: (done, total) => emit({ kind: 'image', split: 'validation', done, total }),
    });
    const pause = pauses(signal, STOPPED);
    // Of a calibrated model that by which its probabilities are, so that there are not two that differ in the last digits.
    const temperature = opened.temperature ?? (await fitTemperature(logits, targets, { pause }));
    const ofClass = references.length / opened.classes.length;
    const neighbours = Math.min(Math.max(Math.round(ofClass * NEIGHBOURS.share), 1), NEIGHBOURS.most);
    const open = { temperature, neighbours, keep: options.keep, references: quantized(references) };
    const judge = new UnknownJudge({ ...open, probability: 0, distance: 1 });
    const known = [];
    for (const [i, row] of logits.entries()) {
      await pause();
      known.push(judge.judge(row, features[i] ?? []));
    }
    const { kept, ...limits } = limitsFor(known, options.keep);
    return { rule: { ...open, ...limits }, images: logits.length, kept };
  } finally {
    await classifier.close();
  }
}

/** Training images that the model carries: of each class as many as of the others, as far as it has them. */
function chosen({ width, rows, read }: Embeddings, { train, classes }: Dataset): Float32Array[] {
  const random = mulberry32(0);
  const byClass = classes.map((_, target) =>
    shuffled(
      train.flatMap((sample, row) => (sample.target === target && read[row] === READ ? [row] : [])),
      random,
    ),
  );
  const most = Math.floor(MOST_BYTES / Math.max(width, 1));
  const longest = byClass.reduce((most, own) => Math.max(most, own.length), 0);
  const taken: number[] = [];
  for (let i = 0; i < longest; i++) {
    for (const own of byClass) if (own[i] !== undefined && taken.length < most) taken.push(own[i] ?? 0);
  }
  return taken.map((row) => rows.subarray(row * width, (row + 1) * width));
}
