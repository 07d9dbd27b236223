import { wilsonInterval, type Interval } from '../eval/wilson';
import { bestEpoch } from '../report/best-epoch';
import type { Run } from '../report/read-run';
import type { ClassFigures } from '../report/records';

/** How a run's model does on its validation images. */
export interface CardFigures {
  images: number;
  correct: number;
  accuracy: number;
  /** Of the accuracy, at 95 %. */
  interval: Interval;
  loss: number;
  /** Mean of the classes' F1; undefined where the run has not come to its end, or a class has none. */
  macroF1: number | undefined;
  perClass: readonly ClassFigures[] | undefined;
  epoch: number;
  finished: boolean;
}

/** Undefined where the run has not come to the end of an epoch. */
export function figuresOf({ result, epochs, config }: Run): CardFigures | undefined {
  const model = result?.model ?? bestEpoch(epochs);
  if (model === undefined) return undefined;
  const images = result?.valImages ?? validationImages(config, model.valAccuracy);
  if (images === 0) return undefined;
  const { epoch, valLoss: loss, valAccuracy: accuracy } = model;
  const correct = Math.round(accuracy * images);
  const all = result?.perClass ?? [];
  const f1 = all.flatMap((one) => (one.f1 === null ? [] : [one.f1]));
  return {
    ...{ images, correct, accuracy, loss, epoch },
    interval: wilsonInterval(correct, images),
    macroF1: f1.length > 0 && f1.length === all.length ? f1.reduce((sum, one) => sum + one, 0) / f1.length : undefined,
    perClass: all.length > 0 ? all : undefined,
    finished: result !== undefined,
  };
}

/** Of an epoch, how many images its accuracy is a share of: of those that could not be read it is not known in which split they were. */
function validationImages({ data, unreadable }: Run['config'], accuracy: number): number {
  const listed = Object.values(data?.val ?? {}).reduce((sum, { images }) => sum + images, 0);
  const least = Math.max(1, listed - (unreadable?.length ?? 0));
  for (let images = listed; images > least; images--) {
    const correct = accuracy * images;
    if (Math.abs(correct - Math.round(correct)) < 1e-6) return images;
  }
  return Math.min(least, listed);
}
