import type { FallbackEvent } from '../backend/registry';
import type { DownloadControl } from '../download/types';
import { ResnetFtError, throwIfAborted } from '../errors';
import {
  checkControl,
  controlled,
  LOAD_MODEL_OPTIONS,
  rejectOption,
  requireOptions,
  requireText,
  resolveOptions,
  type Architecture,
  type GivenOptions,
  type Preprocessing,
  type ResolvedOptions,
} from '../options';
import { Answers } from './answers';
import type { ClassScore } from './scores';
import type { Classifier, ImageInput, ImageResult } from './classifier';
import { asItIsNow, requireImage } from '../data/require-image';
import type { Verdict } from './unknown';

const STOPPED = 'The loading of the model was stopped';

/**
 * How {@link loadModel} finds a model and where it runs: the options of `resnet-ft predict` in camel case.
 *
 * @interface
 */
export type LoadModelOptions = GivenOptions<typeof LOAD_MODEL_OPTIONS> &
  Pick<DownloadControl, 'signal' | 'onProgress'> & {
    /** Told where `backend: 'auto'` takes the slower js, because there is nothing to run native with. */
    onEvent?: ((event: FallbackEvent) => unknown) | undefined;
  };

/** What the model says of one image. */
export interface Prediction {
  /** The path as it was given; left out of an image in memory. */
  file?: string;
  /** The most probable class. */
  class: string;
  /** Its probability, 0..1; calibrated where the model is: {@link Model.temperature}. */
  probability: number;
  /** The `topK` most probable classes, best first. */
  top: ClassScore[];
  /**
   * Whether the image is none of the model's classes, and by what; `class` is then only the nearest of them. Left out where the model was not
   * taught that: `resnet-ft unknown`.
   */
  verdict?: Verdict;
}

/** An image that could not be read. */
export interface FailedPrediction {
  /** The path as it was given; left out of an image in memory. */
  file?: string;
  /** Why; its code is IMAGE_UNREADABLE. */
  error: ResnetFtError;
}

/** A {@link Prediction} that carries the features, where they were asked for. */
export type StreamedPrediction = (Prediction & { features?: Float32Array; error?: undefined }) | FailedPrediction;

/** What a caller of {@link Model.predict} may pass beside the images. */
export interface PredictControl {
  /** Stops the work within a batch; the promise then rejects with code ABORTED. */
  signal?: AbortSignal | undefined;
}

/** What a caller of {@link Model.stream} may pass beside the images. */
export interface StreamControl extends PredictControl {
  /** Whether each prediction carries the features too, as {@link Model.embed} gives them; default false. */
  features?: boolean | undefined;
}

/** The first result does not wait for a whole batch. */
const FIRST_BATCH = 4;

/**
 * A trained network with its classes, ready to use: {@link loadModel} makes it. Methods may be called at the same time; their
 * batches take turns, on threads of the native addon, and the event loop stays free.
 */
export class Model {
  /** Names of the classes, in the order of the network's outputs. */
  readonly classes: readonly string[];
  /** Architecture of the network. */
  readonly arch: Architecture;
  /** What each image goes through. */
  readonly preprocessing: Preprocessing;
  /** What its outputs are divided by before they become probabilities; undefined of a model that was not calibrated. */
  readonly temperature: number | undefined;
  /** `cpu`, `cuda` or `cuda:N`. */
  readonly device: string;
  /** Arithmetic: `fp32`, `fp32-strict`, `bf16` or `fp64`. */
  readonly precision: string;

  private readonly answers: Answers;
  private readonly calls = new Set<Promise<unknown>>();
  private closing: Promise<void> | undefined;

  /** @internal */
  constructor(
    private readonly classifier: Classifier,
    private readonly options: Pick<ResolvedOptions<typeof LOAD_MODEL_OPTIONS>, 'topK' | 'batchSize'>,
  ) {
    const { classes, arch, preprocessing, temperature } = classifier.info;
    this.answers = new Answers(classifier.info);
    this.classes = Object.freeze([...classes]);
    this.arch = arch;
    const { mean, std } = preprocessing;
    this.preprocessing = Object.freeze({
      ...preprocessing,
      mean: Object.freeze([...mean]),
      std: Object.freeze([...std]),
    });
    this.temperature = temperature;
    this.device = classifier.choice.device;
    this.precision = classifier.choice.precision;
    // They tell how the model is: assigned to, they would tell something else.
    for (const name of ['classes', 'arch', 'preprocessing', 'temperature', 'device', 'precision'] as const) {
      Object.defineProperty(this, name, { writable: false });
    }
  }

