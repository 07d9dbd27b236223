import type { EvalEvent, EvalResult } from '../eval/types';
import { align } from '../text/text-table';
import type { ClassFigures } from '../train/events';
import { shownPath } from './shown-path';
import { counted } from '../text/count';
import { lossText } from '../text/loss';
import { percent } from '../text/percent';

/** More classes than this have no confusion matrix on a screen: their most frequent confusions are listed. */
const MATRIX_CLASSES = 12;
const LISTED_CONFUSIONS = 10;

const NUMBERS = (column: number): boolean => column > 0;
const share = (value: number | null): string => (value === null ? '-' : value.toFixed(3));

/** The lines that say what is evaluated. */
export function dataLines({ folder, valOf, images, classes }: Extract<EvalEvent, { kind: 'data' }>): string[] {
  const from =
    valOf === undefined ? shownPath(folder) : `${shownPath(folder)}, the validation images of ${shownPath(valOf)}`;
  const renamed = classes.filter(({ folder: name, name: known }) => name !== known);
  return [
    `${counted(images, 'image')} of ${counted(classes.length, 'class', 'classes')} in ${from}`,
    ...(renamed.length === 0
      ? []
      : [`folders and classes: ${renamed.map((one) => `${one.folder} is ${one.name} (${one.index})`).join(', ')}`]),
  ];
}

/** The line that says how many are right. */
export function accuracyLine({ correct, images, accuracy, interval }: EvalResult): string {
  const { low, high } = interval;
  return `top-1 accuracy ${correct}/${images} = ${percent(accuracy)}, 95 % interval ${percent(low)} to ${percent(high)}`;
}

/** The whole result for a person. */
export function reportLines(result: EvalResult): string[] {
  const { top5, images, loss, temperature, calibratedLoss, imagesPerSecond, seconds, unreadable } = result;
  return [
    accuracyLine(result),
    ...(top5 === null ? [] : [`top-5 accuracy ${top5.correct}/${images} = ${percent(top5.accuracy)}`]),
    `loss ${lossText(loss)}`,
    ...(temperature === null || calibratedLoss === null
      ? []
      : [`calibrated (temperature ${temperature.toFixed(3)}): loss ${lossText(calibratedLoss)}`]),
    `${imagesPerSecond.toFixed(1)} images/s (${seconds.toFixed(1)} s)`,
    ...(unreadable.length === 0
      ? []
      : [`${unreadable.length} unreadable ${unreadable.length === 1 ? 'image is' : 'images are'} not counted`]),
    '',
    ...classLines(result.classes),
    '',
    ...confusionLines(result),
  ];
}

/** The table of the classes. */
export function classLines(classes: readonly ClassFigures[]): string[] {
  const rows = classes.map(({ name, support, precision, recall, f1 }) => [
    name,
    String(support),
    share(precision),
    share(recall),
    share(f1),
  ]);
  return align([['class', 'images', 'precision', 'recall', 'F1'], ...rows], NUMBERS);
}

function confusionLines({ classes, confusion }: EvalResult): string[] {
  const names = classes.map(({ name }) => name);
  const withOther = confusion.other.some((count) => count > 0);
  if (names.length <= MATRIX_CLASSES) {
    const rows = confusion.counts.map((counts, i) => [
      names[i] ?? '',
      ...[...counts, ...(withOther ? [confusion.other[i] ?? 0] : [])].map(String),
    ]);
    return [
      'confusion: true class down, predicted class across',
      ...align([['', ...names, ...(withOther ? ['other'] : [])], ...rows], NUMBERS),
    ];
  }
  const wrong = confusion.counts.flatMap((counts, i) => [
    ...counts.flatMap((count, j) => (i === j || count === 0 ? [] : [{ from: names[i], to: names[j], count }])),
    ...((confusion.other[i] ?? 0) > 0 ? [{ from: names[i], to: 'other', count: confusion.other[i] ?? 0 }] : []),
  ]);
  if (wrong.length === 0) return ['no confusions'];
  const listed = wrong.sort((a, b) => b.count - a.count).slice(0, LISTED_CONFUSIONS);
  return [
    'most frequent confusions; --json gives the whole matrix',
    ...align(
      [['true', 'predicted', 'images'], ...listed.map((one) => [one.from ?? '', one.to ?? '', `${one.count}`])],
      NUMBERS,
    ),
  ];
}
