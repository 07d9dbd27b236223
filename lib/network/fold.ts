import { BATCH_NORM_EPS } from './architecture';
import type { StateDict, Tensor } from '../weights/state-dict';
import { toNumbers } from './floats';

// A convolution and the batch norm after it are one convolution, of weights `weight * scale` and biases `beta - mean * scale`
// with `scale = gamma / sqrt(variance + eps)` (native/core/folded_resnet.cpp does the same). All in float64, so that folding itself
// costs no precision.

/** Elements of a tensor of the network, widened. */
export function floatsOf(tensors: StateDict, name: string): Float64Array {
  return toNumbers(tensors.get(name) as Tensor);
}

/** Weights of the folded convolution, rounded to float32. */
export function foldedWeight(tensors: StateDict, convolution: string, norm: string): Float32Array {
  const weight = floatsOf(tensors, `${convolution}.weight`);
  const scale = scaleOf(tensors, norm);
  const perOutput = weight.length / scale.length;
  const folded = new Float32Array(weight.length);
  for (const [output, factor] of scale.entries()) {
    for (let i = output * perOutput; i < (output + 1) * perOutput; i++) folded[i] = (weight[i] as number) * factor;
  }
  return folded;
}

/** Biases of the folded convolution. */
export function foldedBias(tensors: StateDict, norm: string): Float64Array {
  const mean = floatsOf(tensors, `${norm}.running_mean`);
  const scale = scaleOf(tensors, norm);
  return floatsOf(tensors, `${norm}.bias`).map((beta, i) => beta - (mean[i] as number) * (scale[i] as number));
}

function scaleOf(tensors: StateDict, norm: string): Float64Array {
  const variance = floatsOf(tensors, `${norm}.running_var`);
  return floatsOf(tensors, `${norm}.weight`).map(
    (gamma, i) => gamma / Math.sqrt((variance[i] as number) + BATCH_NORM_EPS),
  );
}
