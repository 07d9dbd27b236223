import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor4D, Variable } from '@tensorflow/tfjs-core';
import { layersOf, parametersOf, type Container, type Layer } from '../../network/architecture';
import { forwardStage, STAGES, stageOf, type Operations } from '../../network/forward';
import type { NamedTensor } from '../../weights/state-dict';
import type { Recipe } from '../recipe';
import { AdamW } from './adamw';
import type { Rows } from './folded-network';
import { shapeOf, toTf, toTorch } from './layout';
import { divisorOf, scoreLogits, targetsOf } from './loss';
import { clipped, type Gradients, type Optimizer, type VariableRecipe } from './optimizer';
import { optimizerState, restoreOptimizer, type Parameter } from './optimizer-state';
import { Sgd } from './sgd';
import type { Engine } from './tfjs';
import {
  addRelu,
  averagePool,
  convolve,
  crossEntropy,
  linear,
  maxPool,
  normalize,
  type BatchStatistics,
} from './trained-operations';

/** A value that is computed when it is asked for: a batch norm waits for the ReLU after it, so that both keep less for the way back. */
type Value = (activation?: 'relu') => Tensor;

/** What a batch norm in training saw. */
export interface SeenBatch {
  mean: Float32Array;
  variance: Float32Array;
  count: number;
}

/** A batch of a step. */
export interface Batch {
  input: Rows;
  targets: Int32Array;
}

export interface StepResult {
  loss: number;
  correct: number;
  /** Of each batch, by the name of the batch norm. */
  seen: Map<string, SeenBatch>[];
}

/** The stages that are trained: their parameters as variables, and their optimizer. */
export class TrainedNetwork {
  private readonly variables = new Map<string, Variable>();
  private readonly names = new Map<string, string>();
  private readonly optimizer: Optimizer;
  private readonly layers = new Map<string, Layer>();

  /** @param get the values of a parameter under torchvision's name, in PyTorch's layout */
  constructor(
    private readonly engine: Engine,
    private readonly network: Container,
    private readonly begin: number,
    private readonly recipe: Recipe,
    get: (name: string) => Float32Array,
  ) {
    const { tf } = engine;
    const starts = recipe.parameterGroups.map(({ from }) => stageOf(from));
    const { optimizer, decayNormBias } = recipe;
    // Variables have names of their own making.
    const nameOf = (variable: string): string => this.names.get(variable) as string;
    const own: VariableRecipe = {
      group: (variable) => starts.findLastIndex((start) => start <= stageOf(nameOf(variable))),
      weightDecay: (variable) =>
        decayNormBias || this.variables.get(nameOf(variable))?.rank !== 1 ? optimizer.weightDecay : 0,
    };
    this.optimizer = optimizer.kind === 'adamw' ? new AdamW(engine, own, optimizer) : new Sgd(engine, own, optimizer);
    for (const { name, layer } of layersOf(network)) {
      if (stageOf(name) < begin) continue;
      for (const parameter of parametersOf(layer)) {
        const full = `${name}.${parameter.name}`;
        const shape = shapeOf(layer, parameter.shape);
        const values = toTf(layer, get(full), shape.length);
        this.layers.set(full, layer);
        const variable = engine.read(() => tf.variable(tf.tensor(values, shape, 'float32')));
        this.variables.set(full, variable);
        this.names.set(variable.name, full);
      }
    }
  }

  /** The values of a parameter in PyTorch's layout; undefined where it is not trained. */
  get(name: string): Float32Array | undefined {
    const variable = this.variables.get(name);
    const layer = this.layers.get(name);
    if (variable === undefined || layer === undefined) return undefined;
    const values = this.engine.read(() => variable.dataSync<'float32'>());
    return toTorch(layer, values, variable.shape.length);
  }

  /** Sets the values of a parameter, given in PyTorch's layout; nothing where it is not trained. */
  set(name: string, values: Float32Array): void {
    const variable = this.variables.get(name);
    const layer = this.layers.get(name);
    if (variable === undefined || layer === undefined) return;
    const { tf } = this.engine;
    const own = toTf(layer, values, variable.shape.length);
    this.engine.read(() => variable.assign(tf.tensor(own, variable.shape, 'float32')));
  }

  /** What the optimizer keeps, under the names of its parameters; none before the first step. */
  optimizerState(): NamedTensor[] {
    return optimizerState(this.engine, this.optimizer, this.parameters());
  }

  /** Goes on from an {@link optimizerState}. */
  restoreOptimizer(state: readonly NamedTensor[]): void {
    restoreOptimizer(this.engine, this.optimizer, this.parameters(), state);
  }

