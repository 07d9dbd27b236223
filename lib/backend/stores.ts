import type { Fitting } from '../options';

// Images and crops outside the JavaScript heap, as backends have them.

/** A decoded image. */
export interface RgbImage {
  /** In pixels. */
  width: number;
  /** In pixels. */
  height: number;
  /** RGB bytes, height x width x 3. */
  data: Uint8Array;
  /** As of a `NamedTensor`. */
  lent?: boolean;
}

export interface CropOptions extends Fitting {
  /** The short side becomes this many pixels (torchvision's Resize); 0 leaves the size as it is. Counts only where the image is cropped. */
  resize: number;
  /** Side of the square (torchvision's CenterCrop, or as `fit` says); 0 does not crop. */
  crop: number;
}

/** uint8 crops of size x size x 3, outside the JavaScript heap, written once and read every epoch. */
export interface CropStore {
  readonly count: number;
  readonly size: number;
  /** Whether the crops are in a file, not in memory. */
  readonly inFile?: boolean;
  /** Resizes and crops, or fits as `how` says, and keeps the bytes at `index`. */
  put(index: number, image: RgbImage, resize: number, how?: Fitting): Promise<void>;
  /** As `put`, and gives the bytes of the crop, which are the caller's own. */
  putAndGet(index: number, image: RgbImage, resize: number, how?: Fitting): Promise<Uint8Array>;
  /** A copy of the bytes at `index`. */
  get(index: number): Uint8Array;
  /**
   * Takes the name of a shared store's file away, once every process that reads it has it open: it is gone when the last of them ends.
   * Nothing where it was not this process that made it. Only where the capabilities have shared stores.
   */
  unlink?(): void;
  /** Frees the memory; a session that still reads it keeps it alive until its pass ends. Then the file has no name any more. */
  close(): void;
}

/** Part of an image, in pixels. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface ImageStoreOptions {
  /** Bytes of images that may be in memory. */
  memory: number;
  /** A new file of this name keeps the others; it is gone when the process ends. Without it all are in memory. */
  file?: string;
  /** As of `BackendOperations.createCropStore`; all images are then in the file. */
  shared?: boolean;
}

/**
 * Decoded images of any size, uint8 RGB, outside the JavaScript heap, each written once. Windows are cut out of them again and again, in
 * which a random resized crop differs from the fixed one of a {@link CropStore}.
 */
export interface ImageStore {
  readonly count: number;
  /**
   * Keeps an image at `index`; where its short side has more than `shortSide` pixels it is first resized to that, as by torchvision's Resize.
   * 0 keeps every image as it is. Rejects where there is an image already, and where the file has no room.
   */
  put(index: number, image: RgbImage, shortSide: number): Promise<void>;
  /** Of the image as it is kept; 0 x 0 where there is none. */
  size(index: number): { width: number; height: number };
  /** A copy of the image as it is kept. */
  get(index: number): RgbImage;
  /**
   * The window `box` of the image as it is kept, resized to `side` x `side`, and then mirrored where `mirrored` says so: the bytes of
   * torchvision's `resized_crop` on Pillow.
   */
  window(index: number, box: Box, side: number, mirrored?: boolean): Promise<RgbImage>;
  /** Bytes of the images in memory and in the file. */
  usage(): { memory: number; file: number };
  /**
   * Of a store that is shared, and filled: of each image its width, its height and where it begins in the file, 0 x 0 where there is none.
   * With the file, it is what `BackendOperations.openImageStore` needs.
   */
  table(): Float64Array;
  /** As of a {@link CropStore}. */
  unlink(): void;
  /** Frees the memory, once nobody reads it any more. */
  close(): void;
}
