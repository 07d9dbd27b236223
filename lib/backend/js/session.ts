import { classifierOf } from '../../network/architecture';
import { stageOf } from '../../network/forward';
import type { ParameterGroup, Recipe } from '../recipe';
import type {
  EpochDraws,
  EpochResult,
  ValidationOptions,
  ValidationResult,
  PlannedWork,
  Position,
  SessionOptions,
  SessionState,
  StepEvent,
  TrainEpochOptions,
  TrainingSession,
  TrainSamples,
} from '../types';
import { balancedSamples } from './balanced-samples';
import { checkIndices, checkLearningRates, checkMomenta, checkTargets, checkWhole } from './checks';
import type { NamedTensor } from '../../weights/state-dict';
import { cropsOf, type CropBytes } from './crop-store';
import { createDraws, type Draws } from './draws';
import { misuse } from './error';
import { estimateSeconds } from './estimate';
import { FoldedNetwork, type Rows } from './folded-network';
import { FrozenPrefix } from './frozen-prefix';
import { givenState, givenTensors } from './given';
import { drawInitialWeights } from './initial-weights';
import { scoreLogits } from './loss';
import { Normalizer } from './normalizer';
import { Passes } from './passes';
import { Generator } from './random';
import { readRecipe } from './recipe';
import { SessionWeights } from './session-weights';
import type { Engine } from './tfjs';
import { TrainedNetwork, type Batch } from './trained-network';
import { nextTurn } from './turn';
import { WeightAverage } from './weight-average';

/** Samples are counted by 32-bit integers. */
const MAX_SAMPLES = 2 ** 31 - 1;
const MAX_EPOCHS = 2 ** 31 - 1;

const startOf = (epoch: number): Position => ({ epoch, step: 0, images: 0, loss: 0, correct: 0 });

/** Crops, where in them those of the samples of a pass are, and the samples' classes. */
interface CroppedSamples {
  crops: CropBytes;
  indices: Int32Array;
  targets: Int32Array;
}

/** The options of a pass of training, without its samples: none of its arrays is the caller's. */
type OwnOptions = Pick<TrainEpochOptions, 'batchSize' | 'accumulate' | 'epoch' | 'learningRates' | 'keepFrom'> & {
  momenta: Float64Array | undefined;
};

/** A model in training: the frozen stages folded and their features kept, the others with their optimizer. */
export class JsSession implements TrainingSession {
  private readonly passes = new Passes('session');
  private readonly normalizer: Normalizer;
  private readonly network: TrainedNetwork;
  /** The first stage that is trained. */
  private readonly cut: number;
  private readonly budget;
  private prefix: FrozenPrefix | undefined;
  private position = startOf(1);
  private kept: SessionState['kept'] = null;
  private readonly average: WeightAverage | undefined;

  private constructor(
    private readonly engine: Engine,
    private readonly options: SessionOptions,
    private readonly recipe: Recipe,
    private readonly draw: Draws,
    private readonly weights: SessionWeights,
  ) {
    const { network, cacheMemory, cacheDisk, cacheFile } = options;
    this.cut = stageOf((recipe.parameterGroups[0] as ParameterGroup).from);
    this.normalizer = new Normalizer(options.mean, options.std);
    this.budget = { memory: cacheMemory, disk: cacheDisk, file: cacheFile };
    this.network = new TrainedNetwork(engine, network, this.cut, recipe, (name) => weights.floats(name));
    weights.attach(this.network);
    if (recipe.ema > 0) this.average = new WeightAverage(recipe.ema, (name) => stageOf(name) >= this.cut);
  }

  private get classes(): number {
    return classifierOf(this.options.network).outputs;
  }

  static async create(engine: Engine, options: SessionOptions): Promise<JsSession> {
    const recipe = readRecipe(options.recipe);
    const { outputs } = classifierOf(options.network);
    const given = recipe.loss.classWeights.length;
    if (given !== 0 && given !== outputs) {
      throw misuse(`recipe.loss.classWeights must have none or ${outputs}, not ${given}`);
    }
    const generator = new Generator(recipe.seed);
    const tensors = await drawInitialWeights(options.network, generator);
    return new JsSession(engine, options, recipe, createDraws(recipe, generator), new SessionWeights(tensors));
  }

