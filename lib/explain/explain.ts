import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { FallbackEvent } from '../backend/registry';
import { decodeImage } from '../data/decode';
import type { DownloadEvent } from '../download/types';
import { ResnetFtError, throwIfAborted } from '../errors';
import { notWritable, writeAtomically } from '../files/atomic-file';
import { makeFolder } from '../files/make-folder';
import { checkOutputFile, replacingNothing } from '../files/output-file';
import { reasonOf } from '../files/reason';
import { Classifier } from '../model/classifier';
import { openModel } from '../model/open';
import type { ClassScore } from '../model/scores';
import {
  checkControl,
  controlled,
  geometryOf,
  resolveExplainOptions,
  type ExplainOptions,
  type ResolvedExplainOptions,
} from '../options';
import { suitsCpu } from '../predict/few';
import { expandInputs } from '../predict/inputs';
import { cropBox } from '../grad-cam/crop-box';
import { embeddingKey, embeddingsOf, featureWidth } from './embeddings';
import { classIndex, gradCam, isEmpty, type Explanation } from '../grad-cam/grad-cam';
import { mapLayers, requireLayer } from '../grad-cam/layers';
import { nearestImages, type Neighbour } from './neighbours';
import { sideBySide } from '../grad-cam/overlay';
import { pictureNamed, PictureNames } from './picture-name';
import { openRunData } from './run-data';

const STOPPED = 'The explanation was stopped';

/** What `explain` reports on its way. */
export type ExplainEvent =
  | { kind: 'download'; event: DownloadEvent }
  | FallbackEvent
  /** Told at the end, where the output folder was among the images: its pictures of this model, which were passed over, and not explained themselves. */
  | { kind: 'pictures-passed-over'; folder: string; files: number }
  /** Training images are embedded, to be neighbours. */
  | { kind: 'embedding'; done: number; total: number };

/** What a caller of {@link explain} may pass beside the options. */
export interface ExplainControl {
  /** Stops the work; what has not come yet then rejects with code ABORTED. */
  signal?: AbortSignal | undefined;
  /** Told what happens on the way. */
  onEvent?: ((event: ExplainEvent) => unknown) | undefined;
  /** The list that `-` among the images stands for; default none. */
  list?: (() => AsyncIterable<string>) | undefined;
}

/** An image that was explained. */
export interface ExplainedImage {
  /** Path of the image. */
  file: string;
  /** The most probable class, and its probability. */
  class: string;
  /** That of `class`, 0..1. */
  probability: number;
  /** The `topK` most probable classes, best first. */
  top: ClassScore[];
  /** The module whose activations the map is of. */
  layer: string;
  /** The class whose evidence is shown. */
  explained: ClassScore;
  /** Cells of the map before it is made as large as the image, and whether all of them are 0: where nothing speaks for the class, or there is one. */
  map: { width: number; height: number; empty: boolean };
  /** Absolute path of the picture: the image, and beside it the image with the map. */
  picture: string;
  /** The training images that look most alike to the network, nearest first, where they were asked for. */
  neighbours?: Neighbour[];
  /** Never there: an image with it is an {@link UnexplainedImage}. */
  error?: undefined;
}

/** An image that could not be read, or a picture that could not be written. */
export interface UnexplainedImage {
  /** Path of the image. */
  file: string;
  /** Why. */
  error: ResnetFtError;
}

/**
 * Shows where in images the evidence for a class lies: writes a picture of each, with the map of Grad-CAM in colours beside the image
 * itself, and gives the results in order as they come, so that memory does not grow with their number.
 *
 * @throws ResnetFtError INVALID_OPTION, also for a layer or a class that the model does not have; OUTPUT_NOT_WRITABLE where the folder
 *   can't be made; what opening the model throws; ABORTED. What is wrong with one image is in its place among the results.
 */
