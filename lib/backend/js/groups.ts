import type { Tensor } from '@tensorflow/tfjs-core';
import type { Tf } from './tfjs';

/**
 * Does `operation` group by group, for TensorFlow.js has no convolutions of groups: each tensor is cut into so many parts along its
 * channels, the last axis, and what comes of the parts is put together along that of the results.
 */
export function perGroup<T extends Tensor[], R extends Tensor>(
  tf: Tf,
  groups: number,
  tensors: readonly [...T],
  operation: (parts: readonly [...T]) => R,
): R {
  if (groups === 1) return operation(tensors);
  const parts = tensors.map((tensor) => tf.split(tensor, groups, tensor.rank - 1));
  const made = Array.from({ length: groups }, (_, i) => operation(parts.map((own) => own[i]) as T));
  return tf.concat<R>(made, (made[0] as R).rank - 1);
}
