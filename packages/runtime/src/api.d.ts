/** The path or address of a model, or its bytes. */
export type ModelSource = string | URL | Uint8Array | ArrayBuffer;

/** Pixels in memory, row by row: red, green, blue, and alpha where there is one, which is passed over. A canvas's `ImageData` is such. */
export interface Pixels {
  width: number;
  height: number;
  /** 3 or 4 bytes for each pixel. */
  data: Uint8Array | Uint8ClampedArray;
}

/**
 * An image: the content of its file (bytes, a `Blob`, a `File`), its place, or its pixels. A text is a path in Node.js, which opens no address that it is
 * given as a text, and an address in a browser. A `URL` is fetched, or in Node.js read where it is of a file.
 */
export type ImageInput = string | URL | Uint8Array | ArrayBuffer | Blob | Pixels;

/** onnxruntime's module: `onnxruntime-node`, `onnxruntime-web` or a part of that. */
export interface OnnxRuntime {
  readonly InferenceSession: object;
  readonly Tensor: object;
}

export interface LoadModelOptions {
  /**
   * onnxruntime's module. By default `onnxruntime-node`, or where that is not installed `onnxruntime-web`; in a browser `onnxruntime-web/wasm`.
   */
  onnxruntime?: OnnxRuntime | undefined;
  /** Handed to `InferenceSession.create`: `executionProviders`, `intraOpNumThreads` and others. */
  sessionOptions?: object | undefined;
}

export interface PredictOptions {
  /** How many classes `top` has at most; default 1. */
  topK?: number | undefined;
}

/** A class and how probable it is. */
export interface ClassScore {
  class: string;
  /** Its output of the network, from 0. */
  index: number;
  /** 0 to 1; calibrated where the model is. */
  probability: number;
}

/** Whether an image is none of the model's classes, and by what. */
export interface Verdict {
  unknown: boolean;
  /** Calibrated probability of the best class. */
  calibrated: number;
  /** Distance to the training images that the model carries, 0 to 1. */
  distance: number;
}

/** What the model says of one image. */
export interface Prediction {
  /** The path or address as it was given; left out of an image in memory. */
  file?: string;
  /** The most probable class. */
  class: string;
  /** Its probability, 0 to 1. */
  probability: number;
  /** The `topK` most probable classes, best first. */
  top: ClassScore[];
  /** Only of a model that was taught to say "none of these": `resnet-ft unknown`. */
  verdict?: Verdict;
}

/** What each image goes through before the network. */
export interface Preprocessing {
  /** The short side becomes this many pixels. */
  readonly resize: number;
  /** Side of the square that the network sees. */
  readonly crop: number;
  readonly fit?: 'crop' | 'pad' | 'stretch' | undefined;
  readonly interpolation?: 'bilinear' | 'bicubic' | undefined;
  /** Whether an image is first turned as its EXIF orientation says; no where left out. */
  readonly exifRotate?: boolean | undefined;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** A model ready to use. Methods may be called at the same time; the network takes one batch at a time. */
export interface Model {
  /** Names of the classes, in the order of the network's outputs. */
  readonly classes: readonly string[];
  /** Such as `resnet50`. */
  readonly arch: string;
  readonly preprocessing: Preprocessing;
  /** What the logits are divided by for calibrated probabilities; undefined where nothing is left to divide. */
  readonly temperature: number | undefined;
  /**
   * Says what is in an image, or in each of several, in their order. Bytes and pixels of a single image are copied; those of several, which would take as much
   * memory again, stay as they are until the call has come to its end.
   *
   * @throws RuntimeError IMAGE_UNREADABLE for the first image that can't be read, INVALID_OPTION, MODEL_CLOSED, BACKEND_UNAVAILABLE where sharp
   *   is needed and not installed, WEIGHTS_INVALID where the network's outputs are no finite numbers
   */
  predict(image: ImageInput, options?: PredictOptions): Promise<Prediction>;
  predict(images: readonly ImageInput[], options?: PredictOptions): Promise<Prediction[]>;
  /**
   * What the network sees of an image: RGB, 3 bytes for each pixel.
   *
   * @throws RuntimeError as {@link predict}
   */
  crop(image: ImageInput): Promise<{ width: number; height: number; data: Uint8Array }>;
  /** Waits for the calls that are running, then frees the model. Later calls fail with code MODEL_CLOSED. */
  close(): Promise<void>;
}

/** What this package throws: `code` is stable, `message` is one line. */
export declare class RuntimeError extends Error {
  readonly code:
    | 'INVALID_OPTION'
    | 'IMAGE_UNREADABLE'
    | 'WEIGHTS_INVALID'
    | 'DOWNLOAD_FAILED'
    | 'BACKEND_UNAVAILABLE'
    | 'MODEL_CLOSED';
  /** What to do, where there is something. */
  readonly hint: string | undefined;
}

/**
 * Loads a model that `resnet-ft export --format onnx` wrote: the file, or the folder for transformers.js (in a browser its address with `/` at the end).
 *
 * @throws RuntimeError WEIGHTS_INVALID where it is none, DOWNLOAD_FAILED, BACKEND_UNAVAILABLE where onnxruntime is not installed, can't
 *   be loaded or has none of the `executionProviders`, INVALID_OPTION
 */
export declare function loadModel(source: ModelSource, options?: LoadModelOptions): Promise<Model>;
