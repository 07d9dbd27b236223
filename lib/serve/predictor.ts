import os from 'node:os';
import { Mutex, Semaphore } from 'async-mutex';
import sharp from 'sharp';
import { pixelsOf } from '../data/image-kind';
import { withoutName } from '../data/reason';
import { ResnetFtError } from '../errors';
import { isEmpty, normalised } from '../grad-cam/grad-cam';
import { DEFAULT_LAYER } from '../grad-cam/layers';
import { cropOverlay } from '../grad-cam/overlay';
import { Answers, type ModelAnswer } from '../model/answers';
import type { CropMap, CropResult, Classifier } from '../model/classifier';
import type { CropStore } from '../backend/types';
import type { ResolvedServeOptions } from '../options';
import { Batcher } from './batcher';
import type { Metrics } from './metrics';
import { busy, Refusal } from './refusal';
import { Slots } from './slots';
import type { Upload } from './upload';

/** Images of one pass of Grad-CAM, which take a hundred megabytes or two each meanwhile. */
const MAPS_AT_ONCE = 4;
/** Pixels of a side of the pictures that show the evidence, and their quality. */
const PICTURE_SIDE = 384;
const PICTURE_QUALITY = 78;

/** What the model says of one image. */
export interface Answer extends ModelAnswer {
  /** Where they were asked for. */
  pictures?: Pictures;
}

/** What the network saw of an image, and where in it the evidence for its most probable class lies: WebP. */
export interface Pictures {
  seen: Buffer;
  overlay: Buffer;
  /** Whether the map is the same everywhere and shows nothing: the overlay is then what was seen. */
  empty: boolean;
}

/** What is asked of an image. */
export interface Question {
  /** Classes of the answer. */
  topK: number;
  /** Whether {@link Pictures} are wanted. */
  explain: boolean;
}

/** Runs the images of all requests through one model, many at a time. */
export class Predictor {
  private readonly slots: Slots;
  private readonly store: CropStore;
  private readonly answers: Answers;
  private readonly decoding = new Semaphore(Math.max(os.availableParallelism(), 2));
  private readonly predictions: Batcher<number, CropResult>;
  private readonly maps: Batcher<number, CropMap>;

  constructor(
    private readonly classifier: Classifier,
    private readonly options: Pick<ResolvedServeOptions, 'batchSize' | 'batchWait' | 'queue' | 'maxPixels'>,
    private readonly metrics: Metrics,
  ) {
    const { batchSize, batchWait: wait, queue } = options;
    this.slots = new Slots(queue);
    this.store = classifier.createCrops(queue);
    this.answers = new Answers(classifier.info);
    const turns = new Mutex();
    this.predictions = new Batcher({ size: batchSize, wait, turns, run: (slots) => this.runBatch(slots) });
    this.maps = new Batcher({ size: MAPS_AT_ONCE, wait, turns, run: (slots) => this.runMaps(slots) });
  }

  /** Images that wait or are worked on. */
  get waiting(): number {
    return this.slots.used;
  }

  /** Images that a request may have. */
  get most(): number {
    return this.slots.size;
  }

  /** @throws Refusal QUEUE_FULL where there is no room for another image */
  requireRoom(): void {
    this.slots.requireRoom(1);
  }

  /**
   * Answers for the images of a request, in their order; where one can't be read, a refusal is in its place.
   *
   * @param signal stops what has not begun
   * @throws Refusal QUEUE_FULL, and what ends all of them, such as OUT_OF_MEMORY; the signal's reason
   */
  async answer(images: readonly Upload[], question: Question, signal: AbortSignal): Promise<(Answer | Refusal)[]> {
    const slots = this.slots.take(images.length);
    const answers = images.map(async (image, i) => {
      const slot = slots[i] as number;
      try {
        return await this.one(image, slot, question, signal);
      } catch (error) {
        if (error instanceof Refusal && PER_IMAGE.has(error.code)) return error;
        throw error;
      } finally {
        this.slots.free(slot);
      }
    });
    // All of them: a place that was given back must not be written to any more.
    const settled = await Promise.allSettled(answers);
    return settled.map((one) => {
      if (one.status === 'rejected') throw one.reason;
      this.metrics.image(one.value instanceof Refusal ? one.value.code : 'ok');
      return one.value;
    });
  }

