import type { PlannedWork, TrainingSession } from '../../lib/backend/types';
import { resolveTrainOptions } from '../../lib/options';
import { estimateRun } from '../../lib/train/estimate';

/** What a session is asked for the time of, for a run of 10 epochs of 5 steps. */
async function estimated(done: number): Promise<PlannedWork | undefined> {
  let asked: PlannedWork | undefined;
  const session: Pick<TrainingSession, 'estimateSeconds'> = {
    estimateSeconds: (work) => {
      asked = work;
      return Promise.resolve(60 * work.epochs);
    },
  };
  const options = resolveTrainOptions({ data: 'photos', epochs: 10, batchSize: 4 });
  const run = { images: 20, valImages: 8, size: 64, done };
  expect(await estimateRun(session as TrainingSession, options, run)).toMatchObject({ kind: 'estimate' });
  return asked;
}

test('a run that goes on is told the time of the steps that are left', async () => {
  expect(await estimated(0)).toEqual({ images: 20, valImages: 8, size: 64, epochs: 10, stepsPerEpoch: 5 });
  expect(await estimated(35)).toMatchObject({ epochs: 3 });
});
