import { Mutex, Semaphore } from 'async-mutex';
import type { FallbackEvent } from '../backend/registry';
import { batchDoesNotFit, fittingBatch, isOutOfMemory, madeOn, makeRoom } from '../backend/out-of-memory';
import type { Backend, CropStore, InferenceModel, RgbImage } from '../backend/types';
import { aborted, ResnetFtError, throwIfAborted } from '../errors';
import type { DeviceChoice, MachineOptions } from '../machine/device';
import { Chunker } from './chunker';
import { requireImage } from '../data/require-image';
import { geometryOf, onAbort } from '../options';
import type { OpenedModel } from './open';

const STOPPED = 'The pass was stopped';

/** The path of an image, or its content. */
export type ImageInput = string | Uint8Array;

/** What the network said of one image, or why the image could not be read. */
export type ImageResult<T extends ImageInput = ImageInput> =
  | { input: T; logits: Float32Array; features: Float32Array | undefined; error?: undefined }
  | { input: T; error: ResnetFtError };

export interface ClassifyOptions {
  /** Images a batch; as many are decoded at once. */
  batchSize: number;
  /** Size of the first batch, to have early results; default `batchSize`. */
  firstBatch?: number;
  /** Whether the features before `fc` are wanted too. */
  features?: boolean;
  signal?: AbortSignal | undefined;
}

/** Where in an image the evidence for a class lies, or why the image could not be read. */
export type MapResult<T extends ImageInput = ImageInput> =
  | {
      input: T;
      logits: Float32Array;
      /** The class that the map is of. */
      target: number;
      /** Row-major, height x width, at least 0, not normalised. */
      map: Float32Array;
      height: number;
      width: number;
      /** The crop that the network saw. */
      crop: RgbImage;
      error?: undefined;
    }
  | { input: T; error: ResnetFtError };

export interface MapOptions {
  /** Images a batch, which take a hundred megabytes each where the layer is an early one. */
  batchSize: number;
  /** A module whose output is an image. */
  layer: string;
  /** Class to explain; that which is most probable where left out. */
  target?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** Crops that are ready for the network. */
export interface Crops {
  store: CropStore;
  /** Where in the store they are, in the order in which they are wanted. */
  indices: Int32Array;
}

/** What the network said of one crop. */
export type CropResult = Pick<Extract<ImageResult, { error?: undefined }>, 'logits' | 'features'>;

/** Where in one crop the evidence for a class lies. */
export type CropMap = Pick<
  Extract<MapResult, { error?: undefined }>,
  'logits' | 'target' | 'map' | 'height' | 'width' | 'crop'
>;

/** Its crops are those of the images without an error. */
interface Chunk<T extends ImageInput> extends Crops {
  inputs: T[];
  /** Why the image at this index could not be read. */
  errors: Map<number, ResnetFtError>;
}

/**
 * For each input of a chunk why it could not be read, or what came of it.
 *
 * @param resultOf by its place among those that were run
 */
function placed<T extends ImageInput, R>(
  { inputs, errors }: Chunk<T>,
  resultOf: (at: number) => R,
): ({ input: T } & (R | { error: ResnetFtError }))[] {
  let row = 0;
  return inputs.map((input, i) => {
    const error = errors.get(i);
    return error === undefined ? { input, ...resultOf(row++) } : { input, error };
  });
}

/** Batches that are decoded at the same time, over all passes. */
const DECODED_AT_ONCE = 2;

/** A model ready for use. Any number of passes may run at the same time: their batches take turns. */
export class Classifier {
  /** Cancelling stops whichever pass is in the backend, so that each waits here for its turn, not there. */
  private readonly turns = new Mutex();
  private readonly decoding = new Semaphore(DECODED_AT_ONCE);
  private closing: Promise<void> | undefined;
  /** What ends the passes that wait for an image. */
  private readonly waiting = new Set<() => void>();

  private constructor(
    private readonly backend: Backend,
    private readonly model: InferenceModel,
    readonly info: Omit<OpenedModel, 'tensors'>,
    readonly choice: DeviceChoice,
  ) {}

  /**
   * Hands the model's weights to the backend. `opened` is not needed afterwards.
   *
   * @param onFallback is called where `auto` falls back from native to js
   * @throws ResnetFtError DEVICE_UNAVAILABLE, OUT_OF_MEMORY and what loading the backend throws
   */
  static async create(
    opened: OpenedModel,
    machine: MachineOptions,
    onFallback: (event: FallbackEvent) => void,
  ): Promise<Classifier> {
    const { openBackend } = await import('../backend/registry.js');
    const { chooseDevice } = await import('../machine/device.js');
    const { defaultThreads } = await import('../machine/threads.js');
    const { tensors, ...info } = opened;
    const backend = await openBackend(machine.backend, onFallback, machine.device);
    const choice = chooseDevice(machine, backend);
    const { mean, std } = info.preprocessing;
    const creating = backend.createModel(
      {
        network: info.network,
        device: choice.device,
        precision: choice.precision,
        threads: machine.threads ?? defaultThreads(),
        mean: [...mean],
        std: [...std],
      },
      [...tensors].map(([name, tensor]) => ({ name, ...tensor, lent: true })),
    );
    // Loaded meanwhile. If that fails, the first pass will say so.
    void import('../data/crops.js').catch(() => {});
    const model = await madeOn(choice.device, creating);
    return new Classifier(backend, model, info, choice);
  }