  /**
   * Refuses what is no image that can be read, as a prediction of it would.
   *
   * @throws Refusal IMAGE_UNREADABLE, IMAGE_TOO_LARGE, QUEUE_FULL
   */
  async check(image: Upload, signal: AbortSignal): Promise<void> {
    const [slot] = this.slots.take(1) as [number];
    try {
      await this.decode(image, slot, signal);
    } finally {
      this.slots.free(slot);
    }
  }

  /** Frees the room for the crops. Nothing may be asked any more. */
  close(): void {
    this.store.close();
  }

  private async one(image: Upload, slot: number, question: Question, signal: AbortSignal): Promise<Answer> {
    const arrived = this.predictions.expect();
    let result: CropResult;
    try {
      await this.decode(image, slot, signal);
      const running = this.predictions.add(slot, signal);
      arrived();
      result = await running;
    } finally {
      arrived();
    }
    const answer = this.answers.of(result, question.topK);
    return question.explain ? { ...answer, pictures: await this.explain(slot, signal) } : answer;
  }

  private async explain(slot: number, signal: AbortSignal): Promise<Pictures> {
    const { crop, map, width, height } = await this.maps.add(slot, signal);
    const grid = { values: normalised(map), width, height };
    const raw = { raw: { width: crop.width, height: crop.height, channels: 3 } } as const;
    const webp = (from: sharp.Sharp): Promise<Buffer> => from.webp({ quality: PICTURE_QUALITY }).toBuffer();
    const seen = await webp(sharp(crop.data, raw).resize(PICTURE_SIDE, PICTURE_SIDE));
    // The colour of no evidence alone would darken the image, and mean nothing.
    if (isEmpty(grid)) return { seen, overlay: seen, empty: true };
    const overlay = await webp(sharp(await cropOverlay(crop, grid, PICTURE_SIDE)));
    return { seen, overlay, empty: false };
  }

  private async decode({ name = 'image', bytes }: Upload, slot: number, signal: AbortSignal): Promise<void> {
    await this.decoding.runExclusive(async () => {
      signal.throwIfAborted();
      const pixels = (await pixelsOf(bytes)) ?? 0;
      if (pixels > this.options.maxPixels) {
        const { maxPixels } = this.options;
        throw new Refusal(413, 'IMAGE_TOO_LARGE', `The image has ${pixels} pixels; ${maxPixels} are allowed`);
      }
      try {
        await this.classifier.putCrop(this.store, slot, bytes, name);
      } catch (error) {
        if (!(error instanceof ResnetFtError) || error.code !== 'IMAGE_UNREADABLE') throw error;
        throw new Refusal(422, 'IMAGE_UNREADABLE', `The image can't be read: ${withoutName(error.message, name)}`);
      }
    });
    signal.throwIfAborted();
  }

  private async runBatch(slots: number[]): Promise<CropResult[]> {
    const crops = { store: this.store, indices: Int32Array.from(slots) };
    const options = { batchSize: slots.length, features: this.answers.needFeatures };
    return this.timed('predict', slots.length, () => this.classifier.runCrops(crops, options));
  }

  private async runMaps(slots: number[]): Promise<CropMap[]> {
    const crops = { store: this.store, indices: Int32Array.from(slots) };
    const options = { batchSize: slots.length, layer: DEFAULT_LAYER };
    return this.timed('explain', slots.length, () => this.classifier.mapCrops(crops, options));
  }

  private async timed<R>(what: 'predict' | 'explain', images: number, run: () => Promise<R>): Promise<R> {
    const begin = performance.now();
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof ResnetFtError) || error.code !== 'OUT_OF_MEMORY') throw error;
      throw Object.assign(busy('OUT_OF_MEMORY', 'There is too little memory for a batch of images'), { cause: error });
    } finally {
      this.metrics.batch(what, images, (performance.now() - begin) / 1000);
    }
  }
}

/** What is wrong with one image, and not with the others of its request. */
const PER_IMAGE = new Set<string>(['IMAGE_UNREADABLE', 'IMAGE_TOO_LARGE']);