  draws(epoch: number, count: number, targets?: Int32Array): EpochDraws {
    this.passes.requireOpen();
    checkWhole(epoch, 'epoch', 1, MAX_EPOCHS);
    checkWhole(count, 'count', 0, MAX_SAMPLES);
    if (this.recipe.sampling !== 'balanced') return this.draw.of(epoch, count);
    checkTargets(targets, this.classes);
    if (targets?.length !== count) throw misuse('there must be a target for each sample');
    return this.drawn(epoch, targets);
  }

  /** What an epoch of these samples draws. */
  private drawn(epoch: number, targets: Int32Array): EpochDraws {
    const draws = this.draw.of(epoch, targets.length);
    if (this.recipe.sampling !== 'balanced') return draws;
    // The order is then that of draws, each with augmentations of its own, also where two are of one sample.
    const samples = balancedSamples(this.recipe.seed, epoch, targets);
    return { ...draws, order: draws.order.map((draw) => samples[draw] as number) };
  }

  trainEpoch(options: TrainEpochOptions, onStep: (event: StepEvent) => void): Promise<EpochResult> {
    this.passes.requireOpen();
    const samples = this.checkSamples(options);
    checkWhole(options.epoch, 'epoch', 1, MAX_EPOCHS);
    const groups = this.recipe.parameterGroups.length;
    if (options.accumulate !== undefined) checkWhole(options.accumulate, 'accumulate', 1, MAX_SAMPLES);
    checkLearningRates(options.learningRates, groups);
    checkMomenta(options.momenta, options.learningRates.length / groups);
    checkWhole(options.keepFrom, 'keepFrom');
    // Copies, now: the caller's may change before it is the pass's turn, and while it runs.
    const own = { ...options, learningRates: options.learningRates.slice(), momenta: options.momenta?.slice() };
    return this.passes.run((stopped) => this.epoch(samples, own, onStep, stopped));
  }

  evaluate(options: ValidationOptions, onBatch: (images: number) => void): Promise<ValidationResult> {
    this.passes.requireOpen();
    const samples = this.checkSamples(options);
    const { batchSize } = options;
    return this.passes.run((stopped) => this.evaluation(samples, batchSize, onBatch, stopped));
  }

  stateDict(kept = false): Promise<NamedTensor[]> {
    this.passes.requireOpen();
    return this.passes.whenIdle(() => {
      return copyOf(kept ? this.requireKept() : this.used());
    });
  }

  loadStateDict(tensors: NamedTensor[]): Promise<void> {
    this.passes.requireOpen();
    const given = givenTensors(tensors);
    return this.passes.whenIdle(() => this.loadWeights(given));
  }

  useKept(): Promise<void> {
    this.passes.requireOpen();
    return this.passes.whenIdle(() => this.loadWeights(this.requireKept()));
  }

  state(): Promise<SessionState> {
    this.passes.requireOpen();
    return this.passes.whenIdle(() => ({
      model: this.weights.copy(),
      optimizer: this.network.optimizerState(),
      ema: this.average?.state() ?? [],
      generator: this.draw.state(),
      position: { ...this.position },
      kept: this.kept === null ? null : { loss: this.kept.loss, tensors: copyOf(this.kept.tensors) },
    }));
  }

  restore(state: SessionState): Promise<void> {
    this.passes.requireOpen();
    const { model, optimizer, ema, generator, position, kept } = givenState(state);
    return this.passes.whenIdle(() => {
      for (const tensors of kept === null ? [model] : [model, kept.tensors]) this.weights.requireWhole(tensors);
      this.loadWeights(model);
      this.network.restoreOptimizer(optimizer);
      if (this.average !== undefined) this.average.restore(ema, this.weights.current().values());
      else if (ema.length > 0) throw misuse('the state has averages of the weights, but the recipe keeps none');
      this.draw.restore(position.epoch, generator);
      this.position = { ...position };
      this.kept = kept === null ? null : { loss: kept.loss, tensors: copyOf(kept.tensors) };
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
      this.kept = null;
    });
  }

  /** The crops of a pass, and where those of its samples are; every target is a class. No array of it is the caller's. */
  private checkSamples({ store, indices, targets, batchSize }: TrainSamples & { batchSize: number }): CroppedSamples {
    const crops = cropsOf(store);
    checkWhole(batchSize, 'batchSize', 1);
    checkTargets(targets, this.classes);
    return { crops, indices: checkIndices(indices, targets.length, crops.count), targets: targets.slice() };
  }

