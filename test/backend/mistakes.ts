import type { Recipe } from '../../lib/backend/recipe';
import type { Backend, CropStore } from '../../lib/backend/types';
import type { NamedTensor } from '../../lib/weights/state-dict';
import { rates } from '../made-weights';
import { fillStore, madeImage, MODEL, OPTIONS } from './images';

const ignore = (): void => {};

/** Code and message of the errors that a backend gives for every kind of mistake. */
export async function mistakes(one: Backend): Promise<unknown[]> {
  const store = await fillStore(one, 32, 2);
  const closed = one.createCropStore(1, 32);
  closed.close();
  const session = await one.createSession(OPTIONS);
  const tensors = await session.stateDict();
  const model = await one.createModel(MODEL, tensors);
  const targets = Int32Array.of(0, 1);
  const pass = { store, targets, batchSize: 1, epoch: 1, ...rates(0.1, 2) };
  const made = (recipe: object): Promise<unknown> =>
    one.createSession({ ...OPTIONS, recipe: { ...OPTIONS.recipe, ...recipe } });
  const run = { store, count: 2, batchSize: 1, features: false };
  const bias: NamedTensor = { name: 'fc.bias', dtype: 'F32', shape: [3], data: new Uint8Array(12) };
  const without = (name: string): NamedTensor[] => tensors.filter((tensor) => tensor.name !== name);
  const calls: (() => unknown)[] = [
    () => one.createCropStore(1, 0),
    () => one.createCropStore(-1, 8),
    () => store.put(2, madeImage(8, 8), 8),
    () => store.put(0, { ...madeImage(8, 8), width: 9 }, 8),
    () => store.putAndGet(2, madeImage(8, 8), 8),
    () => store.get(-1),
    () => closed.get(0),
    () => closed.put(0, madeImage(8, 8), 8),
    () => one.resizeCrop({ width: 0, height: 4, data: new Uint8Array() }, { resize: 8, crop: 8 }),
    () => one.createModel(MODEL, without('layer2.0.downsample.1.running_var')),
    () => one.createModel(MODEL, without('fc.bias')),
    () => model.run({ ...run, count: 3 }, ignore),
    () => model.run({ ...run, indices: Int32Array.of(0) }, ignore),
    () => model.run({ ...run, indices: Int32Array.of(0, 2) }, ignore),
    () => model.run({ ...run, indices: [0, 1] as unknown as Int32Array }, ignore),
    () => model.run({ ...run, batchSize: 0 }, ignore),
    () => model.run({ ...run, count: -1 }, ignore),
    () => model.run({ ...run, batchSize: 1.5 }, ignore),
    () => model.run({ ...run, store: closed }, ignore),
    () => model.run({ ...run, store: {} as CropStore }, ignore),
    () => session.draws(1, -1),
    () => session.draws(1, NaN),
    () => session.draws(0, 1),
    () => session.trainEpoch({ ...pass, batchSize: 0 }, ignore),
    () => session.trainEpoch({ ...pass, targets: Int32Array.of(0, 1, 0) }, ignore),
    () => session.trainEpoch({ ...pass, indices: Int32Array.of(0, 1, 0) }, ignore),
    () => session.trainEpoch({ ...pass, indices: Int32Array.of(0, -1) }, ignore),
    () => session.trainEpoch({ ...pass, targets: Int32Array.of(0, 2) }, ignore),
    () => session.trainEpoch({ ...pass, targets: Int32Array.of(-100, 1) }, ignore),
    () => session.trainEpoch({ ...pass, targets: [0, 1] as unknown as Int32Array }, ignore),
    () => session.trainEpoch({ ...pass, indices: Float64Array.of(0, 1) as unknown as Int32Array }, ignore),
    () => session.trainEpoch({ ...pass, indices: Int32Array.of(0, 2) }, ignore),
    () => session.trainEpoch({ ...pass, indices: Int32Array.of(0) }, ignore),
    () => session.trainEpoch({ ...pass, epoch: 0 }, ignore),
    () => session.trainEpoch({ ...pass, learningRates: Float64Array.of(NaN) }, ignore),
    () => session.trainEpoch({ ...pass, learningRates: Float64Array.of(0.1, -0.5) }, ignore),
    () => session.trainEpoch({ ...pass, learningRates: Float64Array.of() }, ignore),
    () => session.trainEpoch({ ...pass, learningRates: Float64Array.of(0.1, 0.1, 0.1) }, ignore),
    () => session.trainEpoch({ ...pass, learningRates: [0.1] as unknown as Float64Array }, ignore),
    () => session.trainEpoch({ ...pass, keepFrom: null as unknown as number }, ignore),
    () => session.trainEpoch({ ...pass, accumulate: 0 }, ignore),
    () => session.trainEpoch({ ...pass, accumulate: 2 ** 31 }, ignore),
    () => session.trainEpoch({ ...pass, batchSize: 2 ** 52, accumulate: 2 ** 31 - 1 }, ignore),
    () => session.trainEpoch({ ...pass, momenta: Float64Array.of(0.5) }, ignore),
    () => session.trainEpoch({ ...pass, momenta: Float64Array.of(0.5, 1) }, ignore),
    () => session.trainEpoch({ ...pass, momenta: [0.5, 0.5] as unknown as Float64Array }, ignore),
    () => session.useKept(),
    () => made({ seed: -1 }),
    () => made({ draws: 'dice' }),
    () => made({ parameterGroups: [] }),
    () => made({ parameterGroups: {} }),
    () => made({ parameterGroups: [{ from: 'layer5' }] }),
    () => made({ parameterGroups: [{ from: 'fc' }, { from: 'layer4' }] }),
    () => made({ parameterGroups: [{ from: 'fc', lr: 1 }] }),
    () => made({ optimizer: { ...OPTIONS.recipe.optimizer, kind: 'adam' } }),
    () => made({ optimizer: { ...OPTIONS.recipe.optimizer, momentum: NaN } }),
    () => made({ optimizer: { ...OPTIONS.recipe.optimizer, momentum: '0.5' } }),
    () => made({ optimizer: { ...OPTIONS.recipe.optimizer, weightDecay: -1 } }),
    () => made({ optimizer: { ...OPTIONS.recipe.optimizer, nesterov: 1 } }),
    () => made({ optimizer: { ...OPTIONS.recipe.optimizer, dampening: 0 } }),
    () => made({ optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 } }),
    () => made({ optimizer: null }),
    () => made({ loss: {} }),
    () => made({ optimizer: { kind: 'adamw', beta1: 0.9, beta2: 0.9, eps: 1, weightDecay: 0, momentum: 0 } }),
    () => made({ optimizer: { kind: 'adamw', beta1: 1.5, beta2: 0.9, eps: 1, weightDecay: 0 } }),
    () => made({ optimizer: { kind: 'adamw', beta1: 0.9, beta2: 0.9, weightDecay: 0 } }),
    () => made({ decayNormBias: undefined }),
    () => made({ clipGrad: -1 }),
    () => made({ ema: 2 }),
    () => made({ sampling: 'weighted' }),
    () => made({ loss: { ...OPTIONS.recipe.loss, labelSmoothing: -0.1 } }),
    () => made({ loss: { ...OPTIONS.recipe.loss, classWeights: [1, 1] } }),
    () => made({ loss: { ...OPTIONS.recipe.loss, classWeights: Float64Array.of(1, 0) } }),
    () => made({ loss: { ...OPTIONS.recipe.loss, classWeights: Float64Array.of(1, 1, 1) } }),
    () => made({ augment: [{ kind: 'horizontal-flip', probability: 2 }] }),
    () => made({ augment: [{ kind: 'horizontal-flip', probability: true }] }),
    () => made({ augment: ['horizontal-flip'] }),
    () => made({ clip: 1 }),
    () => one.createSession({ ...OPTIONS, recipe: undefined as unknown as Recipe }),
    () => session.evaluate({ store: closed, targets, batchSize: 1 }, ignore),
    () => session.evaluate({ store, targets: Int32Array.of(2), batchSize: 1 }, ignore),
    () => session.evaluate({ store, targets, batchSize: 0 }, ignore),
    () => session.evaluate({ store, targets, indices: Int32Array.of(0, 2 ** 31 - 1), batchSize: 1 }, ignore),
    () => session.stateDict(true),
    () => session.loadStateDict([bias]),
    () => session.loadStateDict([{ ...bias, name: 'fc.bia' }]),
    () => session.loadStateDict([{ ...bias, shape: [2] }]),
  ];
  const told = [];
  for (const call of calls) told.push(await failure(call));
  await Promise.all([session.close(), model.close()]);
  for (const call of [() => session.stateDict(), () => session.evaluate(pass, ignore), () => model.run(run, ignore)]) {
    told.push(await failure(call));
  }
  return told;
}

/** Code and message of what a call throws or rejects with. */
async function failure(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return 'no error';
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return { code, message };
  }
}
