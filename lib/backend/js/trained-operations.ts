import type { Rank, Scalar, Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { BATCH_NORM_EPS, type Pool } from '../../network/architecture';
import { misuse } from './error';
import { globalAverage } from './folded-network';
import { perGroup } from './groups';
import type { Engine, Tf } from './tfjs';

// The operations of a network in training, each with a gradient of its own: in Node.js, TensorFlow.js comes without any, and those that it
// has elsewhere would not do. The gradient of a filter needs a kernel that WebAssembly lacks, that of an input one ten times slower
// than a convolution: both are made here of convolutions and matrix products.

/** A convolution without bias, NHWC, with the same stride and padding on both sides. */
export interface ConvolutionCall {
  x: Tensor4D;
  filter: Tensor4D;
  stride: number;
  padding: number;
  groups: number;
  /** Whether `x` needs a gradient too. */
  inputGradient: boolean;
}

type Save = (tensors: Tensor[]) => void;

interface WithGradient {
  value: Tensor;
  /** Gradients of the inputs, of that of the value and of what was saved. */
  gradFunc: (dy: Tensor, saved: Tensor[]) => Tensor[];
}

/** Calls an operation with its own gradient. */
function withGradient<I extends Tensor[]>(
  tf: Tf,
  inputs: readonly [...I],
  operation: (inputs: readonly [...I], save: Save) => WithGradient,
): Tensor {
  return tf.customGrad((...all) => {
    const save = all.pop() as unknown as Save;
    return operation(all as unknown as readonly [...I], save);
  })(...inputs);
}

/** A convolution; its gradients go to the filter, and to the input where asked for. */
export function convolve({ tf }: Engine, call: ConvolutionCall): Tensor4D {
  const { x, filter, stride, padding, groups, inputGradient } = call;
  const convolution = (input: Tensor4D, w: Tensor4D): Tensor4D =>
    perGroup(tf, groups, [input, w], ([one, own]) => tf.conv2d(one, own, stride, padding));
  const filterOf = (input: Tensor4D, w: Tensor4D, dy: Tensor): Tensor =>
    perGroup(tf, groups, [input, w, dy as Tensor4D], ([one, own, back]) =>
      filterGradient(tf, one, back, own.shape, stride, padding),
    );
  const inputOf = (input: Tensor4D, w: Tensor4D, dy: Tensor): Tensor =>
    perGroup(tf, groups, [w, dy as Tensor4D], ([own, back]) =>
      inputGradientOf(tf, input.shape, back, own, stride, padding),
    );
  // What is no argument is not followed backwards.
  const made = inputGradient
    ? withGradient(tf, [x, filter], ([input, w], save) => {
        save([input, w]);
        return {
          value: convolution(input, w),
          gradFunc: (dy, saved) => {
            const [kept, keptFilter] = saved as [Tensor4D, Tensor4D];
            return [inputOf(kept, keptFilter, dy), filterOf(kept, keptFilter, dy)];
          },
        };
      })
    : withGradient(tf, [filter], ([w]) => ({
        value: convolution(x, w),
        gradFunc: (dy) => [filterOf(x, w, dy)],
      }));
  return made as Tensor4D;
}

/** For each place of the filter, the input that it saw, as channels x pixels, times `dy` as pixels x channels. */
function filterGradient(
  tf: Tf,
  x: Tensor4D,
  dy: Tensor4D,
  [kernelHeight, kernelWidth, inputs, outputs]: readonly [number, number, number, number],
  stride: number,
  padding: number,
): Tensor4D {
  return tf.tidy(() => {
    const [count, height, width] = dy.shape;
    const pixels = count * height * width;
    const out = tf.reshape(dy, [pixels, outputs]);
    const border: [number, number] = [padding, padding];
    const padded = padding === 0 ? x : tf.pad(x, [[0, 0], border, border, [0, 0]]);
    const places: Tensor[] = [];
    for (let ky = 0; ky < kernelHeight; ky++) {
      for (let kx = 0; kx < kernelWidth; kx++) {
        places.push(
          tf.tidy(() => {
            const end = [count, ky + stride * (height - 1) + 1, kx + stride * (width - 1) + 1, inputs];
            const seen = tf.stridedSlice(padded, [0, ky, kx, 0], end, [1, stride, stride, 1]);
            return tf.matMul(tf.transpose(tf.reshape(seen, [pixels, inputs])), out);
          }),
        );
      }
    }
    return tf.reshape(tf.concat(places), [kernelHeight, kernelWidth, inputs, outputs]);
  });
}

/** The convolution of `dy`, its pixels `stride` apart with zeros between, with the filter turned around. */
function inputGradientOf(
  tf: Tf,
  [, height, width]: readonly [number, number, number, number],
  dy: Tensor4D,
  filter: Tensor4D,
  stride: number,
  padding: number,
): Tensor4D {
  return tf.tidy(() => {
    const turned = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]);
    const back = filter.shape[0] - 1 - padding;
    // A single pixel sees no zeros between: they may as well come afterwards, where they cost nothing.
    if (filter.shape[0] === 1) return spread(tf, tf.conv2d(dy, turned, 1, back), height, width, stride);
    return tf.conv2d(spread(tf, dy, height, width, stride), turned, 1, back);
  });
}

