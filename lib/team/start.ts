import { once } from 'node:events';
import net from 'node:net';
import { ResnetFtError } from '../errors';
import { rejectUse, resolveOptions, TEAM_OPTIONS } from '../options';
import { countGpus } from './gpus';
import { launch } from './launch';
import { STARTED_BY, placeFrom } from './place';
import { nodeFrom, type TeamNode } from './pod';
import { valueOf, type Environment } from './variables';

/** The arguments without `--nproc`. */
export function withoutNproc(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  const options = end < 0 ? argv : argv.slice(0, end);
  const kept = options.filter((arg, i) => !/^--nproc(=|$)/.test(arg) && options[i - 1] !== '--nproc');
  return [...kept, ...argv.slice(options.length)];
}

/** The environments of the processes of one machine. */
export function environmentsOf(env: Environment, count: number, machine: TeamNode): NodeJS.ProcessEnv[] {
  return Array.from({ length: count }, (_, local) => ({
    ...env,
    RANK: String(machine.node * count + local),
    LOCAL_RANK: String(local),
    WORLD_SIZE: String(machine.nodes * count),
    LOCAL_WORLD_SIZE: String(count),
    MASTER_ADDR: machine.host,
    MASTER_PORT: String(machine.port),
    [STARTED_BY]: 'nproc',
  }));
}

/** A port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The processes that this machine is to have. */
async function countOf(perNode: TeamNode['perNode']): Promise<number> {
  if (typeof perNode === 'number') return perNode;
  const { cudaCount, cudaReason } = await countGpus();
  if (cudaCount > 0) return cudaCount;
  if (perNode === 'auto') return 1;
  throw new ResnetFtError(
    'DEVICE_UNAVAILABLE',
    `No process can be started for each GPU: ${cudaReason || 'there is none'}`,
    {
      hint: 'Use --nproc with a number, or fix this first',
    },
  );
}

/**
 * Refuses what only several processes have a use for, where this one trains alone. One that was started as the only one of a team may have it, so
 * that a command is the same for any number.
 *
 * @param given as the command line has it
 * @throws ResnetFtError INVALID_OPTION, TEAM_INVALID
 */
export function refuseWithoutTeam(given: Readonly<Record<string, unknown>>, env: Environment): void {
  const { nproc } = resolveOptions(
    TEAM_OPTIONS,
    { nproc: given['nproc'], processTimeout: given['processTimeout'] },
    'train',
  );
  // A pod that is to start several is no place among them yet.
  const started = nodeFrom(env) !== undefined || valueOf(env, 'RANK') !== undefined || placeFrom(env) !== undefined;
  if (nproc !== undefined || started) return;
  if (given['syncBatchNorm'] === true) rejectUse('--sync-batch-norm needs --nproc');
  if (given['processTimeout'] !== undefined) rejectUse('--process-timeout needs --nproc');
}

/**
 * Starts this command as several processes and waits for them, where `--nproc` or Kubeflow's variables ask for that.
 *
 * @param nproc as the command line has it
 * @param begins called before they start
 * @param goOnCommand what goes on with the run in a folder, to be told where a process dies
 * @returns false where this process itself is to train
 * @throws ResnetFtError INVALID_OPTION, TEAM_INVALID, DEVICE_UNAVAILABLE
 * @throws TeamFailure where one of them has failed
 */
export async function startTeam(
  nproc: unknown,
  env: Environment,
  begins: () => void,
  goOnCommand: (folder: string) => string,
): Promise<boolean> {
  const { nproc: asked } = resolveOptions(TEAM_OPTIONS, { nproc }, 'train');
  // Each process that was started has LOCAL_RANK, and is no pod any more.
  const pod = nodeFrom(env);
  const severalInPod = pod !== undefined && pod.perNode !== 1;
  const place = severalInPod ? undefined : placeFrom(env);
  if (asked !== undefined && (severalInPod || place !== undefined)) {
    const starter = place?.startedBy ?? 'kubeflow';
    const hint = 'Leave --nproc out, or unset RANK, WORLD_SIZE and their like to train on this machine alone';
    rejectUse(`--nproc can't be used where ${starter} has started the processes`, hint);
  }
  if (asked === undefined && !severalInPod) return false;
  const machine: TeamNode = severalInPod
    ? pod
    : { node: 0, nodes: 1, perNode: asked === 'gpu' ? 'gpu' : Number(asked), host: '127.0.0.1', port: 0 };
  const count = await countOf(machine.perNode);
  if (count * machine.nodes === 1) return false;
  const port = machine.port === 0 ? await freePort() : machine.port;
  begins();
  const [script = '', ...args] = process.argv.slice(1);
  await launch(
    [...process.execArgv, script, ...withoutNproc(args)],
    environmentsOf(env, count, { ...machine, port }),
    goOnCommand,
  );
  return true;
}
