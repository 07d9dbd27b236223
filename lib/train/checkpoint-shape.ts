import { count, fields, list, nullable, number, optional, text, type Shape } from '../files/shape';
import { isEpoch } from '../report/shapes';
import type { StateDict } from '../weights/index';

/** Names of the tensors of a checkpoint that are no weights. */
export const GENERATOR = 'generator';
export const BEST_LOGITS = 'logits/best';
export const LAST_LOGITS = 'logits/last';

/** Seconds. */
const time: Shape = (value) => Number.isFinite(value) && (value as number) >= 0;

const figures = { images: count, loss: number, correct: count };

const progress = fields({
  ...{ epoch: count, stepsOfEpoch: count, steps: count, seconds: number, rateFactor: number },
  trained: optional(fields(figures)),
  best: optional(isEpoch),
  last: optional(isEpoch),
  validatedAt: optional(fields({ best: optional(count), last: optional(count) })),
  kept: optional(fields({ epoch: count, step: count, batchLoss: number, ofSteps: optional(count) })),
  waiting: optional(fields({ epochs: count, accuracy: number, loss: number })),
});

const shape = fields({
  names: list(text),
  generatorNext: nullable(count),
  position: fields({ epoch: count, step: count, ...figures }),
  keptLoss: nullable(number),
  progress,
  metricsEnd: count,
  spent: optional(fields({ seconds: time, phases: list(fields({ name: text, seconds: time })) })),
});

/** Whether the metadata of a checkpoint say what such metadata do, of these tensors. */
export function isSaid(said: unknown, tensors: StateDict): boolean {
  if (!shape(said)) return false;
  const { names, generatorNext } = said as { names: string[]; generatorNext: number | null };
  return (
    names.every((name) => tensors.has(name)) &&
    tensors.has(GENERATOR) === (generatorNext !== null) &&
    areNumbers(tensors)
  );
}

/** Whether what is read as numbers is of their type. */
function areNumbers(tensors: StateDict): boolean {
  const ofType = (name: string, dtype: string): boolean => (tensors.get(name)?.dtype ?? dtype) === dtype;
  return ofType(GENERATOR, 'I32') && ofType(BEST_LOGITS, 'F32') && ofType(LAST_LOGITS, 'F32');
}
