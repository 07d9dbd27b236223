import { DRAWS, TRAIN_FROM, type TrainFrom } from '../../options';
import type { Recipe } from '../types';
import { misuse } from './error';
import { Reader } from './reader';

/**
 * Reads a recipe strictly, as native/addon/recipe.cpp does.
 *
 * @throws ResnetFtError NATIVE_ERROR that names what is missing, unknown, of another type or out of range
 */
export function readRecipe(value: unknown): Recipe {
  const o = new Reader(value, 'recipe', 'recipe.');
  const seed = o.whole('seed');
  const draws = o.oneOf('draws', DRAWS);
  const parameterGroups = o.list('parameterGroups').map(readGroup);
  if (parameterGroups.length === 0) throw misuse('recipe.parameterGroups must have one or more');
  parameterGroups.forEach(({ from }, i) => requireLater(parameterGroups[i - 1]?.from, from, i));
  const optimizer = readOptimizer(o.nested('optimizer'));
  const loss = readLoss(o.nested('loss'));
  const augment = o.list('augment').map(readAugmentation);
  o.finish();
  return { seed, draws, parameterGroups, optimizer, loss, augment };
}

function requireLater(before: TrainFrom | undefined, from: TrainFrom, group: number): void {
  if (before === undefined || TRAIN_FROM.indexOf(before) < TRAIN_FROM.indexOf(from)) return;
  throw misuse(`recipe.parameterGroups[${group}].from must come after ${before}`);
}

function readGroup(o: Reader): Recipe['parameterGroups'][number] {
  const group = { from: o.oneOf('from', TRAIN_FROM) };
  o.finish();
  return group;
}

function readOptimizer(o: Reader): Recipe['optimizer'] {
  const kind = o.oneOf('kind', ['sgd'] as const);
  const numbers = { momentum: o.notNegative('momentum'), weightDecay: o.notNegative('weightDecay') };
  const optimizer = { kind, ...numbers, nesterov: o.flag('nesterov') };
  o.finish();
  return optimizer;
}

function readLoss(o: Reader): Recipe['loss'] {
  const loss = { kind: o.oneOf('kind', ['cross-entropy'] as const) };
  o.finish();
  return loss;
}

function readAugmentation(o: Reader): Recipe['augment'][number] {
  const one = { kind: o.oneOf('kind', ['horizontal-flip'] as const), probability: o.share('probability') };
  o.finish();
  return one;
}
