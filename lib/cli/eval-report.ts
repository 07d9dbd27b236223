import type { Confusion, ConfusionPair, EvalEvent, EvalResult } from '../eval/types';
import { align } from '../text/text-table';
import type { ClassFigures } from '../train/events';
import { shownPath } from './shown-path';
import { counted } from '../text/count';
import { lossText } from '../text/loss';
import { percent } from '../text/percent';

/** More classes than this have no confusion matrix on a screen: their most frequent confusions are listed. */
const SHOWN_CLASSES = 12;
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
  if (confusion.counts !== null && names.length <= SHOWN_CLASSES) {
    const rows = confusion.counts.map((counts, i) => [
      names[i] ?? '',
      ...[...counts, ...(withOther ? [confusion.other[i] ?? 0] : [])].map(String),
    ]);
    return [
      'confusion: true class down, predicted class across',
      ...align([['', ...names, ...(withOther ? ['other'] : [])], ...rows], NUMBERS),
    ];
  }
  const wrong = [...wrongPairs(confusion)];
  if (wrong.length === 0) return ['no confusions'];
  const listed = wrong.sort((a, b) => b.images - a.images || a.truth - b.truth).slice(0, LISTED_CONFUSIONS);
  return [
    `most frequent confusions; --json gives ${confusion.counts === null ? 'all of them' : 'the whole matrix'}`,
    ...align(
      [
        ['true', 'predicted', 'images'],
        ...listed.map((one) => [names[one.truth] ?? '', names[one.predicted] ?? 'other', `${one.images}`]),
      ],
      NUMBERS,
    ),
  ];
}

/** What was taken for another class; one that has no row is behind the last. */
function* wrongPairs(confusion: Confusion): Generator<ConfusionPair> {
  const { other } = confusion;
  for (const pair of pairsOf(confusion)) if (pair.truth !== pair.predicted) yield pair;
  for (const [truth, images] of other.entries()) if (images > 0) yield { truth, predicted: other.length, images };
}

function* pairsOf({ counts, pairs }: Confusion): Generator<ConfusionPair> {
  yield* pairs ?? [];
  for (const [truth, row] of (counts ?? []).entries()) {
    for (const [predicted, images] of row.entries()) if (images > 0) yield { truth, predicted, images };
  }
}
