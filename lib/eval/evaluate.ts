import path from 'node:path';
import type { ImageFolder } from '../data/image-folder';
import { passedOverEvent } from '../data/passed-over';
import { withoutName } from '../data/reason';
import { ResnetFtError, throwIfAborted } from '../errors';
import { checkOutputFile } from '../files/output-file';
import type { Classifier } from '../model/classifier';
import {
  controlled,
  EVAL_OPTIONS,
  requireOptions,
  requireText,
  resolveOptions,
  type GivenOptions,
  type ResolvedEvalOptions,
} from '../options';
import { softmax } from '../network/softmax';
import { readClassMap } from './class-map';
import { scanEvalFolder } from './folder';
import { classLabels, matchClasses } from './match-classes';
import { MATRIX_CLASSES, score, Tally } from './metrics';
import { writePredictions, type ScoredPrediction } from './predictions-file';
import { NAMED } from '../data/unreadable';
import type { ClassMap, EvalControl, EvalEvent, EvalResult, EvaluateOptions } from './types';
import { wilsonInterval } from './wilson';
import { firstOf } from '../text/first-of';

const STOPPED = 'The evaluation was stopped';

/** What the images are compared with. */
interface Truth {
  folder: ImageFolder;
  /** The model's class of each folder. */
  outputs: number[];
  /** Classes with a row of their own. */
  rows: number[];
  /** Names of all of the model's classes. */
  labels: string[];
}

interface Pass {
  tally: Tally;
  /** Sum of the cross entropies by calibrated probabilities. */
  calibratedLoss: number;
  unreadable: EvalResult['unreadable'];
}

/**
 * Runs a model over a folder of images with one sub-folder per class, and counts what it gets right. Images pass through in
 * batches: memory does not grow with the folder.
 *
 * @throws ResnetFtError with a stable `code`. IMAGE_UNREADABLE where images could not be read and `skipUnreadable` is false: only
 *   after the pass and the event `done`, which tells the result of the others.
 */
export async function evaluate(input: EvaluateOptions, control: EvalControl = {}): Promise<EvalResult> {
  const resolved = resolve(input);
  return controlled(control, (heard) => evaluateResolved(resolved, heard));
}

async function evaluateResolved(
  { model, data, classMap, options }: ReturnType<typeof resolve>,
  control: EvalControl,
): Promise<EvalResult> {
  const signal = control.signal ?? new AbortController().signal;
  const emit = control.onEvent ?? ((): void => {});
  throwIfAborted(signal, STOPPED);
  const targets = await readClassMap(classMap);
  const predictions = options.predictions === undefined ? undefined : path.resolve(options.predictions);
  if (predictions !== undefined) await checkOutputFile(predictions, '--predictions');

  const { resolveDataFolder } = await import('../data/hymenoptera.js');
  const { offline } = options;
  const download = { offline, signal, onProgress: (event: DownloadEvent) => emit({ kind: 'download', event }) };
  const otherwise = `name a folder of your own instead of ${data}`;
  const folder = await scanEvalFolder(await resolveDataFolder(data, { ...download, otherwise }));
  const { warmUpBackend } = await import('../backend/registry.js');
  warmUpBackend(options.backend, options.device);
  const { openModel } = await import('../model/open.js');
  const opened = await openModel(model, {
    ...download,
    otherwise: control.withoutWeights,
    arch: options.arch,
    classes: options.classes,
  });
  const { file, arch, classes, imagenet, temperature } = opened;
  emit({ kind: 'model', file, arch, classes: classes.length, imagenet });

  const { root, valOf, samples } = folder;
  const outputs = matchClasses({ folders: folder.classes, root, classes, imagenet, classMap: targets });
  const labels = classLabels(classes);
  const rows = imagenet ? [...new Set(outputs)] : classes.map((_, index) => index);
  const matched = folder.classes.map((name, i) => ({
    folder: name,
    name: labels[outputs[i] ?? -1] ?? '',
    index: outputs[i] ?? -1,
  }));
  emit({ kind: 'data', folder: root, valOf, images: samples.length, classes: matched });
  const passedOver = passedOverEvent(folder.passedOver);
  if (passedOver !== undefined) emit(passedOver);

  throwIfAborted(signal, STOPPED);
  const { Classifier } = await import('../model/classifier.js');
  const classifier = await Classifier.create(opened, options, emit);
  const { device, precision, note } = classifier.choice;
  const pass: Pass = { tally: new Tally(rows), calibratedLoss: 0, unreadable: [] };
  let seconds: number;
  try {
    emit({ kind: 'device', device, precision, note });
    const started = performance.now();
    const scored = scoreAll(classifier, { folder, outputs, rows, labels }, pass, options, signal, emit);
    if (predictions !== undefined) await writePredictions(predictions, scored);
    else for await (const _ of scored);
    seconds = (performance.now() - started) / 1000;
  } finally {
    await classifier.close();
  }

  const { tally, unreadable } = pass;
  const { images, correct, top5 } = tally;
  const result: EvalResult = {
    model,
    file,
    arch,
    data: root,
    device,
    precision,
    images,
    correct,
    accuracy: correct / images,
    interval: wilsonInterval(correct, images),
    top5: classes.length > 5 ? { correct: top5, accuracy: top5 / images } : null,
    loss: tally.loss,
    temperature: temperature ?? null,
    calibratedLoss: temperature === undefined ? null : pass.calibratedLoss / images,
    classes: rows.map((index, row) => ({
      name: labels[index] ?? '',
      index,
      folders: matched.filter((one) => one.index === index).map((one) => one.folder),
      ...tally.classFigures(row),
    })),
    confusion: tally.confusionWithin(MATRIX_CLASSES),
    unreadable,
    seconds: Math.round(seconds * 1000) / 1000,
    imagesPerSecond: images / seconds,
    predictions: predictions ?? null,
  };
  emit({ kind: 'done', ...result });
  if (unreadable.length > 0 && !options.skipUnreadable) throw unreadableError(unreadable, samples.length);
  return result;
}