export async function* explain(
  input: ExplainOptions,
  control: ExplainControl = {},
): AsyncGenerator<ExplainedImage | UnexplainedImage> {
  const options = resolveExplainOptions(input);
  checkControl(control);
  const { signal, onEvent } = control;
  throwIfAborted(signal, STOPPED);
  const folder = path.resolve(options.output);
  const { classifier, neighboursOf, isPicture } = await controlled(control, (heard) => open(options, heard));
  try {
    await makeFolder(folder).catch((cause: unknown) => {
      throw notWritable(folder, reasonOf(cause), { hint: 'Choose another folder with --output', cause });
    });
    const names = new PictureNames();
    const problems = new Map<string, ResnetFtError>();
    const list = control.list ?? async function* (): AsyncGenerator<string> {};
    // Pictures of this call, and of earlier ones, are no images to be explained; photographs beside them are.
    const real = await realpath(folder);
    let passedOver = 0;
    const passOver = (where: string, name: string): boolean => {
      const passed = where === real && isPicture(name);
      if (passed) passedOver++;
      return passed;
    };
    const files = expandInputs(options.images, { list, problems, passOver });
    for await (const result of gradCam(classifier, files, { layer: options.layer, class: options.class, signal })) {
      const file = result.input;
      if (result.error !== undefined) {
        // It stays: a path may be named again.
        yield { file, error: problems.get(file) ?? result.error };
        continue;
      }
      try {
        const picture = path.join(folder, names.next(file, result.layer, result.explained.class));
        const neighbours = await neighboursOf?.(file, signal);
        // Last, so that an image of which anything fails leaves none.
        await writePicture(picture, result, classifier, options.force);
        yield { file, ...resultOf(result, options.topK), picture, ...(neighbours === undefined ? {} : { neighbours }) };
      } catch (error) {
        // That the work was stopped is nothing that is wrong with an image.
        if (!(error instanceof ResnetFtError) || error.code === 'ABORTED') throw error;
        yield { file, error };
      }
    }
    if (passedOver > 0) await onEvent?.({ kind: 'pictures-passed-over', folder, files: passedOver });
  } finally {
    await classifier.close();
  }
}

interface Opened {
  classifier: Classifier;
  /** Where neighbours are asked for. */
  neighboursOf: ((file: string, signal?: AbortSignal) => Promise<Neighbour[]>) | undefined;
  /** Whether a file may be a picture of this model, by its name. */
  isPicture: (name: string) => boolean;
}

async function open(options: ResolvedExplainOptions, control: ExplainControl): Promise<Opened> {
  const { arch, classes, offline, layer, neighbours, data } = options;
  const { signal = new AbortController().signal, onEvent = (): void => {} } = control;
  const few = neighbours === 0 && (await suitsCpu(options.images, options));
  const machine = few ? { ...options, device: 'cpu' } : options;
  const { warmUpBackend } = await import('../backend/registry.js');
  warmUpBackend(machine.backend, machine.device);
  const onProgress = (event: DownloadEvent): void => void onEvent({ kind: 'download', event });
  const opened = await openModel(options.model, { arch, classes, offline, signal, onProgress });
  requireLayer(opened.network, layer);
  const isPicture = pictureNamed(mapLayers(opened.network), opened.classes);
  if (options.class !== undefined) classIndex(opened.classes, options.class);
  const option = '--neighbours';
  const where = { data, offline, signal, onProgress, option, trainingAlone: true };
  const run = neighbours === 0 ? undefined : await openRunData(opened.file, where);
  throwIfAborted(signal, STOPPED);
  const classifier = await Classifier.create(opened, machine, onEvent);
  try {
    classifier.requireGradCam();
    if (run === undefined) return { classifier, neighboursOf: undefined, isPicture };
    const { folder, dataset, print } = run;
    const key = embeddingKey(opened, classifier.choice.precision, print);
    const onImage = (done: number, total: number): void => void onEvent({ kind: 'embedding', done, total });
    const width = featureWidth(opened);
    const embeddings = await embeddingsOf(classifier, { samples: dataset.train, width, folder, key, signal, onImage });
    const neighboursOf = async (file: string, stop?: AbortSignal): Promise<Neighbour[]> => {
      for await (const result of classifier.run([file], { batchSize: 1, features: true, signal: stop })) {
        if (result.error !== undefined) throw result.error;
        return nearestImages(result.features ?? [], embeddings, dataset, neighbours);
      }
      return [];
    };
    return { classifier, neighboursOf, isPicture };
  } catch (error) {
    await classifier.close();
    throw error;
  }
}

function resultOf({ scores, layer, explained, map }: Explanation, topK: number) {
  const { class: name, probability } = scores[0];
  const { width, height } = map;
  const cells = { width, height, empty: isEmpty(map) };
  return { class: name, probability, top: scores.slice(0, topK), layer, explained, map: cells };
}

async function writePicture(
  picture: string,
  { input, map }: Explanation<string>,
  { info }: Classifier,
  force: boolean,
): Promise<void> {
  await checkOutputFile(picture, '--output', force, 'folder');
  const geometry = geometryOf(info.preprocessing);
  const image = await decodeImage(input, input, geometry.exifRotate);
  const finish = force ? undefined : replacingNothing('--output', 'folder');
  await writeAtomically(picture, [await sideBySide(image, map, cropBox(image, geometry))], finish);
}
