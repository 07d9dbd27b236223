import { lossText } from '../text/loss';
import { barOf, fitLine, shortTime, type Part, type Picture, type Words } from './fit-line';
import { sparkline } from './sparkline';

/** Where a training stands within an epoch. */
export interface StepState {
  /** Which of several trainings it is; empty where there is one. */
  label: string;
  epoch: number;
  epochs: number;
  /** Images of the epoch. */
  done: number;
  total: number;
  /** Of the last steps, the latest last; one at least. */
  losses: readonly number[];
  /** Images a second; undefined where it is not known yet. */
  speed: number | undefined;
  /** Seconds, likewise. */
  epochLeft: number | undefined;
  runLeft: number | undefined;
}

/** Columns that a span of time takes as a rule: `4m10s`. */
const TIME = 5;

/** What is left of the epoch and of the run, in full and short. */
function timesOf({ done, total, epoch, epochs, epochLeft, runLeft }: StepState): {
  full: Words;
  short: Words;
  bare: Words;
} {
  // After the last batch of an epoch comes the validation, of which nothing is told on the way.
  const own = done >= total ? 'validating' : shortTime(epochLeft);
  const run = epoch < epochs ? shortTime(runLeft) : '';
  const first = done >= total || own === '' ? own : `ETA ${own}`;
  const joined = (separator: string, word: string): string => (run === '' ? word : `${word}${separator}${run}`);
  const briefly = own === 'validating' ? 'val' : own;
  return {
    full: { text: joined(', run ', first), usual: 4 + TIME + (epoch < epochs ? 6 + TIME : 0), gap: 2 },
    short: { text: joined('/', own === '' || done >= total ? briefly : `ETA ${own}`), gap: 1 },
    bare: { text: joined('/', briefly), gap: 1 },
  };
}

/**
 * The line of a training between two epochs: where it stands, the loss and its course, and how long it takes, as far as there is room. What matters
 * least goes first: images a second, the count of images, the words beside the figures, the course, the times.
 *
 * @param columns of the terminal
 * @param blocks whether it has block elements
 */
export function stepLine(state: StepState, columns: number, blocks: boolean): string {
  const { label, epoch, epochs, done, total, losses, speed } = state;
  const place = `${epoch}/${epochs}`;
  const loss = lossText(losses.at(-1) ?? NaN);
  const words = (text: string, usual?: number, gap?: number): Words => ({
    text,
    ...(usual === undefined ? {} : { usual }),
    ...(gap === undefined ? {} : { gap }),
  });
  const bar = (least: number): Picture => barOf(total > 0 ? done / total : 1, least);
  const course = (least: number): Picture => ({
    least,
    most: 24,
    draw: (room) => sparkline(losses.slice(-room * STEPS_A_COLUMN), room, blocks),
  });
  const count = words(`${done}/${total}`, 2 * String(total).length + 1);
  const named = words(`loss ${loss}`, 11, 2);
  const pace = words(speed === undefined ? '' : `${speed.toFixed(1)} img/s`, 11, 2);
  const times = timesOf(state);
  const epochWords = words(`epoch ${place}`);

  const full: Part[][] = [
    [epochWords, bar(8), count, named, course(8), pace, times.full],
    [epochWords, bar(6), count, named, course(6), pace, { ...times.short, gap: 2 }],
    [epochWords, bar(6), count, named, course(6), times.full],
    [epochWords, bar(6), count, named, course(6), times.short],
    [epochWords, bar(4), named, course(6), times.short],
  ];
  const brief: Part[][] = [
    [epochWords, bar(4), words(loss), course(4), times.short],
    [words(place), bar(4), words(loss), course(4), times.short],
    [words(place), bar(4), words(loss), course(4), times.bare],
    [words(place), bar(4), words(loss), times.bare],
    [words(place), bar(4), words(loss)],
    [words(place), words(loss)],
    [words(place)],
  ];
  const labelled = label === '' ? [] : [...full, ...brief.slice(0, 3)].map((parts) => [words(label), ...spaced(parts)]);
  return fitLine([...labelled, ...full, ...brief], columns);
}

/** Steps of which one column of the course is the mean, at most. */
export const STEPS_A_COLUMN = 8;

const spaced = ([first, ...others]: Part[]): Part[] => (first === undefined ? [] : [{ ...first, gap: 2 }, ...others]);
