import { resizeAndCrop } from '../../../lib/backend/js/resize';
import { tooLargeToResize } from '../../../lib/backend/resized-size';
import type { RgbImage } from '../../../lib/backend/stores';
import { ResnetFtError } from '../../../lib/errors';
import { Answers } from '../../../lib/model/answers';
import type { ModelCard } from '../../../lib/model/describe';
import { rejectOption } from '../../../lib/options/spec';
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
    if (typeof options !== 'object' || options === null) rejectOption('an object', 'the options of loadModel', options);
    // At the same time: each takes a tenth of a second where a function starts.
    const runtime =
      options.onnxruntime === undefined ? platform.onnxruntime() : Promise.resolve(options.onnxruntime as Runtime);
    runtime.catch(() => {});
    const file = await platform.open(source);
    try {
      const card = await readCard(file);
      const network = await Network.open(await runtime, file, card, options.sessionOptions);
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
  predict(
    input: ImageInput | readonly ImageInput[],
    { topK = 1 }: PredictOptions = {},
  ): Promise<Prediction | Prediction[]> {
    return this.running(async () => {
      if (!Number.isInteger(topK) || topK < 1) rejectOption('an integer of at least 1', 'topK', topK);
      if (!isArray(input)) return (await this.each([input], topK))[0] as Prediction;
      return this.each(input, topK);
    });
  }

  crop(image: ImageInput): Promise<RgbImage> {
    return this.running(() => this.cropped(image));
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
      const batch = images.slice(at, at + BATCH);
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

/** What an image is called in messages. */
export function nameOf(input: unknown): string {
  return typeof input === 'string' || input instanceof URL ? String(input) : '(image in memory)';
}