  /** Goes to where in its epoch a pass begins. */
  private goTo(count: number, { epoch, learningRates, batchSize, accumulate = 1 }: OwnOptions): void {
    if (epoch < this.position.epoch) throw misuse(`epoch ${epoch} has passed`);
    if (epoch > this.position.epoch) {
      this.draw.passTo(epoch, count);
      this.position = startOf(epoch);
    }
    const asked = learningRates.length / this.recipe.parameterGroups.length;
    const left = Math.ceil((count - this.position.images) / (batchSize * accumulate));
    if (asked > left) throw misuse(`there are learning rates for ${asked} steps, but the epoch has ${left} more`);
  }

  private async epoch(
    { crops, indices, targets }: CroppedSamples,
    options: OwnOptions,
    onStep: (event: StepEvent) => void,
    stopped: () => boolean,
  ): Promise<EpochResult> {
    const { epoch, batchSize, accumulate = 1, keepFrom, learningRates: rates, momenta } = options;
    this.goTo(targets.length, options);
    const { order, flips } = this.drawn(epoch, targets);
    const groups = this.recipe.parameterGroups.length;
    const { position } = this;
    const result = { steps: 0, keptStep: 0, keptLoss: 0, cancelled: false };
    for (let rate = 0; rate < rates.length; rate += groups) {
      const batches: Batch[] = [];
      const end = Math.min(position.images + batchSize * accumulate, order.length);
      for (let first = position.images; first < end; first += batchSize) {
        const batch = order.subarray(first, Math.min(first + batchSize, end));
        const rows = batch.map((sample) => indices[sample] as number);
        const input = await this.inputs(crops, rows, flips.subarray(first, first + batch.length), stopped);
        batches.push({ input, targets: batch.map((sample) => targets[sample] as number) });
      }
      if (stopped()) {
        result.cancelled = true;
        break;
      }
      const own = { rates: rates.subarray(rate, rate + groups), momentum: momenta?.[result.steps] };
      const { loss, correct, seen } = this.network.step(batches, own);
      for (const batch of seen) for (const [norm, statistics] of batch) this.weights.follow(norm, statistics);
      this.average?.update(this.weights.current().values());
      const event = { step: ++position.step, loss, correct, images: end - position.images };
      result.steps++;
      position.images = end;
      position.correct += correct;
      position.loss += loss * event.images;
      if (keepFrom > 0 && event.step >= keepFrom && loss < (this.kept?.loss ?? Infinity)) {
        this.kept = { loss, tensors: copyOf(this.used()) };
        result.keptLoss = loss;
        result.keptStep = event.step;
      }
      onStep(event);
      await nextTurn();
    }
    const { images, correct } = position;
    if (images === targets.length) {
      this.draw.passTo(epoch + 1, targets.length);
      this.position = startOf(epoch + 1);
    }
    return { ...result, images, correct, loss: images === 0 ? 0 : position.loss / images };
  }

  private async evaluation(
    { crops, indices, targets }: CroppedSamples,
    batchSize: number,
    onBatch: (images: number) => void,
    stopped: () => boolean,
  ): Promise<ValidationResult> {
    const { classes } = this;
    const logits = new Float32Array(targets.length * classes);
    const result = { images: 0, loss: 0, correct: 0, cancelled: false };
    const used = new Map(this.used().map((tensor) => [tensor.name, tensor]));
    const network = await FoldedNetwork.create(this.engine, this.options.network, used, { begin: this.cut });
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
      const { cacheBf16 } = this.options;
      const network = await FoldedNetwork.create(this.engine, this.options.network, this.weights.current(), {
        end: this.cut,
      });
      this.prefix = new FrozenPrefix(network, this.normalizer, { ...this.budget }, cacheBf16);
    }
    return this.prefix;
  }

  /** The model as it is used and saved, with the averages where there are any; only until the next change. */
  private used(): NamedTensor[] {
    const tensors = this.weights.current().values();
    return this.average?.over(tensors) ?? [...tensors];
  }

  private loadWeights(tensors: readonly NamedTensor[]): void {
    this.average?.forget();
    this.weights.load(tensors, (name) => {
      // Features are those of the weights before, also where the next tensor does not fit.
      if (stageOf(name) < this.cut) this.dropPrefix();
    });
  }

  private requireKept(): NamedTensor[] {
    if (this.kept === null) throw misuse('no weights were kept');
    return this.kept.tensors;
  }

  private dropPrefix(): void {
    this.prefix?.close();
    this.prefix = undefined;
  }
}

function copyOf(tensors: readonly NamedTensor[]): NamedTensor[] {
  return tensors.map((tensor) => ({ ...tensor, data: new Uint8Array(tensor.data) }));
}
