import fs from 'node:fs';
import type { Fitting } from '../../options';
import type { CropOptions, CropStore, ImageStore, RgbImage } from '../types';
import { misuse } from './error';
import { givenImage } from './given';
import { resizeAndCrop } from './resize';
import { nextTurn } from './turn';

const MAX_SIDE = 16384;

/** Closes the file of crops that nobody has any more: a store may be closed while a pass still reads it. */
const unused = new FinalizationRegistry<number>((descriptor) => {
  try {
    fs.closeSync(descriptor);
  } catch {
    // It is closed all the same, and there is nobody who could catch it.
  }
});

/** `fs.readSync` or `fs.writeSync`. */
type Transfer = (descriptor: number, bytes: Uint8Array, offset: number, length: number, position: number) => number;

/** CropBytes as bytes: each in memory of its own, taken as it is written, or all in a file. */
export class CropBytes {
  private readonly crops = new Map<number, Uint8Array>();
  private readonly descriptor: number | undefined;

  /** @param file a new file of this name keeps the crops; it has no name afterwards, and is gone with the process */
  constructor(
    readonly count: number,
    readonly size: number,
    private readonly file?: string,
  ) {
    if (file === undefined) return;
    this.descriptor = fs.openSync(file, 'wx+', 0o600);
    unused.register(this, this.descriptor);
    fs.unlinkSync(file);
    // What is never written are zeros, in a file as in memory.
    fs.ftruncateSync(this.descriptor, count * this.bytes);
  }

  /** The bytes at `index`; not a copy where they are in memory. */
  at(index: number): Uint8Array {
    this.check(index);
    const bytes = this.crops.get(index) ?? new Uint8Array(this.bytes);
    if (this.descriptor !== undefined) this.transfer('read', fs.readSync, bytes, index);
    return bytes;
  }

  set(index: number, bytes: Uint8Array): void {
    this.check(index);
    if (this.descriptor === undefined) this.crops.set(index, bytes);
    else this.transfer('written', fs.writeSync, bytes, index);
  }

  /** All of the bytes, or an error that names the file. */
  private transfer(done: string, call: Transfer, bytes: Uint8Array, index: number): void {
    let reason = 'it ends too early: something cut it short';
    try {
      for (let at = 0; at < this.bytes;) {
        const some = call(this.descriptor as number, bytes, at, this.bytes - at, index * this.bytes + at);
        if (some === 0) break;
        at += some;
        if (at === this.bytes) return;
      }
    } catch (error) {
      reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    }
    throw misuse(`${this.file}: the file of the crops can't be ${done} (${reason})`);
  }

  check(index: number): void {
    if (!Number.isInteger(index) || index < 0 || index >= this.count) throw misuse('crop index out of range');
  }

  private get bytes(): number {
    return 3 * this.size * this.size;
  }
}

export class JsCropStore implements CropStore {
  private crops: CropBytes | undefined;

  constructor(
    readonly count: number,
    readonly size: number,
    file?: string,
  ) {
    if (!Number.isInteger(count) || count < 0 || !Number.isInteger(size) || size < 1 || size > MAX_SIDE) {
      throw misuse(`a crop store needs a count of 0 or more and a crop of 1 to ${MAX_SIDE} pixels`);
    }
    try {
      this.crops = new CropBytes(count, size, file);
    } catch (error) {
      throw misuse(`no room for the crops: ${(error as Error).message}`);
    }
  }

  put(index: number, image: RgbImage, resize: number, how: Fitting = {}): Promise<void> {
    return this.write(this.open(), index, image, { ...how, resize, crop: this.size }).then(() => {});
  }

  putAndGet(index: number, image: RgbImage, resize: number, how: Fitting = {}): Promise<Uint8Array> {
    const options = { ...how, resize, crop: this.size };
    return this.write(this.open(), index, image, options).then((crop) => new Uint8Array(crop));
  }

  get(index: number): Uint8Array {
    return new Uint8Array(this.open().at(index));
  }

  close(): void {
    this.crops = undefined;
  }

  private async write(crops: CropBytes, index: number, image: RgbImage, options: CropOptions): Promise<Uint8Array> {
    checkImage(image);
    crops.check(index);
    const given = givenImage(image);
    await nextTurn();
    const { data } = await resizeAndCrop(given, options);
    crops.set(index, data);
    return data;
  }

  /** The crops, which stay valid for their holders even if the store is closed. */
  open(): CropBytes {
    if (this.crops === undefined) throw misuse('the crop store is closed');
    return this.crops;
  }
}

/** As the backend's `resizeCrop`. */
export function resizeCrop(image: RgbImage, options: CropOptions): Promise<RgbImage> {
  checkImage(image);
  const given = givenImage(image);
  return nextTurn().then(() => resizeAndCrop(given, options));
}

function checkImage({ width, height, data }: RgbImage): void {
  if (!(width > 0) || !(height > 0) || data.byteLength !== 3 * width * height) {
    throw misuse('an RGB image needs height x width x 3 bytes');
  }
}

/** The crops of a store of this backend. */
export function cropsOf(store: CropStore | ImageStore): CropBytes {
  if (!(store instanceof JsCropStore)) throw misuse('store must be a crop store of the same backend');
  return store.open();
}
