import type { CudaDevice, DeviceInfo } from '../machine/device';
import type { Container } from '../network/architecture';
import type { Interpolation, Precision, TrainFrom } from '../options';
import type { NamedTensor } from '../weights/state-dict';
import type { Augmentation } from './augmentations';
import type { LossRecipe, OptimizerRecipe, Recipe } from './recipe';
import type { CropOptions, CropStore, ImageStore, ImageStoreOptions, RgbImage } from './stores';

// What a backend offers: the seam between the rest of the package and whatever computes. native/addon implements it in C++,
// lib/backend/js in TypeScript. Whatever comes in is already validated by its caller.

export type * from './stores';

export interface SessionOptions {
  /** The module tree, whole; the outputs of its `fc` are the classes. */
  network: Container;
  /** `cpu`, `cuda` or `cuda:N`. */
  device: string;
  precision: Precision;
  /** Threads of one operation; 0 leaves the backend's choice. */
  threads: number;
  recipe: Recipe;
  /** Normalisation per channel, of values in 0..1. */
  mean: number[];
  std: number[];
  /** Bytes of memory for the features of the frozen modules. */
  cacheMemory: number;
  /** Bytes of `cacheFile` for the features that memory has no room for. */
  cacheDisk: number;
  /** Path without an extension; the file is gone when the process ends. Empty: none. */
  cacheFile: string;
  /**
   * Path of a folder in which all processes of a machine keep the features together, up to `cacheDisk` bytes, so that each is computed
   * once among them; of those stores that are shared. Sessions with other recipes or preprocessing need folders of their own. Whoever made
   * it removes it, at any time: who has its files open goes on with them. Only where the capabilities have shared stores.
   */
  cacheShared?: string;
  /** Keep features as bfloat16, in half of the room. */
  cacheBf16: boolean;
  /**
   * Bytes of crops that may lie on a GPU, to be sent there once; a quarter of what is free there where left out. Where it is given,
   * the native backend makes its batches on a CPU as on a GPU: for tests.
   */
  deviceCrops?: number;
  /** A GPU computes by algorithms that give the same bits each time, which are slower; a CPU always does. Default no. */
  deterministic?: boolean;
  /** Threads that prepare the next batches where images are augmented; 0: none. As many as suit the device where left out. */
  prefetchThreads?: number;
  /**
   * Whether forward and backward pass are computed as they are written out in native/core/explicit_resnet.cpp, instead of by autograd. On a
   * GPU where left out. It is checked first, on one batch, and left where it is wrong.
   */
  explicitPass?: boolean;
  /**
   * Whether steps on full batches are recorded as a CUDA graph and repeated; asks for the explicit pass. On a GPU where left out; a CPU goes
   * the same way without a graph, for tests. The first repetition is held against the step itself.
   */
  recordSteps?: boolean;
  /** The processes that train the model together: all make the same calls with the same values, in the same order. Native only. */
  team?: TeamConnection;
  /** Whether the batch norms of a team go over the images of all processes, as torch.nn.SyncBatchNorm; default no: each has its own. */
  syncBatchNorm?: boolean;
}

/** This process's connection to others that train with it. */
export interface TeamConnection {
  /** Sets a value that all can read. */
  set(key: string, value: string): Promise<void>;
  /** Waits so many milliseconds for a value; undefined where there is none by then. */
  get(key: string, patience: number): Promise<string | undefined>;
  /** Adds to a counter that all have, which is 0 at first, and gives what it is then. */
  add(key: string, more: number): Promise<number>;
  /** Sets a value that is still there when the processes have been started anew, where their store is. */
  keep(key: string, value: string): Promise<void>;
  /** A value that was kept; undefined where there is none. */
  kept(key: string): Promise<string | undefined>;
  /** Milliseconds of `rounds` sums of so many bytes, one after the other: for a benchmark, which all processes run together. */
  timeSums(device: string, bytes: number, rounds: number): Promise<Float64Array>;
  /** The processes that have given no sign of life for a few seconds; process 0 knows of all, the others of process 0. */
  silent(): { rank: number; seconds: number }[];
  /** Sessions that have it keep it until they are closed themselves. */
  close(): Promise<void>;
}

/** How a session computes its steps. */
export interface StepsComputed {
  /** By the explicit pass instead of autograd. */
  explicitly: boolean;
  /** By repeating a recorded step. */
  recorded: boolean;
  /** Why not, though it was wanted; empty where it is so, or has not been tried yet. */
  reason: string;
}

