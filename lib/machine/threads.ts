import fs from 'node:fs';
import os from 'node:os';

/** The files with a container's share of the processors: cgroup v2, then v1. */
const QUOTA_FILES = [
  ['/sys/fs/cgroup/cpu.max'],
  ['/sys/fs/cgroup/cpu/cpu.cfs_quota_us', '/sys/fs/cgroup/cpu/cpu.cfs_period_us'],
];

/**
 * Processors' worth of time that a cgroup allows, from the text of its files: `150000 100000` is 1.5, `max 100000` and a quota of -1
 * are no limit.
 */
export function quotaOf(text: string): number | undefined {
  const [quota, period] = text.trim().split(/\s+/).map(Number);
  return quota !== undefined && period !== undefined && quota > 0 && period > 0 ? quota / period : undefined;
}

function cgroupQuota(): number | undefined {
  for (const files of QUOTA_FILES) {
    try {
      return quotaOf(files.map((file) => fs.readFileSync(file, 'utf8')).join(' '));
    } catch {
      // Not this version of cgroups, or not Linux.
    }
  }
  return undefined;
}

/**
 * Threads for the arithmetic where the caller says nothing; 0 leaves it to LibTorch, which counts the processors. It does not know of
 * a container's quota: more threads than that wait for each other.
 *
 * @param sharers processes of this machine that train together: each takes its part. OMP_NUM_THREADS is the caller's word, except for the 1
 *   that torchrun sets by itself
 */
export function defaultThreads(
  quota = cgroupQuota(),
  processors = os.availableParallelism(),
  sharers = 1,
  env: NodeJS.ProcessEnv = process.env,
): number {
  if (sharers > 1) {
    const omp = env['OMP_NUM_THREADS'] ?? '';
    if (omp !== '' && !(omp === '1' && env['TORCHELASTIC_RUN_ID'] !== undefined)) return 0;
    return Math.max(1, Math.floor(Math.min(quota ?? processors, processors) / sharers));
  }
  if (quota === undefined) return 0;
  const allowed = Math.max(1, Math.floor(quota));
  return allowed < processors ? allowed : 0;
}

/**
 * Lets LibTorch's threads sleep while they wait for one another, in place of spinning: for a process that has other work for the cores at the same
 * time, such as decoding what comes next. It counts where LibTorch has not been loaded yet, and where the user has set nothing else.
 */
export function sleepWhileWaiting(): void {
  process.env['OMP_WAIT_POLICY'] ??= 'passive';
}
