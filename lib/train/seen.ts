import type { BatchView, TrainingSession } from '../backend/types';
import type { ResolvedTrainOptions } from '../options';
import type { SeenBatch } from '../report/records';
import { SEEN_SIDE } from '../report/sections/batches';
import { webpOf } from '../report/thumbnails';
import type { Cropped } from './crop-data';
import { trainSamplesOf } from './fit';
import { runSteps } from './steps';

/** Images of a batch that are kept. */
const SHOWN = 24;
/** Of a class that has less, an image is not said to be. */
const LEAST_SHARE = 0.005;

/**
 * The first images of two epochs' first batches, as the network will see them; none where the session can't tell. Changes nothing.
 *
 * @param epoch that is next
 */
export async function seenBatches(
  session: TrainingSession,
  { train }: Cropped,
  options: ResolvedTrainOptions,
  { epoch, classes }: { epoch: number; classes: readonly string[] },
): Promise<SeenBatch[]> {
  const { stepsPerEpoch, total } = runSteps(train.targets.length, options);
  const out: SeenBatch[] = [];
  // A limit of steps may end the run before the second.
  for (const shown of [epoch, epoch + 1].filter((one) => (one - 1) * stepsPerEpoch < total)) {
    const view = await viewOf(session, train, options.batchSize, shown);
    if (view === undefined) return [];
    out.push({ epoch: shown, batch: 1, images: await imagesOf(view, classes) });
  }
  return out;
}

async function viewOf(
  session: TrainingSession,
  train: Cropped['train'],
  batchSize: number,
  epoch: number,
): Promise<BatchView | undefined> {
  if (session.trainingBatch === undefined) return undefined;
  return session.trainingBatch({ ...trainSamplesOf(train), batchSize, epoch, first: 0, count: SHOWN });
}

function imagesOf(
  { side, images, shares, samples }: BatchView,
  classes: readonly string[],
): Promise<SeenBatch['images']> {
  const bytes = 3 * side * side;
  return Promise.all(
    Array.from(samples, async (_, i) => {
      const webp = await webpOf(images.subarray(i * bytes, (i + 1) * bytes), side, side, SEEN_SIDE);
      const own = shares.subarray(i * classes.length, (i + 1) * classes.length);
      const labels = classes
        .map((name, k) => ({ name, share: Math.round((own[k] ?? 0) * 1000) / 1000 }))
        .filter(({ share }) => share >= LEAST_SHARE)
        .sort((a, b) => b.share - a.share);
      return { webp: webp.toString('base64'), labels };
    }),
  );
}