  /**
   * Says what is in an image.
   *
   * @param input path of an image, or the content of its file, which is copied
   * @throws ResnetFtError IMAGE_UNREADABLE, ABORTED, MODEL_CLOSED, INVALID_OPTION; WEIGHTS_INVALID where the network's outputs are
   *   no finite numbers
   */
  predict(input: ImageInput, control?: PredictControl & { unreadable?: 'throw' | undefined }): Promise<Prediction>;
  /**
   * Says what is in an image, or gives `{ file, error }` of one that can't be read.
   *
   * @throws as the others, but for IMAGE_UNREADABLE
   */
  predict(
    input: ImageInput,
    control: PredictControl & { unreadable: 'return' },
  ): Promise<Prediction | FailedPrediction>;
  /**
   * Says what is in each of several images; rejects for the first that can't be read.
   *
   * @param inputs of which bytes are not copied, since that would take as much memory again: they stay as they are until the call has come to its end
   * @returns in the order of `inputs`
   * @throws as for one image
   */
  predict(
    inputs: readonly ImageInput[],
    control?: PredictControl & { unreadable?: 'throw' | undefined },
  ): Promise<Prediction[]>;
  /**
   * Says what is in each of several images; a result `{ file, error }` takes the place of one that can't be read.
   *
   * @returns in the order of `inputs`
   * @throws as for one image, but for IMAGE_UNREADABLE
   */
  predict(
    inputs: readonly ImageInput[],
    control: PredictControl & { unreadable: 'return' },
  ): Promise<(Prediction | FailedPrediction)[]>;
  /**
   * Either of the two, for what may be one image or several.
   *
   * @throws as for one image
   */
  predict(
    input: ImageInput | readonly ImageInput[],
    control?: PredictControl & { unreadable?: 'throw' | undefined },
  ): Promise<Prediction | Prediction[]>;
  /**
   * Either of the two, for what may be one image or several, and whatever is to become of those that can't be read.
   *
   * @throws as for one image
   */
  predict(
    input: ImageInput | readonly ImageInput[],
    control?: PredictControl & { unreadable?: 'throw' | 'return' | undefined },
  ): Promise<Prediction | FailedPrediction | (Prediction | FailedPrediction)[]>;
  async predict(
    input: ImageInput | readonly ImageInput[],
    control: PredictControl & { unreadable?: 'throw' | 'return' | undefined } = {},
  ): Promise<Prediction | FailedPrediction | (Prediction | FailedPrediction)[]> {
    checkControl(control);
    const { signal, unreadable = 'throw' } = control;
    if (unreadable !== 'throw' && unreadable !== 'return') rejectOption('throw or return', 'unreadable', unreadable);
    const many = isArray(input);
    const results = await this.each(many ? input : [asItIsNow(input)], { signal }, (result) => {
      if (result.error === undefined) return this.prediction(result);
      if (unreadable === 'throw') throw result.error;
      return { ...fileOf(result.input), error: result.error };
    });
    return many ? results : (results[0] as Prediction | FailedPrediction);
  }

  /**
   * What the network makes of an image before its classifier `fc`: the features after global average pooling, 2048 numbers, or
   * 512 of resnet18 and resnet34.
   *
   * @throws ResnetFtError as {@link Model.predict}, for the first image that can't be read
   */
  embed(input: ImageInput, control?: PredictControl): Promise<Float32Array>;
  embed(inputs: readonly ImageInput[], control?: PredictControl): Promise<Float32Array[]>;
  embed(input: ImageInput | readonly ImageInput[], control?: PredictControl): Promise<Float32Array | Float32Array[]>;
  async embed(
    input: ImageInput | readonly ImageInput[],
    control: PredictControl = {},
  ): Promise<Float32Array | Float32Array[]> {
    checkControl(control);
    const many = isArray(input);
    const results = await this.each(
      many ? input : [asItIsNow(input)],
      { signal: control.signal, features: true },
      (result) => {
        if (result.error !== undefined) throw result.error;
        return result.features as Float32Array;
      },
    );
    return many ? results : (results[0] as Float32Array);
  }

  /**
   * Predictions of any number of images, in order and as they come: only a few batches are in memory. What comes slowly, such
   * as paths from a network, does not wait for a batch to be full. An image that can't be read gives `{ file, error }`. Bytes are not copied: they
   * stay as they are until their prediction has come.
   *
   * @throws ResnetFtError INVALID_OPTION at an input that is no image, after those before it; ABORTED, WEIGHTS_INVALID, and MODEL_CLOSED where the model is closed before the last image
   */
  async *stream(
    inputs: Iterable<ImageInput> | AsyncIterable<ImageInput>,
    control: StreamControl = {},
  ): AsyncGenerator<StreamedPrediction> {
    checkControl(control);
    const { signal, features: wanted = false } = control;
    if (typeof wanted !== 'boolean') rejectOption('true or false', 'features', wanted);
    requireImages(inputs);
    this.requireOpen();
    for await (const result of this.run(inputs, { signal, features: wanted })) {
      if (result.error !== undefined) yield { ...fileOf(result.input), error: result.error };
      else {
        const features = wanted ? result.features : undefined;
        yield { ...this.prediction(result), ...(features === undefined ? {} : { features }) };
      }
    }
  }