  /**
   * Runs images through the network, in order; the next batch is decoded while one runs. An image that can't be read comes
   * as a result with an error, and the others still come. Inputs that come slowly don't wait for a batch to be full.
   *
   * @throws ResnetFtError ABORTED; MODEL_CLOSED; OUT_OF_MEMORY with the batch that would fit
   */
  async *run<T extends ImageInput>(
    inputs: Iterable<T> | AsyncIterable<T>,
    options: ClassifyOptions,
  ): AsyncGenerator<ImageResult<T>> {
    yield* this.each(inputs, options, (chunk) => this.runChunk(chunk, options));
  }

  /**
   * Grad-CAM of images, in order, as {@link run} has their logits.
   *
   * @throws ResnetFtError BACKEND_UNAVAILABLE where the backend has no gradients; else as {@link run}
   */
  async *maps<T extends ImageInput>(
    inputs: Iterable<T> | AsyncIterable<T>,
    options: MapOptions,
  ): AsyncGenerator<MapResult<T>> {
    this.requireGradCam();
    yield* this.each(inputs, options, (chunk) => this.mapChunk(chunk, options));
  }

  /** Whether the backend has {@link maps}. */
  get hasGradCam(): boolean {
    return this.backend.capabilities.gradCam;
  }

  /** @throws ResnetFtError BACKEND_UNAVAILABLE where the backend has no Grad-CAM */
  requireGradCam(): void {
    const { label } = this.backend;
    if (this.hasGradCam) return;
    throw new ResnetFtError('BACKEND_UNAVAILABLE', `The backend ${label} has no gradients for Grad-CAM`, {
      hint: 'Use --backend native; npx resnet-ft doctor says whether it can be loaded',
    });
  }

  private async *each<T extends ImageInput, R>(
    inputs: Iterable<T> | AsyncIterable<T>,
    options: Pick<ClassifyOptions, 'batchSize' | 'firstBatch' | 'signal'>,
    work: (chunk: Chunk<T>) => Promise<R[]>,
  ): AsyncGenerator<R> {
    const { batchSize, firstBatch = batchSize, signal } = options;
    const chunks = new Chunker(inputs, requireImage);
    let ahead = this.next(chunks, Math.min(firstBatch, batchSize), Promise.resolve(), signal);
    try {
      for (;;) {
        const chunk = await unlessAborted(this.unlessClosed(ahead), signal);
        if (chunk === undefined) return;
        const running = work(chunk).finally(() => chunk.store.close());
        const idle = running.then(
          () => {},
          () => {},
        );
        ahead = this.next(chunks, batchSize, idle, signal);
        // A failure ahead of time is thrown when its turn comes, not as an unhandled rejection.
        ahead.catch(() => {});
        for (const result of await unlessAborted(running, signal)) {
          // Its caller may have stopped it at the result before, and acts on each: a picture would be written.
          throwIfAborted(signal, STOPPED);
          yield result;
        }
      }
    } finally {
      // Not waited for: a producer may never give its next image.
      void ahead.then(
        (chunk) => chunk?.store.close(),
        () => {},
      );
      chunks.end();
    }
  }

  /** Waits for the batches that are running, then frees the model; passes that go on, or wait for an image, fail with MODEL_CLOSED. */
  close(): Promise<void> {
    this.closing ??= this.turns.runExclusive(() => this.model.close());
    for (const end of this.waiting) end();
    return this.closing;
  }

  /** Rejects once the model is closed, where `promise` is still waiting: a producer may never give its next image. */
  private async unlessClosed<T>(promise: Promise<T>): Promise<T> {
    let end = (): void => {};
    const closed = new Promise<never>((_, reject) => (end = () => reject(modelClosed())));
    this.waiting.add(end);
    if (this.closing !== undefined) end();
    try {
      return await Promise.race([promise, closed]);
    } finally {
      this.waiting.delete(end);
    }
  }

