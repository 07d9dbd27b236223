import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { floatsOf, foldedBias, foldedWeight } from '../../network/fold';
import { parametersOf, type BatchNorm, type Container, type Convolution } from '../../network/architecture';
import { forwardStage, STAGES, type Named, type Operations } from '../../network/forward';
import { sameShape, type StateDict } from '../../weights/state-dict';
import { misuse } from './error';
import { perGroup } from './groups';
import { toHwio, transposed } from './layout';
import type { Engine } from './tfjs';
import { nextTurn } from './turn';

/** Rows of a batch: `values` is count x `shape`. */
export interface Rows {
  values: Float32Array;
  /** Of one row: height x width x channels, or features. */
  shape: number[];
}

/** A value that is computed when it is asked for: a convolution waits for the ReLU after it, so that both are one kernel. */
type Value = (activation?: 'relu') => Tensor;

interface Weights {
  filter: Tensor;
  bias: Tensor1D;
}

/** The network, or some of its stages, as it is used: batch norms folded into the convolutions before them. */
export class FoldedNetwork {
  private readonly weights = new Map<string, Weights>();

  private constructor(
    private readonly engine: Engine,
    private readonly network: Container,
    private readonly begin: number,
    private readonly end: number,
  ) {}

  /**
   * Makes the stages from `begin` to before `end`.
   *
   * @throws ResnetFtError where `tensors` lacks one, or one has another shape
   */
  static async create(
    engine: Engine,
    network: Container,
    tensors: StateDict,
    { begin = 0, end = STAGES }: { begin?: number; end?: number } = {},
  ): Promise<FoldedNetwork> {
    const made = new FoldedNetwork(engine, network, begin, end);
    try {
      for (let stage = begin; stage < end; stage++) {
        forwardStage(network, made.placing(tensors), stage, undefined);
        await nextTurn();
      }
    } catch (error) {
      made.dispose();
      throw error;
    }
    return made;
  }

  /**
   * Runs rows through the stages from `begin` to before `end`, one row at a time: a larger batch is no faster, and the event loop gets
   * a turn after every stage. Ends early where `stopped` says so; the rows that are left are zeros.
   */
  async forward(rows: Rows, options: { begin?: number; end?: number; stopped?: () => boolean } = {}): Promise<Rows> {
    const { begin = this.begin, end = this.end, stopped = () => false } = options;
    const length = rows.shape.reduce((product, size) => product * size, 1);
    const count = rows.values.length / length;
    let out: Rows | undefined;
    for (let i = 0; i < count && !stopped(); i++) {
      const row = await this.forwardOne(rows.values.subarray(i * length, (i + 1) * length), rows.shape, begin, end);
      out ??= { values: new Float32Array(count * row.values.length), shape: row.shape };
      out.values.set(row.values, i * row.values.length);
    }
    return out ?? { values: new Float32Array(), shape: [] };
  }

  dispose(): void {
    for (const { filter, bias } of this.weights.values()) {
      filter.dispose();
      bias.dispose();
    }
    this.weights.clear();
  }

  private async forwardOne(values: Float32Array, shape: number[], begin: number, end: number): Promise<Rows> {
    const { engine, network } = this;
    const operations = this.operations();
    let x = engine.run(() => engine.tf.tensor(values, [1, ...shape], 'float32'));
    try {
      for (let stage = begin; stage < end; stage++) {
        const input = x;
        x = engine.run(() => forwardStage(network, operations, stage, () => input)());
        input.dispose();
        await nextTurn();
      }
      return engine.read(() => ({ values: x.dataSync<'float32'>(), shape: x.shape.slice(1) }));
    } finally {
      x.dispose();
    }
  }

