import fs from 'node:fs';
import path from 'node:path';
import { openNativeBackend } from '../../lib/backend/native/backend';
import type { Recipe } from '../../lib/backend/recipe';
import type { TrainingSession } from '../../lib/backend/types';
import { decodeImage } from '../../lib/data/decode';
import { FILES, OPTIONS, TARGETS } from '../backend/images';
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