  /** Waits for the calls that are running, then frees the model. Later calls, and streams that have not come to their end, fail with code MODEL_CLOSED. */
  close(): Promise<void> {
    this.closing ??= Promise.allSettled(this.calls).then(() => this.classifier.close());
    return this.closing;
  }

  /** {@link Model.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private requireOpen(): void {
    if (this.closing !== undefined) throw new ResnetFtError('MODEL_CLOSED', 'The model is closed');
  }

  private run(
    inputs: Iterable<ImageInput> | AsyncIterable<ImageInput>,
    control: StreamControl,
  ): AsyncGenerator<ImageResult> {
    const { batchSize } = this.options;
    const { signal, features = false } = control;
    const judged = features || this.answers.needFeatures;
    return this.classifier.run(inputs, { batchSize, firstBatch: FIRST_BATCH, features: judged, signal });
  }

  /** Runs images, and remembers the call, for {@link Model.close} to wait for it. */
  private async each<R>(
    inputs: readonly ImageInput[],
    control: StreamControl,
    use: (result: ImageResult) => R,
  ): Promise<R[]> {
    this.requireOpen();
    // Array.from: map would pass over holes.
    const images = Array.from(inputs, requireImage);
    const call = (async () => {
      const results: R[] = [];
      for await (const result of this.run(images, control)) results.push(use(result));
      return results;
    })();
    this.calls.add(call);
    try {
      return await call;
    } finally {
      this.calls.delete(call);
    }
  }

  private prediction(result: Extract<ImageResult, { error?: undefined }>): Prediction {
    return { ...fileOf(result.input), ...this.answers.of(result, this.options.topK) };
  }
}

/**
 * Loads a model to use it: a file of `train`, the folder of a run, named weights such as `imagenet-v1` (downloaded once), or any
 * state dict of a torchvision ResNet. A model of `train` carries its classes and its preprocessing.
 *
 * @param options.topK classes of each prediction; default 1, at most all are given
 * @param options.batchSize images a batch; default 32
 * @param options.signal stops the loading
 * @param options.onProgress told of a download
 * @param options.onEvent told where `auto` falls back to the js backend
 * @throws ResnetFtError INVALID_OPTION, WEIGHTS_INVALID, WEIGHTS_MISMATCH, DOWNLOAD_FAILED, DEVICE_UNAVAILABLE, ABORTED, and what
 *   finding LibTorch throws
 */
export async function loadModel(source: string, options: LoadModelOptions = {}): Promise<Model> {
  requireOptions(options, 'the options of loadModel');
  const { signal, onProgress, onEvent, ...given } = options;
  const resolved = resolveOptions(LOAD_MODEL_OPTIONS, given, 'loadModel');
  requireText('a model', 'model', source);
  let model: Model | undefined;
  try {
    return await controlled({ signal, onProgress, onEvent }, async (heard) => {
      return (model = await load(source, resolved, heard));
    });
  } catch (error) {
    // A listener may reject once it is loaded; nobody else could free it then.
    await model?.close();
    throw error;
  }
}

async function load(
  source: string,
  resolved: ResolvedOptions<typeof LOAD_MODEL_OPTIONS>,
  { signal, onProgress, onEvent }: Pick<LoadModelOptions, 'signal' | 'onProgress' | 'onEvent'>,
): Promise<Model> {
  throwIfAborted(signal, STOPPED);
  // Loaded only here: a program that only imports the package need not wait for them.
  const { openModel } = await import('./open.js');
  const { Classifier } = await import('./classifier.js');
  const { warmUpBackend } = await import('../backend/registry.js');
  warmUpBackend(resolved.backend, resolved.device);
  const { arch, classes, offline } = resolved;
  const opened = await openModel(source, { arch, classes, offline, signal, onProgress });
  throwIfAborted(signal, STOPPED);
  const classifier = await Classifier.create(opened, resolved, (event) => onEvent?.(event));
  if (signal?.aborted === true) await classifier.close();
  throwIfAborted(signal, STOPPED);
  return new Model(classifier, resolved);
}

// Array.isArray does not narrow a readonly array.
const isArray = (input: ImageInput | readonly ImageInput[]): input is readonly ImageInput[] => Array.isArray(input);

function requireImages(inputs: unknown): void {
  const several = typeof inputs === 'object' && inputs !== null && !(inputs instanceof Uint8Array);
  const { [Symbol.iterator]: iterate, [Symbol.asyncIterator]: iterateLater } = (several ? inputs : {}) as Partial<
    Iterable<unknown> & AsyncIterable<unknown>
  >;
  if (typeof iterate === 'function' || typeof iterateLater === 'function') return;
  rejectOption('several images, such as an array of paths', 'the images', inputs);
}

function fileOf(input: ImageInput): { file?: string } {
  return typeof input === 'string' ? { file: input } : {};
}
