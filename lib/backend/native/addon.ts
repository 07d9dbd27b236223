import type { BackendOperations, Box, CropStore, ImageStore, RgbImage, TeamConnection } from '../types';

// The native addon (native/addon/*.cpp) is a backend; its shape is written down in lib/backend/types.ts, and only what it has beyond
// is here. The addon only asserts what its caller has validated.

export interface NativeAddon extends BackendOperations {
  /** LibTorch version that the addon was compiled against. */
  torchVersion: string;
  /**
   * Connects this process with those that train with it, as soon as all have come.
   *
   * @throws NATIVE_ERROR where one does not come, or the store can't be had
   */
  connectTeam(options: TeamOptions): Promise<TeamConnection>;
  /**
   * Stops every pass of the process, also those of worker threads, and waits a moment for their threads. For the end of the process,
   * which ends with `status`; passes that are begun afterwards fail.
   */
  endPasses(status: number): void;
  /** An augmentation with given parameters; for tests. */
  augmentImage(options: AugmentImage): RgbImage;
  /** A batch mixed with itself; for tests. */
  augmentBatch(options: MixBatch): { images: Float32Array; targets: Float32Array };
  /** Numbers that are drawn for a sample or a batch; for tests. */
  drawAugmentation(options: DrawAugmentation): Float32Array;
  /** One batch as training makes it, for tests: order x size x size x 3 normalised values. */
  makeBatch(options: BatchOptions): Float32Array;
  /** The window that a random resized crop draws by these numbers of 0 to below 1, and how many it used; for tests. */
  randomResizedCrop(options: RandomResizedCrop): Box & { used: number };
  /** A batch norm with what follows it, and its gradients; for tests. */
  batchNorm(options: BatchNormOptions): BatchNormFigures;
  /** A batch by our CUDA kernels, rows x height x width x 3 normalised values; for tests. */
  kernelBatch(options: KernelBatchOptions): Float64Array;
  /**
   * Compiles all of our CUDA kernels for a device, such as `cuda:0`, and checks what they compute: a few seconds. `reason` says why they
   * are not used, and LibTorch's operators in their place.
   */
  cudaKernels(device: string): { available: boolean; reason: string };
  /** Tries cuDNN's fused convolutions on a device, such as `cuda:0`. `reason` says why plain ones are computed in their place. */
  cudnnConvolutions(device: string, precision: 'fp32' | 'bf16'): { available: boolean; reason: string };
  /** The switches of the process and what was done on its devices; memory too where a GPU is named. For tests. */
  gpuState(device?: string): GpuState;
  /** The switches in passes that begin one within the other, and after them; for tests. */
  gpuSettings(options: { passes: GpuPass[]; fails: boolean }): GpuSwitches[];
  /**
   * What is read of values that are sent one after the other, of which each arrives after so many were sent, and how often that had to be
   * waited for: after each, and in the end. For tests.
   */
  readBack(options: { atMost: number; arrive: Int32Array }): { read: number[]; waits: number }[];
  /** A convolution by operators that stand for cuDNN's, against a plain one; for tests. */
  fusedConvolution(options: FusedConvolution): FusedOutcome;
}

/** How a process comes to those that train with it. */
export interface TeamOptions {
  /** The library of c10d for this LibTorch: `findC10d`. */
  library: string;
  rank: number;
  world: number;
  /** Of c10d's TCPStore. */
  host: string;
  port: number;
  /** Whether this process has the store. */
  serves: boolean;
  /** Of all keys of the store. */
  prefix: string;
  /** How often the processes have been started anew; each time they have keys of their own. */
  attempt: number;
  /** `cpu`, or the GPU of this process. */
  device: string;
  /** What connects GPUs; empty for a CPU. */
  cudaLibrary: string;
  /** Seconds for which another process may keep this one waiting. */
  timeout: number;
}

