import type { TrainingSession } from '../../lib/backend/types';
import { resolveTrainOptions, type TrainOptions } from '../../lib/options';
import type { Cropped } from '../../lib/train/crop-data';
import { seenBatches } from '../../lib/train/seen';

const session = {
  trainingBatch: () =>
    Promise.resolve({
      side: 2,
      images: new Uint8Array(12),
      shares: Float32Array.of(1, 0),
      samples: Uint32Array.of(0),
    }),
} as unknown as TrainingSession;

/** Of twelve images in steps of four: three an epoch. */
async function epochsOf(input: Omit<TrainOptions, 'data'>, epoch = 1): Promise<number[]> {
  const train = { targets: new Int32Array(12), kept: [], flips: undefined } as unknown as Cropped['train'];
  const options = resolveTrainOptions({ data: 'photos', batchSize: 4, ...input });
  const seen = await seenBatches(session, { train } as Cropped, options, { epoch, classes: ['ants', 'bees'] });
  return seen.map((one) => one.epoch);
}

test.each<[Omit<TrainOptions, 'data'>, number, number[]]>([
  [{ epochs: 5 }, 1, [1, 2]],
  [{ epochs: 1 }, 1, [1]],
  [{ epochs: 5 }, 5, [5]],
  [{ epochs: 5, steps: 2 }, 1, [1]],
  [{ epochs: 5, steps: 3 }, 1, [1]],
  [{ epochs: 5, steps: 4 }, 1, [1, 2]],
])('only epochs that the run comes to are shown: %j from %d on', async (input, epoch, expected) => {
  expect(await epochsOf(input, epoch)).toEqual(expected);
});
