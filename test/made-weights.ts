import { loadAddon } from '../lib/backend/native/load';
import type { ParameterGroup, Recipe, SgdRecipe } from '../lib/backend/recipe';
import type { SessionOptions, TrainEpochOptions } from '../lib/backend/types';
import { buildNetwork } from '../lib/network/architecture';
import { writeStateDict } from '../lib/weights';

/** What a session needs, for tests that only look at a part of it. */
export const SESSION: SessionOptions = {
  network: buildNetwork('resnet50', 2),
  device: 'cpu',
  precision: 'fp32',
  threads: 0,
  recipe: {
    seed: 0,
    draws: 'torch',
    parameterGroups: [{ from: 'conv1' }],
    optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0, nesterov: false },
    ...{ decayNormBias: true, clipGrad: 0, ema: 0, sampling: 'shuffle' },
    loss: { kind: 'cross-entropy', labelSmoothing: 0, classWeights: new Float64Array() },
    augment: [{ kind: 'horizontal-flip', probability: 0.5 }],
  },
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
  cacheMemory: 0,
  cacheDisk: 0,
  cacheFile: '',
  cacheBf16: false,
};

/** Changes of a session, those of its recipe and its optimizer beside the others. */
export type SessionChanges = Partial<SessionOptions> &
  Partial<Recipe> &
  Partial<Omit<SgdRecipe, 'kind'>> & { trainFrom?: ParameterGroup['from'] };

/** The options of a session with changes. */
export function sessionWith(changes: SessionChanges, base: SessionOptions = SESSION): SessionOptions {
  const { momentum, weightDecay, nesterov, trainFrom, ...others } = changes;
  const given = <T extends object>(values: T): Partial<T> =>
    Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
  const entries = Object.entries(given(others));
  const session = Object.fromEntries(entries.filter(([key]) => !(key in base.recipe)));
  const own: Partial<Recipe> = Object.fromEntries(entries.filter(([key]) => key in base.recipe));
  const groups = trainFrom === undefined ? {} : { parameterGroups: [{ from: trainFrom }] };
  const recipe = { ...base.recipe, ...own, ...groups };
  return {
    ...base,
    ...session,
    recipe: {
      ...recipe,
      optimizer: { ...recipe.optimizer, ...given({ momentum, weightDecay, nesterov }) },
    },
  };
}

/** The rates of a pass of so many steps, for one parameter group. */
export function rates(lr: number, steps: number): Pick<TrainEpochOptions, 'learningRates' | 'keepFrom'> {
  return { learningRates: new Float64Array(steps).fill(lr), keepFrom: 0 };
}

/** Writes the initial weights of a model, as if it had been downloaded: a state dict and nothing beside it. */
export async function madeWeights(file: string, options: SessionChanges): Promise<void> {
  const session = await loadAddon().createSession(sessionWith(options));
  try {
    const tensors = (await session.stateDict()).map(({ name, ...tensor }) => [name, tensor] as const);
    await writeStateDict(file, new Map(tensors));
  } finally {
    await session.close();
  }
}