/** How the features of frozen modules came about. */
export interface FeaturesKept {
  /** How many were computed in this process, of those that are kept, for the weights that the frozen modules have now. */
  computed: number;
  /** Whether they are kept together with other processes. */
  shared: boolean;
  /** Why not, though `cacheShared` asks for it; else empty. */
  reason: string;
}

/** The random numbers of an epoch. */
export interface EpochDraws {
  order: Int32Array;
  /** Of each place in the order, whether its sample is mirrored: 1 or 0. */
  flips: Uint8Array;
}

/** The samples of a pass. */
export interface Samples {
  store: CropStore;
  /** Class index of every sample. */
  targets: Int32Array;
  /** Where in the store the crop of each sample is; 0, 1, 2, … where left out. */
  indices?: Int32Array | undefined;
}

/** The samples of a pass of training. */
export interface TrainSamples extends Omit<Samples, 'store'> {
  store: CropStore | ImageStore;
  /** Side of the windows that are cut out of the images of an {@link ImageStore}; left out for crops. */
  size?: number | undefined;
  /** How these are resized; bilinear where left out. */
  interpolation?: Interpolation | undefined;
}

export interface TrainEpochOptions extends TrainSamples {
  /** Images of a batch; the last one of an epoch may have fewer. */
  batchSize: number;
  /** Batches of a step, 1 where left out; the last step of an epoch may have fewer. */
  accumulate?: number;
  /** Number of the epoch, from 1: the one that is next or, where its last pass was stopped, goes on; or a later one. */
  epoch: number;
  /** Of each step of this pass, the rate of each parameter group; as many steps are done. The epoch must have so many left. */
  learningRates: Float64Array;
  /** Of each step, what takes the place of the optimizer's momentum (SGD) or beta1 (AdamW): 0 to below 1. */
  momenta?: Float64Array;
  /** From this step of the epoch on (the first is 1), the weights of the least batch loss so far are kept; 0 keeps none. */
  keepFrom: number;
}

/** A batch of an epoch, of which the first images are to be seen. */
export interface BatchViewOptions extends TrainSamples {
  batchSize: number;
  /** The epoch that is next, or a later one. */
  epoch: number;
  /** Place of the batch's first sample in the order of the epoch, from 0. */
  first: number;
  /** So many images of it, at most. */
  count: number;
}

/** Images of a batch as the network gets them, augmented and mixed, but for the normalisation. */
export interface BatchView {
  side: number;
  /** RGB bytes, images x side x side x 3. */
  images: Uint8Array;
  /** images x classes: 1 for the image's class or, where images are mixed, the share of each. */
  shares: Float32Array;
  /** The sample of each image. */
  samples: Int32Array;
}

export interface StepEvent {
  /** Number of the step within this epoch, from 1. */
  step: number;
  loss: number;
  correct: number;
  images: number;
}

export interface EpochResult {
  /** Of this pass. */
  steps: number;
  /** Of the epoch so far, as are `loss` and `correct`. */
  images: number;
  /** Mean loss over images. */
  loss: number;
  correct: number;
  /** Step of the epoch, done in this pass, whose weights are kept; 0 where those of an earlier pass still are, or none. */
  keptStep: number;
  /** Batch loss of `keptStep`. */
  keptLoss: number;
  /** Of this pass, in which the next batch was waited for, where threads prepare it. */
  waitedSeconds?: number;
  cancelled: boolean;
  /** Whether another process that trains with this one was told to stop, and this one was not: nobody here knows of it otherwise. */
  stoppedElsewhere?: boolean;
}

export interface ValidationOptions extends Samples {
  batchSize: number;
}

export interface ValidationResult {
  images: number;
  loss: number;
  correct: number;
  /** Row-major, images x classes. */
  logits: Float32Array;
  cancelled: boolean;
}

/** What a run of training is going to do. */
export interface PlannedWork {
  /** May be a fraction. */
  epochs: number;
  stepsPerEpoch: number;
  images: number;
  valImages: number;
  /** Side of the crops. */
  size: number;
}

/** Where training stands. An epoch that is complete is the next one before its first step. */
export interface Position {
  /** From 1. */
  epoch: number;
  /** Steps of it that are done. */
  step: number;
  /** Of these steps: images, the sum of the loss over them, and how many were right. */
  images: number;
  loss: number;
  correct: number;
}