  private operations(): Operations<Value> {
    const { tf } = this.engine;
    const now = (tensor: Tensor): Value => {
      return () => tensor;
    };
    return {
      convolve: ({ name, layer }, _norm, x) => {
        const { filter, bias } = this.of(name);
        return (activation) =>
          perGroup(tf, layer.groups, [x() as Tensor4D, filter as Tensor4D, bias], ([input, weight, added]) =>
            tf.fused.conv2d({
              x: input,
              filter: weight,
              strides: layer.stride,
              pad: layer.padding,
              bias: added,
              ...(activation === undefined ? {} : { activation }),
            }),
          );
      },
      relu: (_relu, x) => now(x('relu')),
      // What is pooled has been through a ReLU: zeros around it, and minus infinity as in PyTorch, come to the same.
      maxPool: ({ layer }, x) => now(tf.maxPool(x() as Tensor4D, layer.kernel, layer.stride, layer.padding)),
      add: (_name, x, shortcut) => {
        const sum = tf.add(x(), shortcut());
        return (activation) => (activation === undefined ? sum : tf.relu(sum));
      },
      averagePool: (_pool, x) => now(globalAverage(this.engine, x() as Tensor4D)),
      linear: ({ name }, x) => {
        const { filter, bias } = this.of(name);
        return now(tf.add(tf.matMul(x() as Tensor2D, filter as Tensor2D), bias));
      },
    };
  }

  private of(name: string): Weights {
    const weights = this.weights.get(name);
    if (weights === undefined) throw new Error(`${name} is not in the stages of this network`);
    return weights;
  }

  /** Goes through the network as a pass does, and makes the weights of what it meets. */
  private placing(tensors: StateDict): Operations<void> {
    const { tf } = this.engine;
    const nothing = (): void => {};
    return {
      convolve: (convolution, norm) => {
        checkShapes(tensors, convolution, norm);
        const { name, layer } = convolution;
        const { outputs, kernel } = layer;
        const inputs = layer.inputs / layer.groups;
        const weight = toHwio(foldedWeight(tensors, name, norm.name), outputs, inputs, kernel ** 2);
        this.put(name, () => ({
          filter: tf.tensor4d(weight, [kernel, kernel, inputs, outputs], 'float32'),
          bias: tf.tensor1d(Float32Array.from(foldedBias(tensors, norm.name)), 'float32'),
        }));
      },
      linear: (linear) => {
        checkShapes(tensors, linear);
        const { name, layer } = linear;
        const { outputs, inputs } = layer;
        const weight = Float32Array.from(floatsOf(tensors, `${name}.weight`));
        this.put(name, () => ({
          filter: tf.tensor2d(transposed(weight, outputs, inputs), [inputs, outputs], 'float32'),
          bias: tf.tensor1d(Float32Array.from(floatsOf(tensors, `${name}.bias`)), 'float32'),
        }));
      },
      relu: nothing,
      maxPool: nothing,
      add: nothing,
      averagePool: nothing,
    };
  }

  private put(name: string, make: () => { filter: Tensor; bias: Tensor1D }): void {
    this.weights.set(name, this.engine.run(make));
  }
}

/** Average over height and width: count x channels. */
export function globalAverage({ tf }: Engine, x: Tensor4D): Tensor2D {
  const [count, height, width, channels] = x.shape;
  // The mean over two axes would copy the tensor first, for they are not the last.
  return tf.reshape(tf.avgPool(x, [height, width], 1, 'valid'), [count, channels]);
}

/** Whether every tensor that these layers need is there, with the shape that the architecture gives it. */
function checkShapes(tensors: StateDict, main: Named<Convolution> | Named, norm?: Named<BatchNorm>): void {
  const needed = parametersOf(main.layer).map(({ name, shape }) => ({ name: `${main.name}.${name}`, shape }));
  if (norm !== undefined) {
    for (const key of ['running_mean', 'running_var', 'weight', 'bias']) {
      needed.push({ name: `${norm.name}.${key}`, shape: [norm.layer.channels] });
    }
  }
  for (const { name, shape } of needed) {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw misuse(`the model has no tensor ${name}`);
    if (!sameShape(tensor.shape, shape)) throw misuse(`the shape of ${name} does not match`);
  }
}
