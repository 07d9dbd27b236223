import type { TeamPlace } from './place';
import { integerOf, invalidPlace, requiredInteger, valueOf, type Environment } from './variables';

/** Steps from here on are none of `srun`'s tasks: the batch script and the interactive shell (SLURM_MAX_NORMAL_STEP_ID of slurm.h). */
const LAST_STEP = 0xfffffff0;

/** Ports below those that Linux gives out by itself (from 32768). */
const FIRST_PORT = 20_000;
const PORTS = 10_000;

/**
 * The first host of a list as Slurm writes it: `gpu5`, `n[001-003,7],gpu5` is `n001`, `rack[1-2]n[3,5]` is `rack1n3`.
 *
 * @returns undefined where it is no such list
 */
export function firstHost(list: string): string | undefined {
  // Commas within brackets part numbers, not hosts.
  const [, entry] = /^((?:[^,[\]]|\[[^\]]*\])+)(?:,|$)/.exec(list.trim()) ?? [];
  const first = entry?.replace(/\[(\d+)(?:-\d+)?(?:,\d+(?:-\d+)?)*\]/g, '$1');
  return first !== undefined && /^[\w.:-]+$/.test(first) ? first : undefined;
}

/**
 * Tasks on each node as Slurm writes them: `4(x2),3` is 4, 4, 3.
 *
 * @returns undefined where it is no such list
 */
export function tasksPerNode(text: string): number[] | undefined {
  const tasks: number[] = [];
  for (const part of text.trim().split(',')) {
    const [, count, times = '1'] = /^(\d{1,6})(?:\(x(\d{1,6})\))?$/.exec(part) ?? [];
    if (count === undefined) return undefined;
    for (let i = 0; i < Number(times); i++) tasks.push(Number(count));
  }
  return tasks;
}

/** Tasks on the node of this process; where Slurm does not say, all of a step of one node, or else one. */
function localTasks(env: Environment, world: number, localRank: number): number {
  const name = ['SLURM_STEP_TASKS_PER_NODE', 'SLURM_TASKS_PER_NODE'].find((key) => valueOf(env, key) !== undefined);
  const text = name === undefined ? undefined : valueOf(env, name);
  const listed = text === undefined ? undefined : tasksPerNode(text);
  if (text !== undefined && listed === undefined) {
    throw invalidPlace(`The environment variable ${name} is ${text}, which is no list of tasks per node`);
  }
  const nodes = integerOf(env, 'SLURM_STEP_NUM_NODES', 1) ?? integerOf(env, 'SLURM_NNODES', 1);
  const here = listed?.[integerOf(env, 'SLURM_NODEID', 0) ?? 0];
  const tasks = here ?? integerOf(env, 'SLURM_NTASKS_PER_NODE', 1) ?? (nodes === 1 ? world : 1);
  // Variables of the job that the step does not follow must not stand in the way.
  return Math.min(world, Math.max(tasks, localRank + 1));
}

/**
 * Where a task of `srun` stands among those of its step; undefined for every other process of a job: a batch script, an interactive
 * shell, the one task of a step.
 *
 * @throws ResnetFtError TEAM_INVALID
 */
export function placeInSlurm(env: Environment): TeamPlace | undefined {
  const step = valueOf(env, 'SLURM_STEP_ID', 'SLURM_STEPID');
  if (step === undefined || valueOf(env, 'SLURM_PROCID') === undefined) return undefined;
  // With srun --pty somebody types into the first task alone.
  if (Number(step) >= LAST_STEP || valueOf(env, 'SLURM_PTY_PORT') !== undefined) return undefined;
  const count = ['SLURM_STEP_NUM_TASKS', 'SLURM_NTASKS', 'SLURM_NPROCS'].find((key) => valueOf(env, key) !== undefined);
  const world = count === undefined ? 1 : integerOf(env, count, 1);
  if (count === undefined || world === undefined || world === 1) return undefined;
  const rank = requiredInteger(env, 'SLURM_PROCID', count, 0, world - 1);
  const localRank = requiredInteger(env, 'SLURM_LOCALID', 'SLURM_PROCID', 0, rank);
  const job = integerOf(env, 'SLURM_JOB_ID', 0, 0xffffffff) ?? integerOf(env, 'SLURM_JOBID', 0, 0xffffffff) ?? 0;
  return {
    ...{ rank, world, localRank, localWorld: localTasks(env, world, localRank) },
    host: valueOf(env, 'MASTER_ADDR') ?? hostOf(env, count),
    // Of two jobs on a node each has a port of its own, and so have two steps of a job.
    port: integerOf(env, 'MASTER_PORT', 1, 65535) ?? FIRST_PORT + ((job + Number(step) * 137) % PORTS),
    storeIsServed: false,
    restarts: integerOf(env, 'SLURM_RESTART_COUNT', 0) ?? 0,
    startedBy: 'slurm',
  };
}

function hostOf(env: Environment, count: string): string {
  const name = ['SLURM_STEP_NODELIST', 'SLURM_JOB_NODELIST', 'SLURM_NODELIST'].find(
    (key) => valueOf(env, key) !== undefined,
  );
  if (name === undefined) {
    throw invalidPlace(
      `The environment variable ${count} is ${valueOf(env, count)}, but SLURM_JOB_NODELIST is not set`,
      'Set MASTER_ADDR to the host of the first process',
    );
  }
  const list = valueOf(env, name) ?? '';
  const host = firstHost(list);
  if (host !== undefined) return host;
  throw invalidPlace(
    `The environment variable ${name} is ${list}, which is no list of hosts`,
    'Set MASTER_ADDR to the host of the first process',
  );
}
