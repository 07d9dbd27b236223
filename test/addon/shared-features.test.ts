import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { openNativeBackend } from '../../lib/backend/native/backend';
import type { Backend, CropStore, FeaturesKept, SessionOptions, TrainingSession } from '../../lib/backend/types';
import { decodeImage } from '../../lib/data/decode';
import { PYTHON_NAMES, runPython } from '../../lib/libtorch/python';
import { difference, FILES, OPTIONS, TARGETS } from '../backend/images';
import { scratch } from '../cli/run';
import { rates, sessionWith, type SessionChanges } from '../made-weights';
import { type Other, others } from './sharing';

const tmp = scratch();
const other = others();
const [COUNT, SIDE, BATCH] = [FILES.length, 32, 2];
/** Bytes of a row: what stands before `fc` of a ResNet-18. */
const ROW = 512 * 4;
const RECIPE: SessionChanges = { draws: 'counter', augment: [], trainFrom: 'fc', threads: 1, momentum: 0 };
const ROOM = { cacheMemory: 0, cacheDisk: 1e9 };

let backend: Backend;
let crops: CropStore;
const file = path.join(tmp, 'crops');
beforeAll(async () => {
  backend = await openNativeBackend();
  if (process.platform === 'win32') return;
  crops = backend.createCropStore(COUNT, SIDE, file, true);
  for (const [i, name] of FILES.entries()) await crops.put(i, await decodeImage(name), 36);
});
afterAll(() => crops.close());

let folders = 0;
/** Options of a session that shares its features with all that are given the same. */
function sharing(changes: SessionChanges = {}): SessionOptions {
  const cacheShared = path.join(tmp, String(++folders));
  fs.mkdirSync(cacheShared);
  return sessionWith({ ...RECIPE, ...ROOM, cacheShared, ...changes }, OPTIONS);
}

const alone = (changes: SessionChanges = {}): SessionOptions =>
  sessionWith({ ...RECIPE, cacheMemory: 1e9, cacheDisk: 0, ...changes }, OPTIONS);

const ALL = Array.from({ length: COUNT }, (_, i) => i);
const [FRONT, BACK] = [ALL.slice(0, COUNT / 2), ALL.slice(COUNT / 2)];

/** A pass over some of the samples, at a rate of 0: its loss depends on the features alone. */
function passOf(which: number[], epoch: number) {
  const samples = { indices: Int32Array.from(which), targets: Int32Array.from(which, (i) => TARGETS[i] ?? 0) };
  return { ...samples, batchSize: BATCH, epoch, ...rates(0, Math.ceil(which.length / BATCH)) };
}

const lossOf = async (session: TrainingSession, which: number[], epoch: number, store = crops): Promise<number> =>
  (await session.trainEpoch({ ...passOf(which, epoch), store }, () => {})).loss;