type DownloadEvent = Extract<EvalEvent, { kind: 'download' }>['event'];

function resolve(input: EvaluateOptions): {
  model: string;
  data: string;
  classMap: string | ClassMap | undefined;
  options: ResolvedEvalOptions;
} {
  requireOptions(input, 'the options of eval');
  const { model, data, classMap, ...rest } = input;
  // The table only knows the text form; an object is checked when it is read.
  const text = typeof classMap === 'object' && classMap !== null ? undefined : classMap;
  const given: GivenOptions<typeof EVAL_OPTIONS> = { ...rest, classMap: text };
  return {
    model: requireText('a file, a folder or a name', 'model', model),
    data: requireText('a folder', 'data', data),
    options: resolveOptions(EVAL_OPTIONS, given, 'eval'),
    classMap,
  };
}

/** Scores the images one after the other, adding to `pass`; gives the predictions of those that could be read. */
async function* scoreAll(
  classifier: Classifier,
  truth: Truth,
  pass: Pass,
  options: ResolvedEvalOptions,
  signal: AbortSignal,
  emit: (event: EvalEvent) => void,
): AsyncGenerator<ScoredPrediction> {
  const { folder, outputs, rows, labels } = truth;
  const { samples } = folder;
  const files = samples.map(({ file }) => file);
  const { batchSize } = options;
  const { temperature } = classifier.info;
  let done = 0;
  for await (const result of classifier.run(files, { batchSize, signal })) {
    const file = result.input;
    const target = outputs[samples[done]?.target ?? -1] ?? -1;
    emit({ kind: 'image', done: ++done, total: files.length });
    if (result.error !== undefined) {
      const reason = withoutName(result.error.message, file);
      pass.unreadable.push({ file, reason });
      emit({ kind: 'unreadable', file, reason });
      continue;
    }
    const scored = score(result.logits, target);
    if (scored === undefined) {
      throw new ResnetFtError(
        'WEIGHTS_INVALID',
        `weights ${classifier.info.file} do not give finite logits for ${file}`,
        {
          hint: 'Training may have diverged; take another model',
        },
      );
    }
    pass.tally.add(target, scored);
    const { predicted } = scored;
    // Without a temperature both are the same.
    const { probability, loss } = calibratedScore(result.logits, target, temperature) ?? scored;
    pass.calibratedLoss += loss;
    yield {
      file,
      trueClass: labels[target] ?? '',
      predictedClass: labels[predicted] ?? '',
      correct: predicted === target,
      probability,
      probabilities: probabilitiesOf(result.logits, rows, labels, temperature),
    };
  }
  if (pass.tally.images === 0) throw unreadableError(pass.unreadable, files.length);
}

/** The score by calibrated probabilities; undefined of a model without a temperature. */
function calibratedScore(
  logits: Float32Array,
  target: number,
  temperature: number | undefined,
): ReturnType<typeof score> {
  if (temperature === undefined) return undefined;
  return score(
    Float64Array.from(logits, (value) => value / temperature),
    target,
  );
}

function probabilitiesOf(
  logits: Float32Array,
  rows: readonly number[],
  labels: readonly string[],
  temperature: number | undefined,
): Record<string, number> {
  const all = softmax(logits, temperature);
  return Object.fromEntries(rows.map((index) => [labels[index] ?? '', all[index] ?? 0]));
}

function unreadableError(unreadable: EvalResult['unreadable'], total: number): ResnetFtError {
  const names = unreadable.map(({ file, reason }) => `${file} (${reason})`);
  const all = unreadable.length === total;
  return new ResnetFtError(
    'IMAGE_UNREADABLE',
    `${all ? `none of ${total}` : `${unreadable.length} of ${total}`} images could ${all ? '' : 'not '}be read: ${firstOf(names, NAMED)}`,
    { hint: all ? 'Repair the images' : 'Repair or remove them, or leave them out with --skip-unreadable' },
  );
}
