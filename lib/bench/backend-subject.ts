import type { Recipe } from '../backend/recipe';
import { madeOn } from '../backend/out-of-memory';
import type { Backend, CropStore, TrainingSession } from '../backend/types';
import type { NamedTensor } from '../weights/state-dict';
import { ResnetFtError } from '../errors';
import { whyUnusable } from '../machine/device';
import { buildNetwork } from '../network/architecture';
import { readWeights } from '../weights/index';
import { makeRoom } from './out-of-memory';
import { Unavailable, type LoadedModel, type Subject, type Trainer } from './subject';
import type { WorkerJob } from './types';

/** Small enough that the weights stay as they are over thousands of steps; the time of a step does not depend on it. */
const LEARNING_RATE = 1e-6;
/** The tutorial's. */
const MOMENTUM = 0.5;
/** Room for the features of all crops, both ways up. */
const FEATURE_BYTES = 2 ** 30;

/** A backend of this package as a subject: native on the CPU or on the first GPU, js with either kind of kernels. */
export async function openBackendSubject(job: WorkerJob, crops: Buffer): Promise<Subject> {
  const backend = await open(job);
  const gpu = job.backend === 'native-cuda';
  const store = await fillStore(backend, job, crops);
  const common = {
    network: buildNetwork(job.arch, job.classes),
    device: gpu ? 'cuda' : 'cpu',
    precision: 'fp32',
    threads: job.threads,
    mean: job.mean,
    std: job.std,
  } as const;
  return {
    label: gpu ? 'native (cuda)' : backend.label,
    versions: { ...backend.versions },
    async load(): Promise<LoadedModel> {
      const making = backend.createModel(common, await readTensors(job.weightsFile));
      const model = await madeOn(common.device, making, makeRoom(job));
      return {
        infer: async (count, batchSize) => {
          return (await model.run({ store, count, batchSize, features: false }, () => {})).logits;
        },
        close: () => model.close(),
      };
    },
    async train(from): Promise<Trainer> {
      const making = backend.createSession({
        ...common,
        recipe: recipe(from),
        cacheMemory: FEATURE_BYTES,
        cacheDisk: 0,
        cacheFile: '',
        cacheBf16: false,
      });
      const session = await madeOn(common.device, making, makeRoom(job));
      await session.loadStateDict(await readTensors(job.weightsFile));
      return trainerOf(session, store, job);
    },
  };
}

/** The tutorial's, without mirroring: the same work for every backend. */
function recipe(from: 'fc' | 'conv1'): Recipe {
  return {
    seed: 0,
    draws: 'counter',
    parameterGroups: [{ from }],
    optimizer: { kind: 'sgd', momentum: MOMENTUM, weightDecay: 0, nesterov: false },
    ...{ decayNormBias: true, clipGrad: 0, ema: 0, sampling: 'shuffle' },
    loss: { kind: 'cross-entropy', labelSmoothing: 0, classWeights: new Float64Array() },
    augment: [],
  };
}

async function open(job: WorkerJob): Promise<Backend> {
  try {
    if (job.backend === 'js-wasm' || job.backend === 'js-cpu') {
      const { openJsBackend } = await import('../backend/js/backend.js');
      return await openJsBackend(job.backend === 'js-wasm' ? 'wasm' : 'cpu');
    }
    const { openNativeBackend } = await import('../backend/native/backend.js');
    const backend = await openNativeBackend(job.backend === 'native-cuda');
    if (job.backend === 'native-cuda') {
      const reason = whyUnusable(backend, 0);
      if (reason !== '') throw new Unavailable(reason);
    }
    return backend;
  } catch (error) {
    throw error instanceof ResnetFtError ? new Unavailable(error.message, error.hint) : error;
  }
}

async function fillStore(backend: Backend, { count, size }: WorkerJob, crops: Buffer): Promise<CropStore> {
  const store = backend.createCropStore(count, size);
  const bytes = 3 * size * size;
  for (let i = 0; i < count; i++) {
    const data = crops.subarray(i * bytes, (i + 1) * bytes);
    // Resizing to the size that it has keeps every byte.
    await store.put(i, { width: size, height: size, data }, size);
  }
  return store;
}

async function readTensors(file: string): Promise<NamedTensor[]> {
  const { tensors } = await readWeights(file);
  return [...tensors].map(([name, tensor]) => ({ name, ...tensor, lent: true }));
}

function trainerOf(session: TrainingSession, store: CropStore, { classes, size }: WorkerJob): Trainer {
  let epoch = 0;
  return {
    async steps(images, batchSize, distinct) {
      const indices = Int32Array.from({ length: images }, (_, i) => i % distinct);
      const targets = indices.map((index) => index % classes);
      const learningRates = new Float64Array(Math.ceil(images / batchSize)).fill(LEARNING_RATE);
      await session.trainEpoch(
        { store, targets, indices, batchSize, epoch: ++epoch, learningRates, keepFrom: 0 },
        () => {},
      );
    },
    async estimate(batchSize) {
      return session.estimateSeconds?.({ epochs: 1, stepsPerEpoch: 1, images: batchSize, valImages: 0, size });
    },
    close: () => session.close(),
  };
}