  private async next<T extends ImageInput>(
    chunks: Chunker<T>,
    size: number,
    idle: Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<Chunk<T> | undefined> {
    throwIfAborted(signal, STOPPED);
    const inputs = await chunks.next(size, idle);
    return inputs === undefined ? undefined : this.decoding.runExclusive(() => this.crop(inputs, signal));
  }

  private async crop<T extends ImageInput>(inputs: T[], signal: AbortSignal | undefined): Promise<Chunk<T>> {
    const { cropImages } = await import('../data/crops.js');
    const made = await cropImages({
      backend: this.backend,
      inputs,
      ...geometryOf(this.info.preprocessing),
      ...(signal === undefined ? {} : { signal }),
    });
    return { inputs, ...made };
  }

  private async runChunk<T extends ImageInput>(chunk: Chunk<T>, options: ClassifyOptions): Promise<ImageResult<T>[]> {
    const results = await this.runCrops(chunk, options);
    return placed(chunk, (at) => results[at] as CropResult);
  }

  private async mapChunk<T extends ImageInput>(chunk: Chunk<T>, options: MapOptions): Promise<MapResult<T>[]> {
    const results = await this.mapCrops(chunk, options);
    return placed(chunk, (at) => results[at] as CropMap);
  }

  /**
   * Room for crops that come and go one by one, as those of a service do: {@link putCrop} fills a place of it, also while a pass over others
   * runs. The caller closes it.
   *
   * @throws Error where there is no memory
   */
  createCrops(count: number): CropStore {
    return this.backend.createCropStore(count, this.info.preprocessing.crop);
  }

  /**
   * Decodes an image, and puts what the network sees of it in a place of a store of {@link createCrops}.
   *
   * @param name of the image, for the error
   * @throws ResnetFtError IMAGE_UNREADABLE, NATIVE_ERROR
   */
  async putCrop(store: CropStore, index: number, input: ImageInput, name?: string): Promise<void> {
    const { putCrop } = await import('../data/crops.js');
    await putCrop(store, index, input, { ...geometryOf(this.info.preprocessing), name });
  }

  /**
   * Runs crops through the network, in order.
   *
   * @throws ResnetFtError as {@link run}
   */
  async runCrops(crops: Crops, options: ClassifyOptions): Promise<CropResult[]> {
    const { store, indices } = crops;
    const count = indices.length;
    const { batchSize, features = false, signal } = options;
    const ran = await this.pass(signal, async () => {
      try {
        return await this.model.run({ store, count, indices, batchSize, features }, () => {});
      } catch (error) {
        throw isOutOfMemory(error) ? await this.outOfMemory(error, crops, options) : error;
      }
    });
    const width = this.info.classes.length;
    const featureWidth = count === 0 ? 0 : ran.features.length / count;
    return Array.from(indices, (_, at) => ({
      logits: ran.logits.slice(at * width, (at + 1) * width),
      features: features ? ran.features.slice(at * featureWidth, (at + 1) * featureWidth) : undefined,
    }));
  }

  /**
   * Grad-CAM of crops, in order.
   *
   * @throws ResnetFtError as {@link maps}
   */
  async mapCrops({ store, indices }: Crops, options: MapOptions): Promise<CropMap[]> {
    const count = indices.length;
    const { batchSize, layer, target = -1, signal } = options;
    const classes = new Int32Array(count).fill(target);
    const ran = await this.pass(signal, async () => {
      try {
        return await this.model.gradCam?.({ store, count, indices, batchSize, layer, classes }, () => {});
      } catch (error) {
        throw isOutOfMemory(error)
          ? batchDoesNotFit(error, Math.min(batchSize, count), makeRoom(this.choice.device))
          : error;
      }
    });
    if (ran === undefined) throw new Error('the backend has no Grad-CAM');
    const { height, width } = ran;
    const area = height * width;
    const outputs = this.info.classes.length;
    return Array.from(indices, (index, at) => ({
      logits: ran.logits.slice(at * outputs, (at + 1) * outputs),
      target: ran.classes[at] ?? -1,
      map: ran.maps.slice(at * area, (at + 1) * area),
      height,
      width,
      crop: { width: store.size, height: store.size, data: store.get(index) },
    }));
  }

  /** Waits for its turn, and runs a pass that the signal stops. */
  private async pass<R extends { cancelled: boolean } | undefined>(
    signal: AbortSignal | undefined,
    run: () => Promise<R>,
  ): Promise<R> {
    if (this.closing !== undefined) throw modelClosed();
    const ran = await this.turns.runExclusive(async () => {
      throwIfAborted(signal, STOPPED);
      const forget = onAbort(signal, () => this.model.cancel());
      try {
        return await run();
      } finally {
        forget();
      }
    });
    if (ran?.cancelled === true) throw aborted(signal, STOPPED);
    throwIfAborted(signal, STOPPED);
    return ran;
  }

  /** The error of a batch that does not fit, with what would. */
  private async outOfMemory(
    error: Error,
    { store, indices }: Crops,
    { batchSize, features = false }: ClassifyOptions,
  ): Promise<ResnetFtError> {
    const tooMany = Math.min(batchSize, indices.length);
    const fits = await fittingBatch(tooMany, (count) =>
      this.model.run({ store, count, indices: indices.subarray(0, count), batchSize: count, features }, () => {}),
    ).catch(() => undefined);
    const hint = fits === undefined ? makeRoom(this.choice.device) : `Batches of ${fits} fit: --batch-size ${fits}`;
    return batchDoesNotFit(error, tooMany, hint);
  }
}

/** The error of a model that is used after it was closed. */
function modelClosed(): ResnetFtError {
  return new ResnetFtError('MODEL_CLOSED', 'The model is closed');
}

/** Rejects as soon as the signal aborts, even if `promise` is still waiting. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  let stop = (): void => {};
  const abort = new Promise<never>((_, reject) => (stop = () => reject(aborted(signal, STOPPED))));
  const forget = onAbort(signal, stop);
  try {
    return await Promise.race([abort, promise]);
  } finally {
    forget();
  }
}