/** Puts zeros between the pixels, so that they are `stride` apart in a picture of this size. */
function spread(tf: Tf, x: Tensor4D, height: number, width: number, stride: number): Tensor4D {
  if (stride === 1) return x;
  const [count, h, w, channels] = x.shape;
  const after: [number, number] = [0, stride - 1];
  const columns = tf.pad(tf.reshape(x, [count * h * w, 1, channels]), [[0, 0], after, [0, 0]]);
  const rows = tf.pad(tf.reshape(columns, [count * h, 1, w * stride * channels]), [[0, 0], after, [0, 0]]);
  const all = tf.reshape<Rank.R4>(rows, [count, h * stride, w * stride, channels]);
  // What is cut off where a side is odd are zeros.
  return tf.slice(all, [0, 0, 0, 0], [count, height, width, channels]);
}

/** What a batch norm in training saw of its batch. */
export interface BatchStatistics {
  mean: Tensor1D;
  /** Biased: divided by the number of values. */
  variance: Tensor1D;
  /** Values of each channel. */
  count: number;
}

/** A batch norm in training, with the ReLU after it where there is one. `onStatistics` gets tensors that it must dispose of. */
export function normalize(
  engine: Engine,
  { x, gamma, beta, relu }: { x: Tensor4D; gamma: Tensor1D; beta: Tensor1D; relu: boolean },
  onStatistics: (statistics: BatchStatistics) => void,
): Tensor4D {
  const { tf } = engine;
  const [images, height, width] = x.shape;
  const count = images * height * width;
  if (count === 1) {
    const shape = [images, x.shape[3], height, width].join(', ');
    throw misuse(`Expected more than 1 value per channel when training, got input size [${shape}]`);
  }
  const made = withGradient(tf, [x, gamma, beta], ([input, scale, shift], save) => {
    const mean = channelMean(engine, input);
    const centred = tf.sub(input, mean);
    const variance = channelMean(engine, tf.square(centred) as Tensor4D);
    onStatistics({ mean: tf.keep(tf.clone(mean)), variance: tf.keep(tf.clone(variance)), count });
    const inverse = tf.rsqrt(tf.add(variance, BATCH_NORM_EPS));
    const affine = tf.add(tf.mul(centred, tf.mul(inverse, scale)), shift);
    const value = relu ? tf.relu(affine) : affine;
    save(relu ? [input, scale, mean, inverse, value] : [input, scale, mean, inverse]);
    return {
      value,
      gradFunc: (dy, saved) => {
        const [before, gammas, means, inverses, after] = saved as [Tensor4D, Tensor1D, Tensor1D, Tensor1D, Tensor?];
        const incoming = after === undefined ? (dy as Tensor4D) : tf.mul<Tensor4D>(dy, tf.step(after));
        const normal = tf.mul(tf.sub(before, means), inverses);
        const meanShift = channelMean(engine, incoming);
        const meanScale = channelMean(engine, tf.mul<Tensor4D>(incoming, normal));
        const inner = tf.sub(tf.sub(incoming, meanShift), tf.mul(normal, meanScale));
        return [tf.mul(inner, tf.mul(inverses, gammas)), tf.mul(meanScale, count), tf.mul(meanShift, count)];
      },
    };
  });
  return made as Tensor4D;
}

