import type { TrainingSession } from '../backend/types';
import { cardMetadata, type ModelCard } from '../model/describe';
import type { ResolvedTrainOptions } from '../options';
import type { TrainEvent } from './events';
import type { RunFolder } from './run-folder';

/** Writes the session's weights under a name in the run's folder; those that it keeps of a step where `kept` says so. */
export type Save = (name: string, epoch: number, kept?: boolean) => Promise<void>;

/** Makes the function that writes the session's weights, with what is needed to use them as metadata. */
export function createSaver(
  folder: RunFolder,
  session: TrainingSession,
  run: { options: ResolvedTrainOptions; card: ModelCard },
  emit: (event: Extract<TrainEvent, { kind: 'saved' }>) => void,
): Save {
  return async (name, epoch, kept = false) => {
    const { writeStateDict } = await import('../weights/index.js');
    const tensors = new Map((await session.stateDict(kept)).map(({ name: key, ...tensor }) => [key, tensor]));
    const metadata = {
      ...cardMetadata(run.card),
      options: JSON.stringify(run.options),
      epoch: String(epoch),
    };
    await folder.guard(name, () => writeStateDict(folder.file(name), tensors, { metadata }));
    emit({ kind: 'saved', file: folder.file(name), epoch });
  };
}