  /**
   * One step: forward, cross entropy, backward, optimizer.
   *
   * @param batches of the step; each gives its share of the mean over all images. `input` is count x the shape of what the stage before gives.
   */
  step(
    batches: readonly Batch[],
    { rates, momentum }: { rates: Float64Array; momentum: number | undefined },
  ): StepResult {
    const { loss: recipe, clipGrad } = this.recipe;
    const divisor = batches.reduce((sum, { targets }) => sum + divisorOf(targets, recipe), 0);
    const result: StepResult = { loss: 0, correct: 0, seen: [] };
    return this.engine.read(() => {
      let sums: Gradients | undefined;
      for (const { input, targets } of batches) {
        const { loss, logits, gradients, seen } = this.gradients(input, targets, divisor);
        sums = sums === undefined ? gradients : this.added(sums, gradients);
        result.loss += loss;
        result.correct += scoreLogits(logits, targets).correct;
        result.seen.push(seen);
      }
      if (sums === undefined) throw new Error('a step has batches');
      const own = clipGrad > 0 ? clipped(this.engine, sums, clipGrad) : sums;
      this.optimizer.step(this.variables.values(), own, rates, momentum);
      return result;
    });
  }

  /** As {@link step} of one batch, without changing the model: for measuring its time. */
  tryStep(input: Rows, targets: Int32Array): void {
    this.engine.read(() => void this.gradients(input, targets, divisorOf(targets, this.recipe.loss)));
  }

  dispose(): void {
    for (const variable of this.variables.values()) variable.dispose();
    this.variables.clear();
    this.optimizer.dispose();
  }

  private *parameters(): Generator<Parameter> {
    for (const [name, variable] of this.variables) {
      const layer = this.layers.get(name);
      if (layer !== undefined) yield { name, layer, variable };
    }
  }

  private added(sums: Gradients, more: Gradients): Gradients {
    const { tf } = this.engine;
    return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, tf.add(sum, more[name] as Tensor)]));
  }

  private gradients(input: Rows, targets: Int32Array, divisor: number) {
    return this.engine.freeing(() => this.keptGradients(input, targets, divisor));
  }

  /** As {@link gradients}; where it fails, what it kept stays. */
  private keptGradients(input: Rows, targets: Int32Array, divisor: number) {
    const { tf } = this.engine;
    const x = tf.tensor(input.values, [targets.length, ...input.shape], 'float32');
    const statistics = new Map<string, BatchStatistics>();
    let logits: Tensor2D | undefined;
    const objective = (): Scalar => {
      const out = this.forward(x, statistics) as Tensor2D;
      logits = tf.keep(tf.clone(out));
      return crossEntropy(this.engine, out, targetsOf(targets, out.shape[1], this.recipe.loss), divisor);
    };
    const { value, grads } = tf.variableGrads(objective, [...this.variables.values()]);
    const seen = new Map(
      [...statistics].map(([name, { mean, variance, count }]) => {
        const read = { mean: mean.dataSync<'float32'>(), variance: variance.dataSync<'float32'>(), count };
        tf.dispose([mean, variance]);
        return [name, read] as const;
      }),
    );
    const [loss] = value.dataSync<'float32'>() as unknown as [number];
    const values = (logits as unknown as Tensor2D).dataSync<'float32'>();
    logits?.dispose();
    return { loss, logits: values, gradients: grads, seen };
  }

  private forward(input: Tensor, statistics: Map<string, BatchStatistics>): Tensor {
    const { network, begin } = this;
    const operations = this.operations(input, statistics);
    let x: Value = () => input;
    for (let stage = begin; stage < STAGES; stage++) {
      const from = x();
      x = forwardStage(network, operations, stage, () => from);
    }
    return x();
  }

  private operations(input: Tensor, statistics: Map<string, BatchStatistics>): Operations<Value> {
    const { engine } = this;
    const now = (tensor: Tensor): Value => {
      return () => tensor;
    };
    return {
      convolve: ({ name, layer }, norm, value) => {
        const x = value() as Tensor4D;
        const { stride, padding, groups } = layer;
        const filter = this.of<Tensor4D>(`${name}.weight`);
        const out = convolve(engine, { x, filter, stride, padding, groups, inputGradient: x !== input });
        const gamma = this.of<Tensor1D>(`${norm.name}.weight`);
        const beta = this.of<Tensor1D>(`${norm.name}.bias`);
        return (activation) =>
          normalize(engine, { x: out, gamma, beta, relu: activation === 'relu' }, (seen) =>
            statistics.set(norm.name, seen),
          );
      },
      relu: (_relu, x) => now(x('relu')),
      maxPool: ({ layer }, x) => now(maxPool(engine, x() as Tensor4D, layer)),
      // The end of a block is always followed by a ReLU.
      add: (_name, x, shortcut) => now(addRelu(engine, x(), shortcut())),
      averagePool: (_pool, x) => now(averagePool(engine, x() as Tensor4D)),
      linear: ({ name }, x) => now(linear(engine, x() as Tensor2D, this.of(`${name}.weight`), this.of(`${name}.bias`))),
    };
  }

  private of<T extends Tensor>(name: string): T {
    const variable = this.variables.get(name);
    if (variable === undefined) throw new Error(`${name} is not trained`);
    return variable as Tensor as T;
  }
}
