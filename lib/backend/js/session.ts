import { buildNetwork } from '../../network/architecture';
import { stageOf } from '../../network/forward';
import type {
  EpochPlan,
  EpochResult,
  ValidationOptions,
  ValidationResult,
  PlannedWork,
  SessionOptions,
  StepEvent,
  TrainEpochOptions,
  TrainingSession,
} from '../types';
import { checkIndices, checkNotNegative, checkPlan, checkTargets, checkWhole } from './checks';
import type { NamedTensor } from '../../weights/state-dict';
import { cropsOf, type CropBytes } from './crop-store';
import { misuse } from './error';
import { estimateSeconds } from './estimate';
import { FoldedNetwork, type Rows } from './folded-network';
import { FrozenPrefix } from './frozen-prefix';
import { drawInitialWeights } from './initial-weights';
import { scoreLogits } from './loss';
import { Normalizer } from './normalizer';
import { Passes } from './passes';
import { Generator } from './random';
import { SessionWeights } from './session-weights';
import type { Engine } from './tfjs';
import { TrainedNetwork } from './trained-network';
import { nextTurn } from './turn';

/** Samples are counted by 32-bit integers. */
const MAX_SAMPLES = 2 ** 31 - 1;

/** Crops, and where in them those of the samples of a pass are. */
interface CroppedSamples {
  crops: CropBytes;
  indices: Int32Array;
}

/** A model in training: the frozen stages folded and their features kept, the others with their optimizer. */
export class JsSession implements TrainingSession {
  private readonly passes = new Passes('session');
  private readonly normalizer: Normalizer;
  private readonly network: TrainedNetwork;
  /** The first stage that is trained. */
  private readonly cut: number;
  private readonly budget;
  private prefix: FrozenPrefix | undefined;
  private kept: NamedTensor[] | undefined;
  private keptLoss = Infinity;

  private constructor(
    private readonly engine: Engine,
    private readonly options: SessionOptions,
    private readonly generator: Generator,
    private readonly weights: SessionWeights,
  ) {
    const { arch, classes, trainFrom, cacheMemory, cacheDisk, cacheFile } = options;
    this.cut = stageOf(trainFrom);
    this.normalizer = new Normalizer(options.mean, options.std);
    this.budget = { memory: cacheMemory, disk: cacheDisk, file: cacheFile };
    this.network = new TrainedNetwork(engine, buildNetwork(arch, classes), this.cut, options, (name) =>
      weights.floats(name),
    );
    weights.attach(this.network);
  }

  static async create(engine: Engine, options: SessionOptions): Promise<JsSession> {
    const generator = new Generator(options.seed);
    const tensors = await drawInitialWeights(options.arch, options.classes, generator);
    return new JsSession(engine, options, generator, new SessionWeights(tensors));
  }

  plan(count: number): EpochPlan {
    this.passes.requireOpen();
    checkWhole(count, 'count', 0, MAX_SAMPLES);
    this.generator.randomInt64(); // the loader's _base_seed, drawn though there are no workers to seed
    const order = new Generator(this.generator.randomInt64()).permutation(count);
    const flips = Uint8Array.from({ length: count }, () => (this.generator.rand() < 0.5 ? 1 : 0));
    return { order, flips };
  }

  trainEpoch(options: TrainEpochOptions, onStep: (event: StepEvent) => void): Promise<EpochResult> {
    this.passes.requireOpen();
    const samples = this.checkSamples(options);
    checkPlan(options, options.targets.length);
    checkNotNegative(options.lr, 'lr');
    checkWhole(options.maxSteps, 'maxSteps');
    checkWhole(options.keepFrom, 'keepFrom');
    return this.passes.run((stopped) => this.epoch(samples, options, onStep, stopped));
  }

  evaluate(options: ValidationOptions, onBatch: (images: number) => void): Promise<ValidationResult> {
    this.passes.requireOpen();
    const samples = this.checkSamples(options);
    return this.passes.run((stopped) => this.evaluation(samples, options, onBatch, stopped));
  }

  stateDict(kept = false): Promise<NamedTensor[]> {
    this.passes.requireOpen();
    return this.passes.whenIdle(() => {
      if (!kept) return this.weights.copy();
      if (this.kept === undefined) throw misuse('no weights were kept');
      return this.kept.map((tensor) => ({ ...tensor, data: new Uint8Array(tensor.data) }));
    });
  }

  loadStateDict(tensors: NamedTensor[]): Promise<void> {
    this.passes.requireOpen();
    return this.passes.whenIdle(() => {
      const changed = this.weights.load(tensors);
      // Features are those of the weights before.
      if (changed.some((name) => stageOf(name) < this.cut)) this.dropPrefix();
    });
  }

