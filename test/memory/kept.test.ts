import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { isOutOfMemory } from '../../lib/backend/out-of-memory';
import { ROOT } from '../cli/run';

interface Told {
  fresh: number;
  /** How a batch ended that there was no memory for; undefined where no limit could be set. */
  refused?: string;
  peak: number;
  afterSingles: number;
  afterRest: number;
}

/** What a service may have more in memory than before its large batch, in megabytes: heaps of several threads, oneDNN's caches. */
const MORE = 80;

interface Refused {
  explicitly: boolean;
  fresh: number;
  /** What a batch ended with that there was no memory for; undefined where no limit could be set, and so is the next. */
  refused?: string;
  afterRefused?: number;
}

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux(
  'a service that has had one large batch does not keep its memory',
  () => {
    const args = ['--expose-gc', path.join(__dirname, 'service.js'), path.join(ROOT, 'dist')];
    const ran = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 240_000 });
    expect(ran.stderr).toBe('');
    const told = JSON.parse(ran.stdout) as Told;
    // The batch needs much, so that the rest shows something.
    expect(told.peak - told.fresh).toBeGreaterThan(2 * MORE);
    expect(told.afterSingles - told.fresh).toBeLessThan(MORE);
    expect(told.afterRest - told.fresh).toBeLessThan(MORE);
    if (told.refused !== undefined) expect(told.refused).toBe('NATIVE_ERROR');
  },
  300_000,
);

describe.each(['autograd', 'explicit'])('a training step (%s)', (way) => {
  onLinux('that was refused memory leaves nothing behind', () => {
    const args = ['--expose-gc', path.join(__dirname, 'refused.js'), path.join(ROOT, 'dist'), way];
    const ran = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 240_000 });
    expect(ran.stderr).toBe('');
    const told = JSON.parse(ran.stdout) as Refused;
    expect(told.explicitly).toBe(way === 'explicit');
    if (told.refused === undefined) return;
    expect([told.refused, isOutOfMemory(new Error(told.refused))]).toEqual([expect.any(String), true]);
    expect((told.afterRefused ?? Infinity) - told.fresh).toBeLessThan(MORE);
  });
});
