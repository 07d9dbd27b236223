import { philox } from './philox';

/** DrawPurpose::kBalanced of native/core/counted_draws.h. */
const BALANCED = 16;

/** Of each draw of an epoch its sample, where every class comes equally often: native/core/balanced_samples.h says how. */
export function balancedSamples(seed: number, epoch: number, targets: Int32Array): Int32Array {
  const classes = new Map<number, number[]>();
  for (const [sample, target] of targets.entries()) {
    const members = classes.get(target);
    if (members === undefined) classes.set(target, [sample]);
    else members.push(sample);
  }
  const inOrder = [...classes].sort(([a], [b]) => a - b).map(([, members]) => members);
  const key = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0] as const;
  return Int32Array.from(targets, (_, draw) => {
    const members = inOrder[(draw + epoch) % inOrder.length] as number[];
    const share = philox(key, [BALANCED, epoch, draw, 0])[0] / 2 ** 32;
    return members[Math.floor(share * members.length)] as number;
  });
}
