import type { EpochResult, StepEvent, TrainEpochOptions, TrainingSession } from '../backend/types';

/**
 * Does a pass of training. What `onStep` throws must not travel through the addon: it ends the pass, and is given back with what the pass came
 * to until then, to be thrown once the caller has taken note of that.
 */
export async function trainSteps(
  session: TrainingSession,
  options: TrainEpochOptions,
  onStep: (event: StepEvent) => void,
): Promise<{ trained: EpochResult; failure: Error | undefined }> {
  let failure: Error | undefined;
  const trained = await session.trainEpoch(options, (event) => {
    try {
      onStep(event);
    } catch (error) {
      failure ??= error instanceof Error ? error : new Error(String(error));
      session.cancel();
    }
  });
  return { trained, failure };
}