/** Figures are batch x channels x height x width, or one of each channel. */
export interface BatchNormOptions {
  way: 'autograd' | 'operators' | 'kernels';
  /** What stands for NVRTC and the CUDA driver where `way` is `kernels`: test/cuda/fake_cuda.cpp. */
  library: string;
  type: 'fp64' | 'fp32' | 'bf16';
  sizes: Int32Array;
  x: Float64Array;
  /** Empty: none is added. */
  residual: Float64Array;
  /** The gradient with respect to y. */
  dy: Float64Array;
  weight: Float64Array;
  bias: Float64Array;
  runningMean: Float64Array;
  runningVar: Float64Array;
  training: boolean;
  momentum: number;
  eps: number;
  relu: boolean;
}

export interface BatchNormFigures {
  y: Float64Array;
  /** Not given by autograd. */
  mean?: Float64Array;
  invstd?: Float64Array;
  runningMean: Float64Array;
  runningVar: Float64Array;
  dx: Float64Array;
  dWeight: Float64Array;
  dBias: Float64Array;
  dResidual?: Float64Array;
}

export interface KernelBatchOptions {
  library: string;
  type: 'fp32' | 'bf16';
  height: number;
  width: number;
  crops: Uint8Array;
  /** Crops of the batch; empty: all, in their order. */
  rows: Int32Array;
  /** Whether each is mirrored; empty: none is. */
  mirrored: Uint8Array;
  mean: number[];
  std: number[];
}

/** What LibTorch has one of for the whole process. */
export interface GpuSwitches {
  /** Whether cuDNN searches for the fastest algorithms. */
  benchmark: boolean;
  deterministicCudnn: boolean;
  deterministic: boolean;
  tf32Cudnn: boolean;
  tf32Cublas: boolean;
}

export interface GpuState extends GpuSwitches {
  /** Batches for which cuDNN has searched. */
  searches: number;
  /** How often memory was given back, of whatever device. */
  memoryGivenBack: number;
  fusedConvolutions: FusedFinding[];
  /** Bytes. */
  freeMemory?: number;
  totalMemory?: number;
}

export interface GpuPass {
  deterministic: boolean;
  tf32: boolean;
  searches: boolean;
}

export interface FusedConvolution {
  operators:
    | ('right' | 'none' | 'throws' | 'throws-later' | 'no-relu' | 'no-add' | 'no-number')
    | ('no-memory' | 'no-memory-at-first' | 'no-memory-in-cudnn');
  type: 'fp32' | 'fp64';
  groups: number;
  tf32: boolean;
  deterministic: boolean;
}

export interface FusedOutcome {
  /** Greatest difference of what came of it. */
  apart: number;
  /** How often an operator was called. */
  calls: number;
  findings: FusedFinding[];
  error?: string;
}

/** Whether convolutions of a kind are fused by cuDNN, and if not, why; empty: they are. */
export interface FusedFinding {
  device: string;
  type: string;
  grouped: boolean;
  reason: string;
}

export interface AugmentImage extends RgbImage {
  /** As native/addon/augmentation_probes.cpp names it. */
  name: string;
  values: number[];
  bilinear: boolean;
  fill: Uint8Array;
}

export interface MixBatch {
  count: number;
  side: number;
  classes: number;
  images: Float64Array;
  targets: Int32Array;
  /** Share of each image's own label. */
  own: number;
  /** Left, top, width and height of what is the other image's; empty: all of it is mixed. */
  part: Int32Array;
}

export interface DrawAugmentation {
  what:
    | 'beta'
    | 'cutmix'
    | 'erased'
    | 'trivial-augment'
    | 'rand-augment'
    | 'rand-augment-magnitudes'
    | 'trivial-augment-magnitudes';
  seed: number;
  sample: number;
  side: number;
  /** Alpha, a probability, or a magnitude. */
  value: number;
}

export interface BatchOptions {
  store: CropStore | ImageStore;
  /** Side of the windows; only of a store of images. */
  size?: number;
  indices?: Int32Array;
  order: Int32Array;
  /** Whether each is mirrored; empty: none is. */
  mirrored: Uint8Array;
  /** Left, top, width and height of each window; empty: the crops. */
  windows: Int32Array;
  mean: number[];
  std: number[];
  /** Whether the arithmetic is done as on a GPU. */
  asOnGpu: boolean;
}

export interface RandomResizedCrop {
  width: number;
  height: number;
  /** Least share of the area; 0.08 is torchvision's default. */
  leastScale: number;
  drawn: number[];
}
