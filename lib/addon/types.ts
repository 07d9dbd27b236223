/**
 * The typed mirror of what the native addon exports (native/addon/*.cpp). The only place where its shape is written down
 * in TypeScript. Everything here is already validated by its caller; the addon only asserts.
 */

/** Element types that cross the border, spelled as safetensors spells them. */
export type NativeDtype = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U8' | 'BOOL';

/** One tensor of a state dict: row-major, little-endian bytes. */
export interface NativeTensor {
  name: string;
  dtype: NativeDtype;
  shape: number[];
  data: Uint8Array;
}

export interface DeviceInfo {
  /** Whether LibTorch was built with CUDA. */
  cudaBuilt: boolean;
  /** Number of usable CUDA devices. */
  cudaCount: number;
  /** Why CUDA can't be used; empty where it can. */
  cudaReason: string;
}

export interface RgbImage {
  width: number;
  height: number;
  /** RGB bytes, height x width x 3. */
  data: Uint8Array;
}

export interface CropOptions {
  /** The short side becomes this many pixels (torchvision's Resize); 0 leaves the size as it is. */
  resize: number;
  /** Side of the centre square (torchvision's CenterCrop); 0 does not crop. */
  crop: number;
}

/** uint8 crops of size x size x 3, outside the JavaScript heap, written once and read every epoch. */
export interface NativeCropStore {
  readonly count: number;
  readonly size: number;
  /** Resizes and crops on a worker thread and keeps the bytes at `index`. */
  put(index: number, image: RgbImage, resize: number): Promise<void>;
  /** A copy of the bytes at `index`. */
  get(index: number): Uint8Array;
  /** Frees the memory; a session that still reads it keeps it alive until its pass ends. */
  close(): void;
}

export interface SessionOptions {
  arch: 'resnet18' | 'resnet34' | 'resnet50' | 'resnet101' | 'resnet152';
  classes: number;
  seed: number;
  /** `cpu`, `cuda` or `cuda:N`. */
  device: string;
  precision: 'fp32' | 'bf16' | 'fp64';
  /** Intra-op threads; 0 leaves LibTorch's choice. */
  threads: number;
  trainFrom: 'conv1' | 'layer1' | 'layer2' | 'layer3' | 'layer4' | 'fc';
  momentum: number;
  weightDecay: number;
  nesterov: boolean;
  /** Normalisation per channel, of values in 0..1. */
  mean: number[];
  std: number[];
  /** Bytes of memory for the features of the frozen modules. */
  cacheMemory: number;
  /** Bytes of `cacheFile` for the features that memory has no room for. */
  cacheDisk: number;
  /** Path without an extension; the file is gone when the process ends. Empty: none. */
  cacheFile: string;
  /** Keep features as bfloat16, in half of the room. */
  cacheBf16: boolean;
}

/** Order and flips of one epoch, drawn as the tutorial's DataLoader draws them. */
export interface EpochPlan {
  order: Int32Array;
  flips: Uint8Array;
}

export interface TrainEpochOptions extends EpochPlan {
  store: NativeCropStore;
  /** Class index of every sample of the store. */
  targets: Int32Array;
  batchSize: number;
  lr: number;
  /** Stop after so many optimizer steps; 0 runs the whole epoch. */
  maxSteps: number;
  /** From this step of the pass on (the first is 1), the weights of the least batch loss so far are kept; 0 keeps none. */
  keepFrom: number;
}

export interface StepEvent {
  /** Number of the step within this epoch, from 1. */
  step: number;
  loss: number;
  correct: number;
  images: number;
}

export interface EpochResult {
  steps: number;
  images: number;
  /** Mean loss over images. */
  loss: number;
  correct: number;
  /** Step of this pass whose weights are kept; 0 where those of an earlier pass still are, or none. */
  keptStep: number;
  /** Batch loss of `keptStep`. */
  keptLoss: number;
  cancelled: boolean;
}

export interface EvaluateOptions {
  store: NativeCropStore;
  targets: Int32Array;
  batchSize: number;
}

export interface EvaluateResult {
  images: number;
  loss: number;
  correct: number;
  /** Row-major, images x classes. */
  logits: Float32Array;
  cancelled: boolean;
}

export interface NativeSession {
  /** Draws order and flips of the next epoch of `count` samples from the session's generator. */
  plan(count: number): EpochPlan;
  trainEpoch(options: TrainEpochOptions, onStep: (event: StepEvent) => void): Promise<EpochResult>;
  evaluate(options: EvaluateOptions, onBatch: (images: number) => void): Promise<EvaluateResult>;
  /** Every parameter and buffer under torchvision's names, in torchvision's order; the kept ones where `kept` says so. */
  stateDict(kept?: boolean): Promise<NativeTensor[]>;
  /** Copies the given tensors over the model's own; names and shapes must match (subset allowed). */
  loadStateDict(tensors: NativeTensor[]): Promise<void>;
  /** Makes the running pass stop at its next batch. */
  cancel(): void;
  /** Waits for the running pass, then frees the model. */
  close(): Promise<void>;
}

export interface ModelOptions {
  arch: SessionOptions['arch'];
  /** `cpu`, `cuda` or `cuda:N`. */
  device: string;
  precision: SessionOptions['precision'];
  /** Intra-op threads; 0 leaves LibTorch's choice. */
  threads: number;
  /** Normalisation per channel, of values in 0..1. */
  mean: number[];
  std: number[];
}

export interface RunOptions {
  store: NativeCropStore;
  /** The first so many crops of the store are run. */
  count: number;
  batchSize: number;
  /** Whether the features before `fc` are wanted too. */
  features: boolean;
}

export interface RunResult {
  images: number;
  /** Row-major, images x classes. */
  logits: Float32Array;
  /** Row-major, images x features; empty unless asked for. */
  features: Float32Array;
  cancelled: boolean;
}

/** A model that is used, not trained: batch norms folded. One pass at a time. */
export interface NativeModel {
  run(options: RunOptions, onBatch: (images: number) => void): Promise<RunResult>;
  /** Makes the running pass stop at its next batch. */
  cancel(): void;
  /** Waits for the running pass, then frees the model. */
  close(): Promise<void>;
}

export interface NativeAddon {
  /** LibTorch version that the addon was compiled against. */
  torchVersion: string;
  deviceInfo(): DeviceInfo;
  resizeCrop(image: RgbImage, options: CropOptions): Promise<RgbImage>;
  createCropStore(count: number, size: number): NativeCropStore;
  /** Makes a model of a whole state dict under torchvision's names. */
  createModel(options: ModelOptions, tensors: NativeTensor[]): Promise<NativeModel>;
  createSession(options: SessionOptions): Promise<NativeSession>;
}
