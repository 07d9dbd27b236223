import type { NativeSession } from '../addon/types';
import { PREPROCESSING, type ResolvedTrainOptions } from '../options';
import type { TrainEvent } from './events';
import type { RunFolder } from './run-folder';

/** Makes the function that writes the session's weights, with what is needed to use them as metadata. */
export function createSaver(
  folder: RunFolder,
  session: NativeSession,
  run: { options: ResolvedTrainOptions; classes: readonly string[] },
  emit: (event: TrainEvent) => void,
): (name: string, epoch: number) => Promise<void> {
  return async (name, epoch) => {
    const { writeStateDict } = await import('../weights/index.js');
    const tensors = new Map((await session.stateDict()).map(({ name: key, ...tensor }) => [key, tensor]));
    const metadata = {
      format: 'resnet-ft',
      arch: run.options.arch,
      classes: JSON.stringify(run.classes),
      preprocessing: JSON.stringify(PREPROCESSING),
      options: JSON.stringify(run.options),
      epoch: String(epoch),
    };
    await folder.guard(name, () => writeStateDict(folder.file(name), tensors, { metadata }));
    emit({ kind: 'saved', file: folder.file(name), epoch });
  };
}