async function inSession<T>(options: SessionOptions, work: (session: TrainingSession) => Promise<T>): Promise<T> {
  const session = await backend.createSession(options);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

const kept = (session: TrainingSession): FeaturesKept | undefined => session.featuresKept?.();

/** The file of the features; there must be one. */
function fileIn({ cacheShared = '' }: SessionOptions): string {
  const names = fs.readdirSync(cacheShared);
  expect(names).toHaveLength(1);
  return path.join(cacheShared, names[0] ?? '');
}

async function starts(...sessions: SessionOptions[]): Promise<Other[]> {
  return Promise.all(
    sessions.map(async (options) => {
      const started = other();
      await started.ask('openCrops', { name: 'crops', file, count: COUNT, size: SIDE });
      await started.ask('openSession', { name: 'session', options });
      return started;
    }),
  );
}

const train = (by: Other, which: number[], epoch: number): Promise<number> =>
  by.ask('train', { name: 'session', store: 'crops', ...passOf(which, epoch) });
const featuresOf = (by: Other): Promise<FeaturesKept> => by.ask('features', { name: 'session' });

/** Has all of a file locked until it is killed. */
const LOCKER = `
import fcntl, sys
file = open(sys.argv[1], 'r+')
fcntl.lockf(file, fcntl.LOCK_EX)
print('locked', flush=True)
sys.stdin.read()
`;

(process.platform === 'win32' ? describe.skip : describe)('features that processes share', () => {
  test('are computed once among them, and are those of a process alone', async () => {
    const expected = await inSession(alone(), async (session) => ({
      front: await lossOf(session, FRONT, 1),
      back: await lossOf(session, BACK, 2),
      features: kept(session),
    }));
    expect(expected.features).toEqual({ computed: COUNT, shared: false, reason: '' });
    const options = sharing();
    const [one, two] = (await starts(options, options)) as [Other, Other];
    const first = await Promise.all([train(one, FRONT, 1), train(two, BACK, 1)]);
    const second = await Promise.all([train(one, BACK, 2), train(two, FRONT, 2)]);
    for (const [made, wanted] of [
      [first[0], expected.front],
      [second[1], expected.front],
      [first[1], expected.back],
      [second[0], expected.back],
    ] as const) {
      expect(Math.abs(made / wanted - 1)).toBeLessThan(1e-6);
    }
    const half = { computed: COUNT / 2, shared: true, reason: '' };
    expect([await featuresOf(one), await featuresOf(two)]).toEqual([half, half]);
    // Who comes later computes none, also where the folder is gone for all others.
    const [late] = (await starts(options)) as [Other];
    await train(late, BACK, 1);
    fs.rmSync(options.cacheShared ?? '', { recursive: true });
    expect(Math.abs((await train(late, ALL, 2)) - (await train(one, ALL, 3)))).toBeLessThan(1e-7);
    expect(await featuresOf(late)).toEqual({ ...half, computed: 0 });
  });

  test('are right where several compute the same at the same time', async () => {
    const options = sharing();
    const expected = await inSession(alone(), (session) => lossOf(session, ALL, 1));
    const all = await starts(options, options, options);
    for (let epoch = 1; epoch <= 3; epoch++) {
      for (const loss of await Promise.all(all.map((one) => train(one, ALL, epoch)))) {
        expect(Math.abs(loss / expected - 1)).toBeLessThan(1e-6);
      }
    }
    for (const one of all) expect((await featuresOf(one)).computed).toBeLessThanOrEqual(COUNT);
  });

  test('serve windows of shared images, and those of validation, each in a file of its own', async () => {
    const name = path.join(tmp, 'images');
    const images = backend.createImageStore(COUNT, { memory: 0, file: name, shared: true });
    for (const [i, of] of FILES.entries()) await images.put(i, await decodeImage(of), 48);
    const augment = [
      { kind: 'random-resized-crop', leastScale: 0.2, mostScale: 1, leastRatio: 0.75, mostRatio: 1.33 } as const,
    ];
    const base = sharing({ augment });
    const options = { ...base, recipe: { ...base.recipe, views: 2 } };
    const samples = { targets: TARGETS, batchSize: BATCH };
    const epochs = (session: TrainingSession, store: typeof images, from: number): Promise<number[]> =>
      [from, from + 1].reduce<Promise<number[]>>(async (done, epoch) => {
        const losses = await done;
        const pass = { ...samples, store, size: SIDE, epoch, ...rates(0, COUNT / BATCH) };
        return [...losses, (await session.trainEpoch(pass, () => {})).loss];
      }, Promise.resolve([]));
    const first = await inSession(options, async (session) => {
      const losses = await epochs(session, images, 1);
      const { logits } = await session.evaluate({ ...samples, store: crops }, () => {});
      expect(kept(session)).toEqual({ computed: 3 * COUNT, shared: true, reason: '' });
      return { losses, logits };
    });
    expect(fs.readdirSync(options.cacheShared ?? '')).toHaveLength(2);
    const opened = backend.openImageStore(name, images.table());
    await inSession(options, async (session) => {
      // First what came last: the files are not told by their order.
      const { logits } = await session.evaluate({ ...samples, store: crops }, () => {});
      expect(difference(logits, first.logits)).toBeLessThan(1e-6);
      const losses = await epochs(session, opened, 1);
      expect(difference(losses, first.losses)).toBeLessThan(1e-6);
      expect(kept(session)).toEqual({ computed: 0, shared: true, reason: '' });
    });
    opened.close();
    images.close();
  });

  test('are not taken for those of other weights, nor for those of a store that is not shared', async () => {
    const options = sharing();
    await inSession(options, (session) => lossOf(session, ALL, 1));
    const different = { ...options, recipe: { ...options.recipe, seed: 99 } };
    const expected = await inSession(alone({ seed: 99 }), (session) => lossOf(session, ALL, 1));
    await inSession(options, async (session) => {
      await lossOf(session, ALL, 1);
      expect(kept(session)?.computed).toBe(0);
      await session.loadStateDict(await inSession(different, (drawn) => drawn.stateDict()));
      expect(await lossOf(session, ALL, 2)).toBeCloseTo(expected, 6);
      expect(kept(session)?.computed).toBe(COUNT);
      const own = backend.createCropStore(COUNT, SIDE);
      expect(await lossOf(session, ALL, 3, own)).not.toBeCloseTo(expected, 6);
      expect(kept(session)?.computed).toBe(2 * COUNT);
      own.close();
    });
    expect(fs.readdirSync(options.cacheShared ?? '')).toHaveLength(2);
  });

  test('are kept up to the room that they have on the disk, then in memory, then not', async () => {
    const options = sharing({ cacheDisk: 3 * ROW + 1, cacheMemory: 2 * ROW });
    const expected = await inSession(alone(), (session) => lossOf(session, ALL, 1));
    await inSession(options, async (session) => {
      for (let epoch = 1; epoch <= 3; epoch++) {
        expect(await lossOf(session, ALL, epoch)).toBeCloseTo(expected, 6);
        expect(kept(session)?.computed).toBe(COUNT + (epoch - 1) * (COUNT - 5));
      }
    });
    await inSession(options, async (session) => {
      await lossOf(session, ALL, 1);
      expect(kept(session)?.computed).toBe(COUNT - 3);
    });
    // Of the places of all others the disk has nothing: the file is much longer than what it takes.
    const many = backend.createCropStore(100_000, SIDE, path.join(tmp, 'many'), true);
    const sparse = sharing();
    await inSession(sparse, (session) => lossOf(session, ALL, 1, many));
    const { size, blocks } = fs.statSync(fileIn(sparse));
    expect(size).toBeGreaterThan(2 * 100_000 * ROW);
    expect(blocks * 512).toBeLessThan(1e6);
    many.close();
  });

  test('without a folder that can be used, each process keeps its own, and tells why', async () => {
    const expected = await inSession(alone(), (session) => lossOf(session, ALL, 1));
    const none = sharing({ cacheMemory: 1e9 });
    fs.rmSync(none.cacheShared ?? '', { recursive: true });
    const little = sharing({ cacheMemory: 1e9, cacheDisk: ROW - 1 });
    for (const [options, reason] of [
      [none, /^\/\S+\/features\S+: the cache of features can't be opened \(No such file or directory\)$/],
      [little, /^no feature fits into 2047 bytes of disk$/],
    ] as const) {
      await inSession(options, async (session) => {
        for (const epoch of [1, 2]) expect(await lossOf(session, ALL, epoch)).toBeCloseTo(expected, 6);
        expect(kept(session)).toEqual({ computed: COUNT, shared: false, reason: expect.stringMatching(reason) });
      });
    }
  });

  test('that a killed process began are computed by the others', async () => {
    const options = sharing();
    const expected = await inSession(alone(), (session) => lossOf(session, ALL, 1));
    const [killed, left] = (await starts(options, options)) as [Other, Other];
    await train(killed, FRONT, 1);
    const running = train(killed, ALL, 2).catch((error: Error) => error.message);
    await killed.kill();
    expect(await running).toMatch(/SIGKILL/);
    // As where it died between a row and the checksum that tells that it is complete.
    const rows = fileIn(options);
    const descriptor = fs.openSync(rows, 'r+');
    const sum = Buffer.alloc(8);
    fs.readSync(descriptor, sum, 0, 8, 0);
    expect(sum.equals(Buffer.alloc(8))).toBe(false);
    fs.writeSync(descriptor, Buffer.alloc(8), 0, 8, 0);
    fs.writeSync(descriptor, Buffer.alloc(ROW / 2, 1), 0, ROW / 2, 4096);
    fs.closeSync(descriptor);
    expect(Math.abs((await train(left, ALL, 1)) / expected - 1)).toBeLessThan(1e-6);
    const { computed } = await featuresOf(left);
    expect([computed > 0, computed <= COUNT / 2 + 1]).toEqual([true, true]);
  });

  // Node.js has no locks of a file.
  const python = PYTHON_NAMES.find((name) => runPython(name, 'import fcntl; print(1)') !== undefined);
  (python === undefined ? test.skip : test)('that another process is writing are left to it', async () => {
    const options = sharing();
    const sums = (): number[] => [...fs.readFileSync(fileIn(options)).subarray(0, 2 * COUNT * 8)];
    await inSession(options, async (session) => {
      await lossOf(session, FRONT, 1);
      const first = sums();
      const writer = spawn(python as string, ['-c', LOCKER, fileIn(options)], { stdio: 'pipe' });
      const ended = once(writer, 'close');
      try {
        await once(writer.stdout, 'data');
        await lossOf(session, ALL, 2);
        expect(sums()).toEqual(first);
      } finally {
        writer.kill('SIGKILL');
      }
      await ended;
      await lossOf(session, ALL, 3);
      expect(sums()).not.toEqual(first);
      expect(kept(session)?.computed).toBe(COUNT + COUNT / 2);
      await lossOf(session, ALL, 4);
      expect(kept(session)?.computed).toBe(COUNT + COUNT / 2);
    });
  });

  test('of a file that was cut are an error that names it, also where it has grown again', async () => {
    const options = sharing();
    const [one, two] = (await starts(options, options)) as [Other, Other];
    await train(one, ALL, 1);
    await train(two, FRONT, 1);
    const rows = fileIn(options);
    const whole = fs.statSync(rows).size;
    fs.truncateSync(rows, whole / 2);
    await expect(train(one, ALL, 2)).rejects.toMatchObject({
      code: 'NATIVE_ERROR',
      message: `${rows}: the cache of features can't be read (it ends too early: something cut it short)`,
    });
    fs.truncateSync(rows, whole);
    await expect(train(two, BACK, 2)).rejects.toMatchObject({
      code: 'NATIVE_ERROR',
      message: expect.stringMatching(/ can't be read \(row \d+ is not what was written: something changed the file\)$/),
    });
    fs.truncateSync(rows, whole - 1);
    await inSession(options, async (session) => {
      await lossOf(session, ALL, 1);
      const { shared, reason } = kept(session) ?? { shared: true, reason: '' };
      expect(shared).toBe(false);
      expect(reason).toContain(`can't be used (it has ${whole - 1} bytes instead of ${whole}`);
    });
  });
});
