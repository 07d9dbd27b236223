import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { compileLibrary } from '../c-library';
import { ANTS_BEES, scratch } from '../cli/run';
import { trainSmallModel } from '../serve/server';

// Long use of one process, as of a service: what it has at the end is what it had after its first use. RESNET_FT_ENDURANCE_LOG is a file to which the figures
// of each use are appended.

interface Memory {
  /** Megabytes that JavaScript and malloc have in use. */
  used: number;
  /** Megabytes of the process's own, those too that malloc keeps free. */
  resident: number;
}
interface Told {
  samples: Memory[];
  growth: Memory;
  before: { threads: number; descriptors: number };
  after: { threads: number; descriptors: number };
}

const tmp = scratch();
const library = compileLibrary(path.join(__dirname, 'heap.c'), tmp);
let model = '';
beforeAll(async () => {
  model = await trainSmallModel(tmp);
});

(library === undefined ? test.skip : test).each([
  ['predictions', 10_000],
  ['requests', 10_000],
  ['loads', 100],
  ['trainings', 50],
])('memory, threads and descriptors after %s, %d of them', (kind, times) => {
  const program = path.join(__dirname, 'long-use.js');
  const args = ['--expose-gc', program, kind, String(times), model, ANTS_BEES];
  // With one heap: what glibc keeps free in the heaps of many threads grows for thousands of calls before it stays as it is.
  const env = { ...process.env, MALLOC_ARENA_MAX: '1', LD_PRELOAD: library, HEAP_FILE: path.join(tmp, 'heap') };
  const ran = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 3_000_000, env });
  expect(ran.stderr).toBe('');
  const log = process.env['RESNET_FT_ENDURANCE_LOG'];
  if (log !== undefined) fs.appendFileSync(log, `${ran.stdout}\n`);
  const { growth, before, after } = JSON.parse(ran.stdout) as Told;
  expect(growth.used).toBeLessThan(1);
  // What malloc keeps free goes up and down, by as much as a small model has.
  expect(growth.resident).toBeLessThan(40);
  // Pools of threads begin others of theirs when there is more to do at once.
  expect(after.threads).toBeLessThanOrEqual(before.threads + 4);
  expect(after.descriptors).toBe(before.descriptors);
});
