import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor4D, Variable } from '@tensorflow/tfjs-core';
import { layersOf, parametersOf, type Container, type Layer } from '../../network/architecture';
import { forwardStage, STAGES, stageOf, type Operations } from '../../network/forward';
import { toFloat64 } from '../../network/floats';
import { sameShape, type NamedTensor } from '../../weights/state-dict';
import type { Recipe } from '../types';
import { misuse } from './error';
import type { Rows } from './folded-network';
import { toHwio, toOihw, transposed } from './layout';
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

/** Ends the name of a buffer of the optimizer, as in native/core/sgd.cpp. */
const MOMENTUM = '.momentum';

/** A value that is computed when it is asked for: a batch norm waits for the ReLU after it, so that both keep less for the way back. */
type Value = (activation?: 'relu') => Tensor;

/** What a batch norm in training saw. */
export interface SeenBatch {
  mean: Float32Array;
  variance: Float32Array;
  count: number;
}

export interface StepResult {
  loss: number;
  /** images x classes */
  logits: Float32Array;
  /** By the name of the batch norm. */
  seen: Map<string, SeenBatch>;
}

/** The stages that are trained: their parameters as variables, and their optimizer. */
export class TrainedNetwork {
  private readonly variables = new Map<string, Variable>();
  private readonly names = new Map<string, string>();
  private readonly optimizer: Sgd;
  private readonly layers = new Map<string, Layer>();

  /** @param get the values of a parameter under torchvision's name, in PyTorch's layout */
  constructor(
    private readonly engine: Engine,
    private readonly network: Container,
    private readonly begin: number,
    recipe: Recipe,
    get: (name: string) => Float32Array,
  ) {
    const { tf } = engine;
    const starts = recipe.parameterGroups.map(({ from }) => stageOf(from));
    // Variables have names of their own making.
    const groupOf = (variable: string): number =>
      starts.findLastIndex((start) => start <= stageOf(this.names.get(variable) as string));
    this.optimizer = new Sgd(engine, recipe.optimizer, groupOf);
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

  /** The optimizer's buffers under the names of their parameters and `.momentum`, in PyTorch's layout; none before the first step. */
  optimizerState(): NamedTensor[] {
    return [...this.variables].flatMap(([name, variable]) => {
      const buffer = this.optimizer.momentum(variable);
      const layer = this.layers.get(name);
      if (buffer === undefined || layer === undefined) return [];
      const own = this.engine.read(() => buffer.dataSync<'float32'>());
      const values = Float32Array.from(toTorch(layer, own, buffer.shape.length));
      const shape = torchShape(layer, buffer.shape);
      return [{ name: name + MOMENTUM, dtype: 'F32', shape, data: new Uint8Array(values.buffer) } as const];
    });
  }

  /** Goes on from an {@link optimizerState}. */
  restoreOptimizer(state: readonly NamedTensor[]): void {
    const given = new Map(state.map((tensor) => [tensor.name, tensor]));
    const buffers = new Map<Variable, Tensor>();
    const { tf } = this.engine;
    this.engine.read(() => {
      for (const [name, variable] of given.size === 0 ? [] : this.variables) {
        const tensor = given.get(name + MOMENTUM);
        const layer = this.layers.get(name) as Layer;
        if (tensor === undefined) throw misuse(`the state of the optimizer lacks ${name}${MOMENTUM}`);
        if (!sameShape(tensor.shape, torchShape(layer, variable.shape))) {
          throw misuse(`the shape of ${name}${MOMENTUM} does not match`);
        }
        const values = Float32Array.from(toFloat64(tensor.name, tensor));
        buffers.set(variable, tf.tensor(toTf(layer, values, variable.shape.length), variable.shape, 'float32'));
      }
      this.optimizer.restore(buffers);
    });
    const [left] = [...given.keys()].filter((name) => !this.variables.has(name.slice(0, -MOMENTUM.length)));
    if (left !== undefined) throw misuse(`the optimizer has no ${left}`);
  }

  /** One step: forward, mean cross entropy, backward, SGD. `input` is count x the shape of what the stage before gives. */
  step(input: Rows, targets: Int32Array, rates: Float64Array): StepResult {
    return this.engine.read(() => {
      const { loss, logits, gradients, seen } = this.gradients(input, targets);
      this.optimizer.step(this.variables.values(), gradients, rates);
      return { loss, logits, seen };
    });
  }

  /** As {@link step}, without changing the model: for measuring its time. */
  tryStep(input: Rows, targets: Int32Array): void {
    this.engine.read(() => void this.gradients(input, targets));
  }

  dispose(): void {
    for (const variable of this.variables.values()) variable.dispose();
    this.variables.clear();
    this.optimizer.dispose();
  }

  private gradients(input: Rows, targets: Int32Array) {
    const { tf } = this.engine;
    const x = tf.tensor(input.values, [targets.length, ...input.shape], 'float32');
    const statistics = new Map<string, BatchStatistics>();
    let logits: Tensor2D | undefined;
    const objective = (): Scalar => {
      const out = this.forward(x, statistics) as Tensor2D;
      logits = tf.keep(tf.clone(out));
      return crossEntropy(this.engine, out, targets);
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

/** Shape of a parameter in TensorFlow.js. */
function shapeOf(layer: Layer, torch: number[]): number[] {
  if (layer.type === 'Conv2d') return [layer.kernel, layer.kernel, layer.inputs / layer.groups, layer.outputs];
  return [...torch].reverse();
}

/** Of a parameter in PyTorch, from that in TensorFlow.js. */
function torchShape(layer: Layer, own: readonly number[]): number[] {
  if (layer.type === 'Conv2d') return [layer.outputs, layer.inputs, layer.kernel, layer.kernel];
  return [...own].reverse();
}

function toTf(layer: Layer, values: Float32Array, rank: number): Float32Array {
  if (layer.type === 'Conv2d') return toHwio(values, layer.outputs, layer.inputs / layer.groups, layer.kernel ** 2);
  return layer.type === 'Linear' && rank === 2 ? transposed(values, layer.outputs, layer.inputs) : values;
}

function toTorch(layer: Layer, values: Float32Array, rank: number): Float32Array {
  if (layer.type === 'Conv2d') return toOihw(values, layer.outputs, layer.inputs / layer.groups, layer.kernel ** 2);
  return layer.type === 'Linear' && rank === 2 ? transposed(values, layer.inputs, layer.outputs) : values;
}
