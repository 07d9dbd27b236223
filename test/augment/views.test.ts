import fs from 'node:fs';
import path from 'node:path';
import { openNativeBackend } from '../../lib/backend/native/backend';
import type { Recipe } from '../../lib/backend/recipe';
import type { CropStore, TrainingSession } from '../../lib/backend/types';
import { decodeImage } from '../../lib/data/decode';
import { FILES, fillStore, OPTIONS, TARGETS } from '../backend/images';
import { scratch } from '../cli/run';
import { rates, sessionWith } from '../made-weights';

const tmp = scratch();
const SIDE = 64;
const COUNT = FILES.length;

const RECIPE: Partial<Recipe> = {
  draws: 'counter',
  augment: [
    ...[{ kind: 'random-resized-crop', leastScale: 0.2, mostScale: 1, leastRatio: 0.75, mostRatio: 1.33 } as const],
    ...[{ kind: 'trivial-augment', interpolation: 'nearest', fill: [0, 0, 0] } as const],
  ],
};

/** Makes a file that no longer has a name empty, through the process that has it open. */
function cut(name: string): void {
  const folder = '/proc/self/fd';
  const links = fs.readdirSync(folder).filter((link) => {
    try {
      return fs.readlinkSync(path.join(folder, link)).startsWith(name);
    } catch {
      return false; // closed meanwhile
    }
  });
  expect(links).toHaveLength(1);
  for (const link of links) fs.truncateSync(path.join(folder, link));
}

// Elsewhere there is no way to a file without a name.
const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('once all views were shown, no image is read any more; where they are drawn anew, all are', async () => {
  const backend = await openNativeBackend();
  const sessions: TrainingSession[] = [];
  const file = path.join(tmp, 'images');
  const images = backend.createImageStore(COUNT, { memory: 0, file });
  try {
    for (const [i, name] of FILES.entries()) await images.put(i, await decodeImage(name), 100);
    const begin = async (views: object): Promise<TrainingSession> => {
      const options = sessionWith({ ...RECIPE, trainFrom: 'fc', cacheMemory: 1e9, threads: 1 }, OPTIONS);
      const session = await backend.createSession({ ...options, recipe: { ...options.recipe, ...views } });
      sessions.push(session);
      return session;
    };
    const lossOf = async (session: TrainingSession, epoch: number): Promise<number> => {
      const samples = { store: images, size: SIDE, targets: TARGETS, batchSize: 3, epoch };
      return (await session.trainEpoch({ ...samples, ...rates(0, Math.ceil(COUNT / 3)) }, () => {})).loss;
    };
    const [kept, anew] = [await begin({ views: 2 }), await begin({})];
    const first = [await lossOf(kept, 1), await lossOf(kept, 2)];
    await lossOf(anew, 1);
    cut(file);
    expect(await lossOf(kept, 3)).toBeCloseTo(first[0] as number, 5);
    expect(await lossOf(kept, 4)).toBeCloseTo(first[1] as number, 5);
    await expect(lossOf(anew, 2)).rejects.toThrow("can't be read");
  } finally {
    for (const session of sessions) await session.close();
    images.close();
  }
});

const PAINTED: Partial<Recipe> = { draws: 'counter', augment: (RECIPE.augment ?? []).slice(1) };
const MIRRORED: Partial<Recipe> = { draws: 'counter', augment: [{ kind: 'horizontal-flip', probability: 0.5 }] };

describe('of crops that are trained with views', () => {
  let store: CropStore;
  beforeAll(async () => {
    store = await fillStore(await openNativeBackend(), SIDE);
  });
  afterAll(() => store.close());

  const withViews = async <T>(
    recipe: Partial<Recipe>,
    cacheMemory: number,
    work: (session: TrainingSession) => Promise<T>,
  ): Promise<T> => {
    const options = sessionWith({ trainFrom: 'fc', cacheMemory, threads: 1 }, OPTIONS);
    const backend = await openNativeBackend();
    const session = await backend.createSession({ ...options, recipe: { ...options.recipe, ...recipe } });
    try {
      return await work(session);
    } finally {
      await session.close();
    }
  };
  const lossOf = async (session: TrainingSession, epoch: number, indices?: Int32Array): Promise<number> => {
    const samples = { store, indices, targets: TARGETS.slice(0, indices?.length ?? COUNT) };
    const steps = Math.ceil(samples.targets.length / 3);
    return (await session.trainEpoch({ ...samples, batchSize: 3, epoch, ...rates(0, steps) }, () => {})).loss;
  };
  const logitsOf = async (session: TrainingSession): Promise<number[]> => {
    const { logits } = await session.evaluate({ store, targets: TARGETS, batchSize: 4 }, () => {});
    return [...logits];
  };

  test.each([1, 2, 3])('of %i an evaluation sees none, and training nothing of the evaluation', async (views) => {
    const recipe = { ...PAINTED, views };
    const plain = await withViews(recipe, 0, logitsOf);
    const shown = await withViews(recipe, 0, (session) => lossOf(session, 1));
    await withViews(recipe, 1e9, async (session) => {
      for (let epoch = 1; epoch <= 3; epoch++) await lossOf(session, epoch);
      expect(await logitsOf(session)).toEqual(plain);
    });
    await withViews(recipe, 1e9, async (session) => {
      expect(await logitsOf(session)).toEqual(plain);
      expect(await lossOf(session, 1)).toBe(shown);
    });
  });

  // As --choose-lr does, which tries rates on a part of the images, before the run goes over all of them.
  test.each([
    ['painted', PAINTED],
    ['mirrored', MIRRORED],
  ])('an image, %s, shows the same views in whatever pass', async (_, recipe) => {
    const some = Int32Array.of(1, 3, 4, 7);
    const before = await withViews({ ...recipe, views: 2 }, 0, (session) => lossOf(session, 3));
    const after = await withViews({ ...recipe, views: 2 }, 1e9, async (session) => {
      await lossOf(session, 1, some);
      return lossOf(session, 3);
    });
    expect(after).toBe(before);
  });

  test('mirroring is one of the views, with balanced sampling too, whatever there is room for', async () => {
    const recipe: Partial<Recipe> = { ...MIRRORED, sampling: 'balanced', views: 2 };
    const losses = (memory: number): Promise<number[]> =>
      withViews(recipe, memory, async (session) => {
        const all: number[] = [];
        for (let epoch = 1; epoch <= 6; epoch++) all.push(await lossOf(session, epoch));
        return all;
      });
    expect(await losses(1e9)).toEqual(await losses(0));
  });
});
