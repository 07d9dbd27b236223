import os from 'node:os';
import { processorQuota } from './cgroup';

/**
 * Threads for the arithmetic where the caller says nothing; 0 leaves it to LibTorch, which counts the processors. It does not know of
 * a container's quota: more threads than that wait for each other.
 *
 * @param processors that Node.js counts: by a newer libuv (1.49) no more than the quota, though LibTorch counts all
 * @param sharers processes of this machine that train together: each takes its part. OMP_NUM_THREADS is the caller's word, except for the 1
 *   that torchrun sets by itself
 * @param online processors of the machine, whoever may use them
 */
export function defaultThreads(
  quota = processorQuota(),
  processors = os.availableParallelism(),
  sharers = 1,
  env: NodeJS.ProcessEnv = process.env,
  online = os.cpus().length,
): number {
  const omp = env['OMP_NUM_THREADS'] ?? '';
  const byTorchrun = omp === '1' && sharers > 1 && env['TORCHELASTIC_RUN_ID'] !== undefined;
  if (Number.parseInt(omp, 10) > 0 && !byTorchrun) return 0;
  if (sharers > 1) {
    return Math.max(1, Math.floor(Math.min(quota ?? processors, processors) / sharers));
  }
  if (quota === undefined) return 0;
  const allowed = Math.max(1, Math.floor(quota));
  return allowed <= processors && allowed < Math.max(processors, online) ? allowed : 0;
}

/**
 * Lets LibTorch's threads sleep while they wait for one another, in place of spinning: for a process that has other work for the cores at the same
 * time, such as decoding what comes next. It counts where LibTorch has not been loaded yet, and where the user has set nothing else.
 */
export function sleepWhileWaiting(): void {
  process.env['OMP_WAIT_POLICY'] ??= 'passive';
}
