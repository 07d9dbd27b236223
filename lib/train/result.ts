import type { TrainResult } from './events';
import type { Trained } from './epochs';

/** What a finished run comes to, as `result.json` has it. */
export function resultOf(
  { outcome, model, perClass }: Trained,
  run: Pick<TrainResult, 'output' | 'classes' | 'device' | 'precision' | 'valImages' | 'seconds'>,
): TrainResult {
  const best = outcome.best.record;
  const last = outcome.last.record;
  return {
    output: run.output,
    classes: run.classes,
    device: run.device,
    precision: run.precision,
    epochs: outcome.epochs,
    steps: outcome.steps,
    ...(outcome.waited === undefined ? {} : { waited: outcome.waited }),
    valImages: run.valImages,
    model,
    perClass,
    best: { epoch: best.epoch, valLoss: best.valLoss, valAccuracy: best.valAccuracy },
    last: {
      trainLoss: last.trainLoss,
      trainAccuracy: last.trainAccuracy,
      valLoss: last.valLoss,
      valAccuracy: last.valAccuracy,
    },
    seconds: run.seconds,
  };
}