  estimateSeconds(work: PlannedWork): Promise<number> {
    this.passes.requireOpen();
    return this.passes.whenIdle(async () => {
      const prefix = this.cut === 0 ? undefined : await this.frozen();
      return estimateSeconds(work, { kernels: this.engine.kernels, prefix, trained: this.network });
    });
  }

  cancel(): void {
    this.passes.cancel();
  }

  close(): Promise<void> {
    return this.passes.close(() => {
      this.dropPrefix();
      this.network.dispose();
      this.kept = undefined;
    });
  }

  /** The crops of a pass, and where those of its samples are; every target is a class. */
  private checkSamples({ store, indices, targets, batchSize }: ValidationOptions): CroppedSamples {
    const crops = cropsOf(store);
    checkWhole(batchSize, 'batchSize', 1);
    checkTargets(targets, this.options.classes);
    return { crops, indices: checkIndices(indices, targets.length, crops.count) };
  }

  private async epoch(
    { crops, indices }: CroppedSamples,
    { order, flips, targets, batchSize, lr, maxSteps, keepFrom }: TrainEpochOptions,
    onStep: (event: StepEvent) => void,
    stopped: () => boolean,
  ): Promise<EpochResult> {
    const result = { steps: 0, images: 0, loss: 0, correct: 0, keptStep: 0, keptLoss: 0, cancelled: false };
    for (let first = 0; first < order.length; first += batchSize) {
      if (maxSteps > 0 && result.steps >= maxSteps) break;
      const batch = order.subarray(first, first + batchSize);
      const rows = batch.map((sample) => indices[sample] as number);
      const input = await this.inputs(crops, rows, flips.subarray(first, first + batchSize), stopped);
      if (stopped()) {
        result.cancelled = true;
        break;
      }
      const wanted = Int32Array.from(batch, (index) => targets[index] as number);
      const { loss, logits, seen } = this.network.step(input, wanted, lr);
      for (const [norm, statistics] of seen) this.weights.follow(norm, statistics);
      const { correct } = scoreLogits(logits, wanted);
      const event = { step: ++result.steps, loss, correct, images: batch.length };
      result.images += batch.length;
      result.correct += correct;
      result.loss += loss * batch.length;
      if (keepFrom > 0 && event.step >= keepFrom && loss < this.keptLoss) {
        this.kept = this.weights.copy();
        this.keptLoss = result.keptLoss = loss;
        result.keptStep = event.step;
      }
      onStep(event);
      await nextTurn();
    }
    if (result.images > 0) result.loss /= result.images;
    return result;
  }

  private async evaluation(
    { crops, indices }: CroppedSamples,
    { targets, batchSize }: ValidationOptions,
    onBatch: (images: number) => void,
    stopped: () => boolean,
  ): Promise<ValidationResult> {
    const { arch, classes } = this.options;
    const logits = new Float32Array(targets.length * classes);
    const result = { images: 0, loss: 0, correct: 0, cancelled: false };
    const network = await FoldedNetwork.create(this.engine, arch, this.weights.current(), { begin: this.cut });
    try {
      for (let first = 0; first < targets.length; first += batchSize) {
        const wanted = targets.subarray(first, first + batchSize);
        const rows = indices.subarray(first, first + batchSize);
        const { values } = await network.forward(await this.inputs(crops, rows, undefined, stopped), { stopped });
        if (stopped()) {
          result.cancelled = true;
          break;
        }
        const { loss, correct } = scoreLogits(values, wanted);
        logits.set(values, first * classes);
        result.loss += loss;
        result.correct += correct;
        result.images += wanted.length;
        onBatch(wanted.length);
      }
    } finally {
      network.dispose();
    }
    if (result.images > 0) result.loss /= result.images;
    return { ...result, logits: logits.subarray(0, result.images * classes) };
  }

  /** What the trained stages take: crops, or their features where stages before are frozen. */
  private async inputs(
    crops: CropBytes,
    indices: Int32Array,
    flips: Uint8Array | undefined,
    stopped: () => boolean,
  ): Promise<Rows> {
    if (this.cut === 0) {
      return { values: this.normalizer.batch(crops, indices, flips), shape: [crops.size, crops.size, 3] };
    }
    return (await this.frozen()).features(crops, indices, flips, stopped);
  }

  private async frozen(): Promise<FrozenPrefix> {
    if (this.prefix === undefined) {
      const { arch, cacheBf16 } = this.options;
      const network = await FoldedNetwork.create(this.engine, arch, this.weights.current(), { end: this.cut });
      this.prefix = new FrozenPrefix(network, this.normalizer, { ...this.budget }, cacheBf16);
    }
    return this.prefix;
  }

  private dropPrefix(): void {
    this.prefix?.close();
    this.prefix = undefined;
  }
}
