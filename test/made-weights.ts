import { loadAddon } from '../lib/backend/native/load';
import type { SessionOptions } from '../lib/backend/types';
import { buildNetwork } from '../lib/network/architecture';
import { writeStateDict } from '../lib/weights';

/** What a session of the native core needs, for tests that only look at a part of it. */
export const SESSION: SessionOptions = {
  network: buildNetwork('resnet50', 2),
  seed: 0,
  device: 'cpu',
  precision: 'fp32',
  threads: 0,
  trainFrom: 'conv1',
  momentum: 0,
  weightDecay: 0,
  nesterov: false,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
  cacheMemory: 0,
  cacheDisk: 0,
  cacheFile: '',
  cacheBf16: false,
};

/** Writes the initial weights of a model, as if it had been downloaded: a state dict and nothing beside it. */
export async function madeWeights(file: string, options: Partial<SessionOptions>): Promise<void> {
  const session = await loadAddon().createSession({ ...SESSION, ...options });
  try {
    const tensors = (await session.stateDict()).map(({ name, ...tensor }) => [name, tensor] as const);
    await writeStateDict(file, new Map(tensors));
  } finally {
    await session.close();
  }
}
