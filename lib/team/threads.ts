import { defaultThreads } from '../machine/threads';
import { placeFrom, type TeamPlace } from './place';

/**
 * Threads of a process that trains, where the caller says nothing: its part of those of the machine. Slurm has given each task
 * processors of its own where it was told how many, so that all that can be seen are the task's.
 */
export function threadsOfTeam(
  env: NodeJS.ProcessEnv = process.env,
  place: TeamPlace | undefined = placeFrom(env),
  processors?: number,
): number {
  const own = place?.startedBy === 'slurm' && (env['SLURM_CPUS_PER_TASK'] ?? '') !== '';
  return defaultThreads(undefined, processors, own ? 1 : (place?.localWorld ?? 1), env);
}
