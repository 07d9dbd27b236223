import { counted } from '../text/count';
import { leastOf, mostOf } from '../text/extremes';
import { lossText } from '../text/loss';
import type { Run } from './read-run';

/** How many times more images the largest class may have than the smallest. */
const IMBALANCE = 5;
/** Validation images of a class below which its figures say little. */
export const FEW = 10;

/** Images of each class in both splits. */
export function countsOf({ config }: Pick<Run, 'config'>): { name: string; train: number; val: number }[] {
  const { classes, data } = config;
  const images = (split: Run['config']['data']['train'], name: string): number =>
    Object.hasOwn(split ?? {}, name) ? (split[name]?.images ?? 0) : 0;
  return classes.map((name) => ({ name, train: images(data?.train, name), val: images(data?.val, name) }));
}

/** What a reader of the report should know before its figures. */
export function warningsOf(run: Run): string[] {
  const { config, result, epochs } = run;
  const counts = countsOf(run);
  const out: string[] = [];
  if (result === undefined) {
    out.push(`The run did not finish: these are its results after ${counted(epochs.length, 'epoch')}.`);
  }
  const unreadable = config.unreadable?.length ?? 0;
  if (unreadable > 0) out.push(`${counted(unreadable, 'image')} could not be read, and the run went without.`);
  const sizes = counts.map(({ train }) => train);
  const [least, most] = [leastOf(sizes), mostOf(sizes)];
  if (most >= IMBALANCE * least) {
    const times =
      least === 0
        ? 'the smallest has none'
        : `the largest class has ${Math.round(most / least)} times the images of the smallest`;
    out.push(
      `The classes are of very different size: ${times}. Accuracy alone says little then; see the recall of each class.`,
    );
  }
  const few = counts.filter(({ val }) => val < FEW);
  if (few.length > 0) {
    const which = few.length === 1 ? `Class ${few[0]?.name ?? ''} has` : `${few.length} classes have`;
    out.push(`${which} fewer than ${FEW} validation images: the figures may be off by chance.`);
  }
  const last = epochs.at(-1);
  const finite = epochs.filter(({ valLoss }) => Number.isFinite(valLoss));
  const best = finite.reduce<(typeof epochs)[number] | undefined>(
    (a, b) => (a === undefined || b.valLoss < a.valLoss ? b : a),
    undefined,
  );
  if (
    last !== undefined &&
    best !== undefined &&
    epochs.length >= 5 &&
    last.valLoss > 1.2 * best.valLoss &&
    last.trainLoss < best.trainLoss
  ) {
    out.push(
      `After epoch ${best.epoch} the validation loss rose (from ${lossText(best.valLoss)} to ${lossText(last.valLoss)}) while the training loss fell: the model began to memorise the training images.`,
    );
  }
  return out;
}
