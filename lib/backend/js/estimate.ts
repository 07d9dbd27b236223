import type { PlannedWork } from '../types';
import type { Rows } from './folded-network';
import type { FrozenPrefix } from './frozen-prefix';
import type { Kernels } from './tfjs';
import type { TrainedNetwork } from './trained-network';

/** Sides of the images of the two samples: from the difference follows what a pixel costs, and what a pass costs without any. */
const SMALL = 32;
const LARGE: Readonly<Record<Kernels, number>> = { wasm: 128, cpu: 64 };
/** Images of a sample. */
const COUNT = 2;
/** A forward pass is about a third of a training step, whose way back has two products for each one of the way there. */
const FORWARD_SHARE = 1 / 3;

/** Seconds of a pass: `fixed`, and for each pixel of its images `pixel`. */
interface Cost {
  fixed: number;
  pixel: number;
}

/**
 * Measures how many seconds a run takes, roughly, on small images: the frozen stages see each image once and once mirrored, the others
 * see it in every epoch.
 */
export async function estimateSeconds(
  { epochs, stepsPerEpoch, images, valImages, size }: PlannedWork,
  { kernels, prefix, trained }: { kernels: Kernels; prefix: FrozenPrefix | undefined; trained: TrainedNetwork },
): Promise<number> {
  const inputs = new Map<number, Rows>();
  const frozen = await costOf(LARGE[kernels], async (side) => {
    const pixels = { values: new Float32Array(COUNT * side * side * 3).fill(0.5), shape: [side, side, 3] };
    inputs.set(side, prefix === undefined ? pixels : await prefix.run(pixels));
  });
  const targets = new Int32Array(COUNT);
  const step = await costOf(LARGE[kernels], (side) => trained.tryStep(inputs.get(side) as Rows, targets));

  const image = size ** 2;
  // The frozen stages run one image at a time.
  const once = (frozen.fixed / COUNT + frozen.pixel * image) * (Math.min(epochs, 2) * images + valImages);
  const each = step.fixed * stepsPerEpoch + step.pixel * image * (images + FORWARD_SHARE * valImages);
  return (prefix === undefined ? 0 : once) + epochs * each;
}

/** Runs `work` on images of both sizes, after a first time, which also prepares. */
async function costOf(largeSide: number, work: (side: number) => void | Promise<void>): Promise<Cost> {
  await work(SMALL);
  const small = await secondsOf(() => work(SMALL));
  await work(largeSide);
  const large = await secondsOf(() => work(largeSide));
  const pixel = Math.max(0, (large - small) / (COUNT * (largeSide ** 2 - SMALL ** 2)));
  return { pixel, fixed: Math.max(0, small - pixel * COUNT * SMALL ** 2) };
}

async function secondsOf(work: () => void | Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}