/** The end of a residual block: the sum, and the ReLU after it. */
export function addRelu({ tf }: Engine, x: Tensor, shortcut: Tensor): Tensor {
  return withGradient(tf, [x, shortcut], ([a, b], save) => {
    const value = tf.relu(tf.add(a, b));
    save([value]);
    return {
      value,
      gradFunc: (dy, [after]) => {
        const gradient = tf.mul(dy, tf.step(after as Tensor));
        return [gradient, gradient];
      },
    };
  });
}

/** Max pooling. What is pooled has been through a ReLU, so that zeros around it come to the same as minus infinity. */
export function maxPool({ tf }: Engine, x: Tensor4D, { kernel, stride, padding }: Pool): Tensor {
  return withGradient(tf, [x], ([input], save) => {
    const value = tf.maxPool(input, kernel, stride, padding);
    save([input, value]);
    return {
      value,
      gradFunc: (dy, [before, output]) => [
        tf
          .engine()
          .runKernel(
            tf.MaxPoolGrad,
            { dy, input: before as Tensor, output: output as Tensor },
            { filterSize: kernel, strides: stride, pad: padding },
          ),
      ],
    };
  });
}

/** Average over height and width: count x channels. */
export function averagePool(engine: Engine, x: Tensor4D): Tensor {
  const { tf } = engine;
  return withGradient(tf, [x], ([input]) => {
    const [count, height, width, channels] = input.shape;
    return {
      value: globalAverage(engine, input),
      gradFunc: (dy) => {
        const share = tf.reshape(tf.div(dy, height * width), [count, 1, 1, channels]);
        return [tf.tile(share, [1, height, width, 1])];
      },
    };
  });
}

/** A fully connected layer; `weight` is inputs x outputs. */
export function linear({ tf }: Engine, x: Tensor2D, weight: Tensor2D, bias: Tensor1D): Tensor2D {
  const made = withGradient(tf, [x, weight, bias], ([input, w, b], save) => {
    save([input, w]);
    return {
      value: tf.add(tf.matMul(input, w), b),
      gradFunc: (dy, saved) => {
        const [kept, keptWeight] = saved as [Tensor2D, Tensor2D];
        return [tf.matMul(dy, keptWeight, false, true), tf.matMul(tf.transpose(kept), dy), tf.sum(dy, 0)];
      },
    };
  });
  return made as Tensor2D;
}

/**
 * Cross entropy of rows of logits: the sum over rows and classes of `targets` times the negative log probability, divided by `divisor`.
 *
 * @param targets rows x classes, such as 1 at each row's class and 0 elsewhere
 */
export function crossEntropy({ tf }: Engine, logits: Tensor2D, targets: Float32Array, divisor: number): Scalar {
  const [count] = logits.shape;
  const wanted = tf.tensor2d(targets, logits.shape, 'float32');
  const totals = tf.sum(wanted, 1, true);
  const made = withGradient(tf, [logits], ([rows], save) => {
    const shifted = tf.sub(rows, tf.max(rows, 1, true));
    const exponentials = tf.exp(shifted);
    const sums = tf.sum(exponentials, 1, true);
    const losses = tf.sub(tf.mul(tf.log(sums), totals), tf.sum(tf.mul(shifted, wanted), 1, true));
    save([tf.sub(tf.mul(tf.div(exponentials, sums), totals), wanted)]);
    return {
      value: divisor === count ? tf.mean(losses) : tf.div(tf.sum(losses), divisor),
      gradFunc: (dy, [difference]) => [tf.mul(difference as Tensor, tf.div(dy, divisor))],
    };
  });
  return made as Scalar;
}

/** Mean of each channel over images, height and width: one after the other, for sums of fewer float32 lose less. */
function channelMean({ tf }: Engine, x: Tensor4D): Tensor1D {
  const [count, height, width, channels] = x.shape;
  const rows = tf.avgPool(x, [1, width], 1, 'valid');
  const images = tf.avgPool(rows, [height, 1], 1, 'valid');
  return tf.mean(tf.reshape(images, [count, channels]), 0);
}
