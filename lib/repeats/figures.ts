import { spreadOf, type Spread } from '../eval/student';
import { wilsonInterval } from '../eval/wilson';
import type { ClassFigures, TrainResult } from '../train/events';
import type { Plan } from './plan';
import type { RepeatResult, RepeatRun, RunFigures } from './types';
import { ratesOf } from '../eval/metrics';

/** A training that has come to its end. */
export interface Finished {
  run: RepeatRun;
  reused: boolean;
  result: TrainResult;
}

/** What the trainings come to. */
export function figuresOf(
  { by, options }: Plan,
  finished: readonly Finished[],
): Omit<RepeatResult, 'output' | 'predictions'> {
  const runs = finished.map(runFigures);
  return {
    by,
    classes: finished[0]?.result.classes ?? [],
    runs,
    accuracy: within0And1(spreadOf(runs.map(({ accuracy }) => accuracy))),
    loss: spreadOf(runs.map(({ loss }) => loss)),
    pooled: pooledOf(by, runs),
    perClass: perClassOf(finished.map(({ result }) => result.perClass)),
    cautions: cautionsOf(options, finished),
    seconds: finished.reduce((sum, { result }) => sum + result.seconds, 0),
  };
}

function runFigures({ run, reused, result }: Finished): RunFigures {
  const { valImages: images, model, output } = result;
  const correct = Math.round(model.valAccuracy * images);
  const accuracy = correct / images;
  return { ...run, folder: output, images, correct, accuracy, loss: model.valLoss, epoch: model.epoch, reused };
}

function within0And1({ mean, deviation, interval }: Spread): Spread {
  return { mean, deviation, interval: { low: Math.max(0, interval.low), high: Math.min(1, interval.high) } };
}

function pooledOf(by: Plan['by'], runs: readonly RunFigures[]): RepeatResult['pooled'] {
  const sum = (of: (run: RunFigures) => number): number => runs.reduce((total, run) => total + of(run), 0);
  // What seeds validate again is no other image: so many trials there were not.
  const times = by === 'folds' ? 1 : runs.length;
  const images = sum((run) => run.images) / times;
  const correct = sum((run) => run.correct) / times;
  return { images, correct, accuracy: correct / images, interval: wilsonInterval(correct, images) };
}

/** Sums the counts of each class over the trainings. */
function perClassOf(all: readonly (readonly ClassFigures[])[]): ClassFigures[] {
  return (all[0] ?? []).map(({ name }, index) => {
    const sum = (of: (figures: ClassFigures) => number): number =>
      all.reduce((total, classes) => total + (classes[index] === undefined ? 0 : of(classes[index])), 0);
    const support = sum((figures) => figures.support);
    const predicted = sum((figures) => figures.predicted);
    const correct = sum((figures) => figures.correct);
    return { name, ...ratesOf({ support, predicted, correct }) };
  });
}

function cautionsOf(
  { keep, patience, extend, steps }: Plan['options'],
  finished: readonly Pick<Finished, 'result'>[],
): string[] {
  const cautions: string[] = [];
  // One that is finished stays as long as it was where the others are made shorter.
  const unit = steps === undefined ? 'epochs' : 'steps';
  const lengths = [...new Set(finished.map(({ result }) => result[unit]))].sort((a, b) => a - b);
  if (patience === undefined && lengths.length > 1) {
    cautions.push(`the trainings are not of the same length, but of ${lengths.join(', ')} ${unit}`);
  }
  if (keep === 'best' || patience !== undefined) {
    const option = keep === 'best' ? '--keep best' : '--patience';
    cautions.push(
      `with ${option} each training chooses its epoch by the images that judge it: the figures are a little too good`,
    );
  }
  if (extend !== undefined) {
    cautions.push('the model that was extended may have been trained on images that judge it here');
  }
  return cautions;
}