/** A Mersenne twister as torch's generator has it: its 624 words, and which of them comes next. */
export interface TorchGenerator {
  words: Uint32Array;
  /** 0..624; 624 where all words are used up. */
  next: number;
}

/**
 * All that decides what the next steps of a session do. What can be saved can be gone on from: a session of the same options that is given
 * it does the same steps, to the bit. The tensors have the names and the layout of torchvision's state dict.
 */
export interface SessionState {
  /** Weights and the batch norms' statistics. */
  model: NamedTensor[];
  /**
   * `conv1.weight.momentum` and so on, or AdamW's `.exp_avg`, `.exp_avg_sq` and `.step`; empty before the first step, and for SGD without
   * momentum.
   */
  optimizer: NamedTensor[];
  /** The averages of the weights and of the batch norms' statistics; empty before the first step, and where none are kept. */
  ema: NamedTensor[];
  /** Torch's random numbers before the epoch of `position`; null where they are counted. */
  generator: TorchGenerator | null;
  position: Position;
  /** The weights of the least batch loss, where they are kept. */
  kept: { loss: number; tensors: NamedTensor[] } | null;
}

/** A model in training: weights, optimizer, random numbers. One pass at a time, in the order in which they are begun. */
export interface TrainingSession {
  /**
   * What {@link trainEpoch} draws for an epoch of `count` samples: the one that is next or running, or a later one. Changes nothing, and
   * does not wait for a pass.
   *
   * @param targets of the samples; needed where the recipe's sampling is `balanced`
   * @param indices where the samples lie in their store; by that, images of few views are mirrored
   */
  draws(epoch: number, count: number, targets?: Int32Array, indices?: Int32Array): EpochDraws;
  /** What {@link trainEpoch} gives the network. Changes nothing; waits for the running pass. Only the native backend has it. */
  trainingBatch?(options: BatchViewOptions): Promise<BatchView>;
  trainEpoch(options: TrainEpochOptions, onStep: (event: StepEvent) => void): Promise<EpochResult>;
  evaluate(options: ValidationOptions, onBatch: (images: number) => void): Promise<ValidationResult>;
  /**
   * Every parameter and buffer under torchvision's names, in torchvision's order; the kept ones where `kept` says so. Where weights are
   * averaged it is their average, as in {@link evaluate}.
   */
  stateDict(kept?: boolean): Promise<NamedTensor[]>;
  /** Copies the given tensors over the model's own; names and shapes must match (subset allowed). An average begins anew. */
  loadStateDict(tensors: NamedTensor[]): Promise<void>;
  /** Makes the kept weights the model's. */
  useKept(): Promise<void>;
  /** A copy of all that the session is, between two steps. */
  state(): Promise<SessionState>;
  /** Goes on from the state of a session of the same options. Where it rejects, the session is to be closed. */
  restore(state: SessionState): Promise<void>;
  /** Gives every process of a team the state of the first. */
  shareState?(): Promise<void>;
  /** How the steps so far were computed; only the native backend has a choice. Not while a pass runs. */
  stepsComputed?(): StepsComputed;
  /** Only the native backend tells; not while a pass runs. */
  featuresKept?(): FeaturesKept;
  /** Measures how many seconds a run takes, roughly; only a backend that is slow has it. */
  estimateSeconds?(work: PlannedWork): Promise<number>;
  /** Makes the running pass stop at its next batch, and those that wait for it at their first; not a pass that is begun afterwards. */
  cancel(): void;
  /** Waits for the running pass, then frees the model. */
  close(): Promise<void>;
}

export interface ModelOptions {
  /** The module tree, whole. */
  network: Container;
  /** `cpu`, `cuda` or `cuda:N`. */
  device: string;
  precision: Precision;
  /** Threads of one operation; 0 leaves the backend's choice. */
  threads: number;
  /** Normalisation per channel, of values in 0..1. */
  mean: number[];
  std: number[];
}

