import { resizeAndCrop } from '../../../lib/backend/js/resize';
import { tooLargeToResize } from '../../../lib/backend/resized-size';
import type { RgbImage } from '../../../lib/backend/stores';
import { ResnetFtError } from '../../../lib/errors';
import { Answers } from '../../../lib/model/answers';
import type { ModelCard } from '../../../lib/model/describe';
import { rejectOption, requireObject } from '../../../lib/options/spec';
import type { ImageInput, LoadModelOptions, Model, ModelSource, Prediction, PredictOptions } from './api';
import { readCard, type ModelFile } from './metadata';
import { Network, type Outputs, type Runtime } from './network';
import { isPixels, rgbOf } from './pixels';

/** What Node.js and browsers do differently. */
export interface Platform {
  /** A model's file, found or fetched; `close` when it is loaded. */
  open(source: ModelSource): Promise<ModelFile & { close?: () => Promise<void> }>;
  /** onnxruntime, where the caller gives none. */
  onnxruntime(): Promise<Runtime>;
  /** An image that is not in pixels yet. */
  decode(input: Exclude<ImageInput, { width: number }>, exifRotate: boolean): Promise<RgbImage>;
}

/** Images that are decoded at the same time, and go through the network together. */
const BATCH = 8;

/** The package's `loadModel` for a platform. */
export function loader(platform: Platform) {
  return async (source: ModelSource, options: LoadModelOptions = {}): Promise<Model> => {
    requireObject(options, 'the options of loadModel');
    const { onnxruntime, sessionOptions } = options;
    if (onnxruntime !== undefined && !isRuntime(onnxruntime)) {
      rejectOption("onnxruntime's module", 'onnxruntime', onnxruntime);
    }
    if (sessionOptions !== undefined) requireObject(sessionOptions, 'sessionOptions');
    // At the same time: each takes a tenth of a second where a function starts.
    const runtime = onnxruntime === undefined ? platform.onnxruntime() : Promise.resolve(onnxruntime);
    runtime.catch(() => {});
    const file = await platform.open(source);
    try {
      const card = await readCard(file);
      const network = await Network.open(await runtime, file, card, sessionOptions);
      return new RuntimeModel(platform, card, network, file.name);
    } finally {
      await file.close?.();
    }
  };
}

class RuntimeModel implements Model {
  readonly classes: readonly string[];
  readonly arch: string;
  readonly preprocessing: Model['preprocessing'];
  readonly temperature: number | undefined;
  private readonly answers: Answers;
  private readonly calls = new Set<Promise<unknown>>();
  private closing: Promise<void> | undefined;

  constructor(
    private readonly platform: Platform,
    private readonly card: ModelCard,
    private readonly network: Network,
    name: string,
  ) {
    this.classes = Object.freeze([...card.classes]);
    this.arch = card.arch;
    this.preprocessing = card.preprocessing;
    this.temperature = card.temperature;
    this.answers = new Answers({ ...card, file: name });
  }

  predict(image: ImageInput, options?: PredictOptions): Promise<Prediction>;
  predict(images: readonly ImageInput[], options?: PredictOptions): Promise<Prediction[]>;
  predict(input: ImageInput | readonly ImageInput[], options: PredictOptions = {}): Promise<Prediction | Prediction[]> {
    return this.running(async () => {
      requireObject(options, 'the options of predict');
      const { topK = 1 } = options;
      if (!Number.isInteger(topK) || topK < 1) rejectOption('an integer of at least 1', 'topK', topK);
      if (!isArray(input)) return (await this.each([asItIsNow(input)], topK))[0] as Prediction;
      return this.each(input, topK);
    });
  }

  crop(image: ImageInput): Promise<RgbImage> {
    return this.running(() => this.cropped(asItIsNow(image)));
  }

  close(): Promise<void> {
    this.closing ??= Promise.allSettled(this.calls).then(() => this.network.close());
    return this.closing;
  }

  /** Remembers a call, for {@link close} to wait for it. */
  private async running<R>(work: () => Promise<R>): Promise<R> {
    if (this.closing !== undefined) throw new ResnetFtError('MODEL_CLOSED', 'The model is closed');
    const call = work();
    this.calls.add(call);
    try {
      return await call;
    } finally {
      this.calls.delete(call);
    }
  }

  private async each(images: readonly ImageInput[], topK: number): Promise<Prediction[]> {
    const results: Prediction[] = [];
    for (let at = 0; at < images.length; at += BATCH) {
      // A hole is no image either, and `map` would pass over it.
      const batch = Array.from(images.slice(at, at + BATCH));
      const crops = await Promise.all(batch.map((image) => this.cropped(image)));
      const outputs = await this.network.run(crops.map(({ data }) => data));
      outputs.forEach((output, i) => results.push(this.prediction(batch[i] as ImageInput, output, topK)));
    }
    return results;
  }

  private async cropped(input: ImageInput): Promise<RgbImage> {
    const { preprocessing } = this.card;
    const image = isPixels(input) ? rgbOf(input) : await this.platform.decode(input, preprocessing.exifRotate ?? false);
    const reason = tooLargeToResize(image, preprocessing);
    if (reason !== undefined) throw new ResnetFtError('IMAGE_UNREADABLE', `${nameOf(input)}: ${reason}`);
    return resizeAndCrop(image, preprocessing);
  }

  private prediction(input: ImageInput, outputs: Outputs, topK: number): Prediction {
    const file = typeof input === 'string' || input instanceof URL ? { file: String(input) } : {};
    return { ...file, ...this.answers.of(outputs, topK) };
  }
}

// Array.isArray does not narrow a readonly array.
const isArray = (input: ImageInput | readonly ImageInput[]): input is readonly ImageInput[] => Array.isArray(input);

/** Bytes and pixels are copied before anything is waited for: their owner may use the memory again once the call has given its promise. */
function asItIsNow(input: ImageInput): ImageInput {
  if (input instanceof Uint8Array) return new Uint8Array(input);
  if (input instanceof ArrayBuffer) return input.slice(0);
  if (!isPixels(input)) return input;
  const { width, height, data } = rgbOf(input);
  // Of pixels with alpha it is a copy already.
  return { width, height, data: data.buffer === input.data.buffer ? data.slice() : data };
}

/** Whether a module has what is used of onnxruntime's. */
function isRuntime(given: unknown): given is Runtime {
  const { InferenceSession, Tensor } = (given ?? {}) as Partial<Record<keyof Runtime, unknown>>;
  return (
    typeof Tensor === 'function' && typeof (InferenceSession as { create?: unknown } | null)?.create === 'function'
  );
}

/** What an image is called in messages. */
export function nameOf(input: unknown): string {
  return typeof input === 'string' || input instanceof URL ? String(input) : '(image in memory)';
}
