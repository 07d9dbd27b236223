import { placeOfPod } from './pod';
import { placeInSlurm } from './slurm';
import { integerOf, invalidPlace, requiredInteger, requiredText, valueOf, type Environment } from './variables';

/** Where a process stands among those that train together. */
export interface TeamPlace {
  /** From 0; process 0 conducts and alone writes. */
  rank: number;
  /** How many there are. */
  world: number;
  /** Among those of this machine, from 0. */
  localRank: number;
  /** How many of them are on this machine. */
  localWorld: number;
  /** Where c10d's TCPStore listens. */
  host: string;
  port: number;
  /** Whether somebody else serves the store, such as torchrun's agent: then process 0 too is a client of it. */
  storeIsServed: boolean;
  /** How often the processes have been started anew. */
  restarts: number;
  /** For messages. */
  startedBy: 'nproc' | 'torchrun' | 'slurm' | 'kubeflow' | 'environment';
}

/** Set by `--nproc` for the processes that it starts. */
export const STARTED_BY = 'RESNET_FT_STARTED_BY';

/**
 * Where this process stands among others, by its environment; undefined for one that trains alone. The first of these that is there counts:
 *
 * 1. RANK and WORLD_SIZE, of `--nproc`, torchrun, Kubeflow's PyTorchJob or whoever else sets them (WORLD_SIZE alone says how many tasks
 *    of Slurm there must be);
 * 2. PET_NNODES and its like, of Kubeflow's TrainJob;
 * 3. SLURM_PROCID and its like, where `srun` has started several tasks.
 *
 * Variables that are empty are not there, and a WORLD_SIZE of 1 is nobody else.
 *
 * @throws ResnetFtError TEAM_INVALID where they are wrong or incomplete
 */
export function placeFrom(env: Environment): TeamPlace | undefined {
  const world = integerOf(env, 'WORLD_SIZE', 1);
  const rank = valueOf(env, 'RANK');
  if (rank === undefined) return placeOfPod(env) ?? checkedSlurm(env, world);
  // A pod whose process is to start others has the number of its node in RANK (Kubeflow's PyTorchJob with nprocPerNode).
  const pod = valueOf(env, 'LOCAL_RANK') === undefined ? placeOfPod(env) : undefined;
  if (pod !== undefined) return pod;
  if (world === undefined) throw invalidPlace(`The environment variable RANK is ${rank}, but WORLD_SIZE is not set`);
  return world === 1 ? undefined : placeByRank(env, world);
}

/**
 * Refuses a command that would do all of its work in every one of several processes.
 *
 * @throws ResnetFtError TEAM_INVALID
 */
export function requireAlone(command: string, env: Environment = process.env): void {
  const place = placeFrom(env);
  if (place === undefined) return;
  throw invalidPlace(
    `resnet-ft ${command} runs in one process, and this is one of ${place.world} that ${starter(place)} has started`,
    'Start it without torchrun, srun and their like, or unset RANK and WORLD_SIZE',
  );
}

/** For messages: who has started a process. */
const starter = ({ startedBy }: TeamPlace): string =>
  ({ nproc: '--nproc', torchrun: 'torchrun', slurm: 'srun', kubeflow: 'Kubeflow', environment: 'somebody' })[startedBy];

function placeByRank(env: Environment, world: number): TeamPlace {
  if ((integerOf(env, 'RANK', 0) ?? 0) >= world) {
    throw invalidPlace(
      `The environment variable RANK is ${valueOf(env, 'RANK')}, but WORLD_SIZE is ${world}`,
      `Number the processes from 0 to ${world - 1}`,
    );
  }
  const rank = requiredInteger(env, 'RANK', 'WORLD_SIZE', 0);
  // Kubeflow starts one process a pod, and sets neither.
  const localWorld = integerOf(env, 'LOCAL_WORLD_SIZE', 1, world) ?? 1;
  const localRank = integerOf(env, 'LOCAL_RANK', 0) ?? 0;
  if (valueOf(env, 'LOCAL_WORLD_SIZE') !== undefined && localRank >= localWorld) {
    throw invalidPlace(
      `The environment variable LOCAL_RANK is ${localRank}, but LOCAL_WORLD_SIZE is ${localWorld}`,
      `Number the processes of a machine from 0 to ${localWorld - 1}`,
    );
  }
  return {
    ...{ rank, world, localRank, localWorld: Math.max(localWorld, localRank + 1) },
    host: requiredText(env, 'MASTER_ADDR', 'WORLD_SIZE'),
    port: requiredInteger(env, 'MASTER_PORT', 'WORLD_SIZE', 1, 65535),
    storeIsServed: valueOf(env, 'TORCHELASTIC_USE_AGENT_STORE') === 'True',
    restarts: integerOf(env, 'TORCHELASTIC_RESTART_COUNT', 0) ?? 0,
    startedBy: starterOf(env),
  };
}

function starterOf(env: Environment): TeamPlace['startedBy'] {
  if (valueOf(env, STARTED_BY) === 'nproc') return 'nproc';
  if (valueOf(env, 'TORCHELASTIC_RUN_ID') !== undefined) return 'torchrun';
  return valueOf(env, 'KUBERNETES_SERVICE_HOST') === undefined ? 'environment' : 'kubeflow';
}

/** The place in a step of Slurm, where WORLD_SIZE, which scripts for PyTorch often export, says the same. */
function checkedSlurm(env: Environment, world: number | undefined): TeamPlace | undefined {
  const place = placeInSlurm(env);
  if (world === undefined || world === (place?.world ?? 1)) return place;
  if (place === undefined) throw invalidPlace(`The environment variable WORLD_SIZE is ${world}, but RANK is not set`);
  throw invalidPlace(`The environment variable WORLD_SIZE is ${world}, but srun has started ${place.world} tasks`);
}
