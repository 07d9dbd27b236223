import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { ANTS_BEES, scratch } from '../cli/run';
import { trainSmallModel } from '../serve/server';

// Long use of one process, as of a service: what it has at the end is what it had after its first use.

interface Told {
  samples: number[];
  /** Megabytes. */
  growth: number;
  before: { threads: number; descriptors: number };
  after: { threads: number; descriptors: number };
}

const tmp = scratch();
let model = '';
beforeAll(async () => {
  model = await trainSmallModel(tmp);
});

(process.platform === 'linux' ? test : test.skip).each([
  ['predictions', 1000],
  ['requests', 10_000],
  ['loads', 100],
  ['trainings', 50],
])('memory, threads and descriptors after %s, %d of them', (kind, times) => {
  const program = path.join(__dirname, 'long-use.js');
  const args = ['--expose-gc', program, kind, String(times), model, ANTS_BEES];
  // With one heap: what glibc keeps free in the heaps of many threads grows for thousands of calls before it stays as it is, and would hide a leak.
  const env = { ...process.env, MALLOC_ARENA_MAX: '1' };
  const ran = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 3_000_000, env });
  expect(ran.stderr).toBe('');
  const { growth, before, after } = JSON.parse(ran.stdout) as Told;
  expect(growth).toBeLessThan(1);
  // Pools of threads begin others of theirs when there is more to do at once.
  expect(after.threads).toBeLessThanOrEqual(before.threads + 4);
  expect(after.descriptors).toBe(before.descriptors);
});
