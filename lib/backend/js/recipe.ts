import { DRAWS, OPTIMIZERS, SAMPLING, TRAIN_FROM, type TrainFrom } from '../../options';
import type { AdamWRecipe, Recipe, SgdRecipe } from '../recipe';
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
  const decayNormBias = o.flag('decayNormBias');
  const clipGrad = o.notNegative('clipGrad');
  const ema = o.share('ema');
  const loss = readLoss(o.nested('loss'));
  const sampling = o.oneOf('sampling', SAMPLING);
  const augment = o.list('augment').map(readAugmentation);
  o.finish();
  return { seed, draws, parameterGroups, optimizer, decayNormBias, clipGrad, ema, loss, sampling, augment };
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
  const kind = o.oneOf('kind', OPTIMIZERS);
  const optimizer = kind === 'adamw' ? readAdamW(o) : readSgd(o);
  o.finish();
  return optimizer;
}

function readAdamW(o: Reader): AdamWRecipe {
  const betas = { beta1: o.share('beta1'), beta2: o.share('beta2') };
  return { kind: 'adamw', ...betas, eps: o.notNegative('eps'), weightDecay: o.notNegative('weightDecay') };
}

function readSgd(o: Reader): SgdRecipe {
  const numbers = { momentum: o.notNegative('momentum'), weightDecay: o.notNegative('weightDecay') };
  return { kind: 'sgd', ...numbers, nesterov: o.flag('nesterov') };
}

function readLoss(o: Reader): Recipe['loss'] {
  const kind = o.oneOf('kind', ['cross-entropy'] as const);
  const loss = { kind, labelSmoothing: o.share('labelSmoothing'), classWeights: o.positiveFloat64s('classWeights') };
  o.finish();
  return loss;
}

function readAugmentation(o: Reader): Recipe['augment'][number] {
  const one = { kind: o.oneOf('kind', ['horizontal-flip'] as const), probability: o.share('probability') };
  o.finish();
  return one;
}
