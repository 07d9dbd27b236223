import type { TeamPlace } from './place';
import { integerOf, invalidPlace, requiredInteger, requiredText, valueOf, type Environment } from './variables';

/** A machine among those that train together, whose processes this one is to start. */
export interface TeamNode {
  node: number;
  nodes: number;
  /** Processes on each machine; `gpu` is one for each GPU, `auto` the same or one where there is none. */
  perNode: number | 'gpu' | 'auto';
  host: string;
  port: number;
}

const COUNTS = ['auto', 'cpu', 'gpu'];

/**
 * What Kubeflow says of a pod, as torchrun would read it (PET_NNODES, PET_NPROC_PER_NODE, PET_NODE_RANK, PET_MASTER_ADDR,
 * PET_MASTER_PORT); undefined for a process of torchrun's or of ours, and where nothing is said.
 *
 * @throws ResnetFtError TEAM_INVALID
 */
export function nodeFrom(env: Environment): TeamNode | undefined {
  const count = valueOf(env, 'PET_NNODES');
  if (count === undefined || valueOf(env, 'LOCAL_RANK') !== undefined) return undefined;
  if (count.includes(':')) {
    throw invalidPlace(
      `The environment variable PET_NNODES is ${count}: the number of machines must not change`,
      'Start this command by torchrun --no-python, or fix the number',
    );
  }
  const nodes = requiredInteger(env, 'PET_NNODES', 'PET_NNODES', 1);
  const each = valueOf(env, 'PET_NPROC_PER_NODE') ?? '1';
  const perNode =
    each === 'gpu' || each === 'auto'
      ? each
      : each === 'cpu'
        ? 1 // of a CPU's cores one process takes all
        : (integerOf(env, 'PET_NPROC_PER_NODE', 1, 1024) ?? 1);
  if (nodes === 1 && (perNode === 1 || COUNTS.includes(each))) return undefined;
  const node = requiredInteger(env, 'PET_NODE_RANK', 'PET_NNODES', 0, nodes - 1);
  if (nodes === 1) return { node, nodes, perNode, host: '127.0.0.1', port: 0 };
  const host = requiredText(env, 'PET_MASTER_ADDR', 'PET_NNODES');
  return { node, nodes, perNode, host, port: requiredInteger(env, 'PET_MASTER_PORT', 'PET_NNODES', 1, 65535) };
}

/**
 * The place of a pod's only process; undefined where Kubeflow says nothing.
 *
 * @throws ResnetFtError TEAM_INVALID, also where the pod has several processes, which the command line starts
 */
export function placeOfPod(env: Environment): TeamPlace | undefined {
  const found = nodeFrom(env);
  if (found === undefined) return undefined;
  const { node: rank, nodes: world, perNode, host, port } = found;
  if (perNode !== 1) {
    throw invalidPlace(
      `The environment variable PET_NPROC_PER_NODE is ${perNode}, but this is one process`,
      'Run resnet-ft train in the pod, which starts as many, or set numProcPerNode to 1',
    );
  }
  return {
    rank,
    world,
    localRank: 0,
    localWorld: 1,
    host,
    port,
    storeIsServed: false,
    restarts: 0,
    startedBy: 'kubeflow',
  };
}
