import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { FolderInUse, FolderLock } from '../../lib/files/folder-lock';
import { place, startOf } from '../../lib/files/stale';
import { ROOT, scratch } from '../cli/run';

const tmp = scratch();
let folder: string;
let count = 0;
beforeEach(() => {
  folder = path.join(tmp, String(++count));
  fs.mkdirSync(folder);
});

const owner = (): string => path.join(folder, '.in-use', 'owner.json');

/** Puts a holding there as another process would. */
function hold(changes: object): void {
  fs.mkdirSync(path.dirname(owner()));
  const token = '00112233445566778899aabbccddeeff';
  const { pid } = process;
  const known = { pid, host: 'there', place: place(), start: startOf(pid), token, ...changes };
  fs.writeFileSync(owner(), JSON.stringify(known));
}

test('one holds it until it is released, and nothing is left', async () => {
  const first = await FolderLock.take(folder);
  await expect(FolderLock.take(folder)).rejects.toThrow(`in use by process ${process.pid}`);
  expect(first.isOurs()).toBe(true);
  await first.release();
  const second = await FolderLock.take(folder);
  await second.release();
  expect(fs.readdirSync(folder)).toEqual([]);
});

test('a holding that can not be read is removed by its owner, and by nobody else', async () => {
  const first = await FolderLock.take(folder);
  fs.truncateSync(owner(), 0);
  await first.release();
  expect(fs.readdirSync(folder)).toEqual([]);

  const late = await FolderLock.take(folder);
  fs.rmSync(path.dirname(owner()), { recursive: true });
  const next = await FolderLock.take(folder);
  fs.truncateSync(owner(), 0);
  await late.release();
  expect(fs.existsSync(owner())).toBe(true);
  await next.release();
  expect(fs.readdirSync(folder)).toEqual([]);
});

test.each([
  ['process.exit', 'process.exit(3)', 3],
  ['an uncaught exception', 'setTimeout(() => { throw new Error("meant") })', 1],
])('a process that ends by %s lets go of its folders', (_, ending, code) => {
  const folders = ['first', 'second'].map((name) => path.join(folder, name));
  for (const one of folders) fs.mkdirSync(one);
  const module = JSON.stringify(path.join(ROOT, 'dist', 'files', 'folder-lock.js'));
  const script = `const { FolderLock } = require(${module});
    Promise.all(process.argv.slice(1).map((one) => FolderLock.take(one))).then((locks) => {
      if (!locks.every((lock) => lock.isOurs())) throw new Error('not held');
      ${ending};
    });`;
  const { status, stderr } = spawnSync(process.execPath, ['-e', script, ...folders], { encoding: 'utf8' });
  expect({ status, meant: code === 3 ? stderr === '' : stderr.includes('meant') }).toEqual({
    status: code,
    meant: true,
  });
  expect(folders.map((one) => fs.readdirSync(one))).toEqual([[], []]);
});

test('a pipe in place of the holding is not waited for, and belongs to nobody', async () => {
  fs.mkdirSync(path.dirname(owner()));
  execFileSync('mkfifo', [owner()]);
  const lock = await FolderLock.take(folder);
  expect(lock.isOurs()).toBe(true);
  await lock.release();
});

test('a holding that was removed by hand is taken by nobody, one of another process is', async () => {
  const lock = await FolderLock.take(folder);
  fs.rmSync(path.dirname(owner()), { recursive: true });
  expect(lock.isTaken()).toBe(false);
  const second = await FolderLock.take(folder);
  expect(lock.isTaken()).toBe(true);
  expect(second.isTaken()).toBe(false);
  await lock.release();
  expect(second.isOurs()).toBe(true);
  await second.release();
  expect(fs.readdirSync(folder)).toEqual([]);
});

test('of many at once exactly one gets it, also where a dead one has to go first', async () => {
  for (let round = 0; round < 60; round++) {
    if (round % 2 === 1) hold({ start: '1' });
    const takes = await Promise.allSettled(Array.from({ length: 12 }, () => FolderLock.take(folder)));
    const taken = takes.flatMap((take) => (take.status === 'fulfilled' ? [take.value] : []));
    for (const take of takes) if (take.status === 'rejected') expect(take.reason).toBeInstanceOf(FolderInUse);
    expect(taken.length).toBe(1);
    expect(taken[0]?.isOurs()).toBe(true);
    await taken[0]?.release();
    expect(fs.readdirSync(folder)).toEqual([]);
  }
});

describe('a holding is taken over', () => {
  const dead: Record<string, () => void> = {
    'of a process that has ended': () => hold({ pid: 2 ** 22 + 1, start: '1' }),
    'whose content was lost': () => {
      hold({});
      fs.truncateSync(owner(), 0);
    },
    'whose file was lost': () => {
      hold({});
      fs.rmSync(owner());
    },
  };
  if (process.platform === 'linux') dead['of a process whose id another has by now'] = () => hold({ start: '1' });
  test.each(Object.keys(dead))('%s', async (name) => {
    dead[name]?.();
    const lock = await FolderLock.take(folder);
    await lock.release();
    expect(fs.readdirSync(folder)).toEqual([]);
  });
});

describe('of another thread of this process', () => {
  /** A thread that holds the folder. */
  async function holder(): Promise<Worker> {
    const file = JSON.stringify(path.join(ROOT, 'dist', 'files', 'folder-lock.js'));
    const script = `require(${file}).FolderLock.take(${JSON.stringify(folder)}).then(() => require('node:worker_threads').parentPort.postMessage('held')); setInterval(() => {}, 1000)`;
    const worker = new Worker(script, { eval: true });
    await once(worker, 'message');
    return worker;
  }

  test('it counts while that thread renews it', async () => {
    const worker = await holder();
    await expect(FolderLock.take(folder)).rejects.toThrow(`in use by process ${process.pid}`);
    await worker.terminate();
  });

  test('it is taken over where the thread was terminated', async () => {
    await (await holder()).terminate();
    const lock = await FolderLock.take(folder, { silence: 1200 });
    expect(lock.isOurs()).toBe(true);
    await lock.release();
    expect(fs.readdirSync(folder)).toEqual([]);
  });
});

describe('of another machine', () => {
  test('it counts while it is renewed', async () => {
    hold({ place: '00000000', pid: 12 });
    const told: unknown[] = [];
    const beat = setInterval(() => fs.utimesSync(owner(), new Date(), new Date()), 300);
    try {
      const take = FolderLock.take(folder, { onWait: ({ host }) => told.push(host) });
      await expect(take).rejects.toThrow('in use by process 12 of there');
    } finally {
      clearInterval(beat);
    }
    expect(told).toEqual(['there']);
  });

  test('it is taken over where it is not, and its owner, if it comes back, knows', async () => {
    const theirs = await FolderLock.take(folder);
    const content = JSON.parse(fs.readFileSync(owner(), 'utf8')) as object;
    fs.writeFileSync(owner(), JSON.stringify({ ...content, place: '00000000' }));
    const lock = await FolderLock.take(folder, { silence: 1200 });
    expect(theirs.isOurs()).toBe(false);
    await theirs.release();
    expect(lock.isOurs()).toBe(true);
    await lock.release();
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  test('waiting for it can be stopped', async () => {
    hold({ place: '00000000' });
    const signal = AbortSignal.timeout(200);
    await expect(FolderLock.take(folder, { signal })).rejects.toThrow();
    expect(fs.readdirSync(folder)).toEqual(['.in-use']);
  });
});