export interface RunOptions {
  store: CropStore;
  /** So many crops are run. */
  count: number;
  /** Which, in this order; the first of the store where left out. */
  indices?: Int32Array;
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

export interface GradCamOptions extends Omit<RunOptions, 'features'> {
  /** A module whose output is an image, by its name in the tree; of a block's `relu` the last use, which is the block's output. */
  layer: string;
  /** Of each image, the class to explain; -1 for the most probable one. */
  classes: Int32Array;
}

export interface GradCamResult {
  images: number;
  /** Of a map: what the layer has. */
  height: number;
  width: number;
  /** Row-major, images x height x width: the ReLU of the weighted sum of the layer's channels, not normalised. */
  maps: Float32Array;
  /** The class that each map is of. */
  classes: Int32Array;
  /** As of {@link RunResult}. */
  logits: Float32Array;
  cancelled: boolean;
}

/** A model that is used, not trained: batch norms folded. One pass at a time, in the order in which they are begun. */
export interface InferenceModel {
  run(options: RunOptions, onBatch: (images: number) => void): Promise<RunResult>;
  /** Grad-CAM (Selvaraju et al., arXiv:1610.02391); only where the capabilities have it. */
  gradCam?(options: GradCamOptions, onBatch: (images: number) => void): Promise<GradCamResult>;
  /** Makes the running pass stop at its next batch, and those that wait for it at their first; not a pass that is begun afterwards. */
  cancel(): void;
  /** Waits for the running pass, then frees the model. */
  close(): Promise<void>;
}

/** What every backend can do. A store, a model or a session works only with others of the same backend. */
export interface BackendOperations {
  deviceInfo(): DeviceInfo;
  /** The GPU of this number, below `cudaCount`. It is set up and tried, which takes memory on it for as long as the process lives. */
  cudaDevice(index: number): CudaDevice;
  resizeCrop(image: RgbImage, options: CropOptions): Promise<RgbImage>;
  /**
   * In memory; where `file` is given and the backend and the system can, in a new file of that name, which is gone when the
   * process ends. Throws where it can't be made.
   *
   * @param shared whether the file keeps its name, for other processes to open it, until {@link CropStore.unlink} or `close`; what is left
   * of it after a process was killed is for its caller to remove. Only where the capabilities have shared stores.
   */
  createCropStore(count: number, size: number, file?: string, shared?: boolean): CropStore;
  /**
   * The crops that another process of the machine keeps in a file, to be read only. Throws where there is no such file, where it has not
   * the length of so many crops, or where the capabilities are without shared stores.
   */
  openCropStore(file: string, count: number, size: number): CropStore;
  /** For so many images. Throws where the file can't be made, or where the backend's capabilities are without it. */
  createImageStore(count: number, options: ImageStoreOptions): ImageStore;
  /** The images that another process keeps in a file, by its {@link ImageStore.table}; else as {@link openCropStore}. */
  openImageStore(file: string, table: Float64Array): ImageStore;
  /** Makes a model of a whole state dict under torchvision's names. */
  createModel(options: ModelOptions, tensors: NamedTensor[]): Promise<InferenceModel>;
  createSession(options: SessionOptions): Promise<TrainingSession>;
}

/** What a backend can do of what a caller may ask for: the rest is refused before any work is done. */
export interface Capabilities {
  /** Arithmetic. */
  readonly precisions: readonly Precision[];
  readonly optimizers: readonly OptimizerRecipe['kind'][];
  readonly losses: readonly LossRecipe['kind'][];
  readonly augmentations: readonly Augmentation['kind'][];
  /**
   * The augmentations with which the features of frozen modules are kept from one epoch to the next, for they show an image in few ways. With
   * any other the features are computed each time, and no room need be set aside for them.
   */
  readonly keptFeatures: readonly Augmentation['kind'][];
  /** Whether a recipe may have `views`, with which features are kept whatever the augmentations are, but for mixing. */
  readonly views: boolean;
  readonly draws: readonly Recipe['draws'][];
  /** The modules from which training can start. */
  readonly trainFrom: readonly TrainFrom[];
  /** Whether there is an {@link ImageStore}, of which windows are cut. */
  readonly imageStore: boolean;
  /** Whether processes of a machine can share stores, and the features of frozen modules. */
  readonly sharedStores: boolean;
  /** Whether models have {@link InferenceModel.gradCam}. */
  readonly gradCam: boolean;
}

/** The backends that a caller can choose. */
export type BackendName = 'native' | 'js';

/** A backend that is loaded and ready. */
export interface Backend extends BackendOperations {
  readonly name: BackendName;
  /** What a person would call it: `native`, `js (wasm)`. */
  readonly label: string;
  /** The libraries that compute, and their versions, for the records of a run. */
  readonly versions: Readonly<Record<string, string>>;
  readonly capabilities: Capabilities;
}
