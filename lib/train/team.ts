import { isDeepStrictEqual } from 'node:util';
import { openBackend } from '../backend/registry';
import type { Backend } from '../backend/types';
import { fingerprint, requireSameData, type DataPrint } from '../data/fingerprint';
import { ResnetFtError } from '../errors';
import { packageVersion } from '../machine/version';
import { kebab, rejectOption, type ResolvedTrainOptions, type TrainOptions } from '../options';
import { connectTeam } from '../team/connect';
import { deviceOfTeam } from '../team/device';
import { follow } from '../team/follower';
import type { TeamPlace } from '../team/place';
import type { Hello, Team } from '../team/team';
import { threadsOfTeam } from '../team/threads';
import type { TrainResult } from './events';
import { openData } from './open-data';
import { beginningOptions, openRun } from './resume';
import { runControl, type TrainControl } from './run';
import { runTraining } from './train';

/** What all processes of a training must have alike. */
interface Common {
  versions: Record<string, string | undefined>;
  options: Partial<ResolvedTrainOptions>;
  data: DataPrint;
}

/** Options that each process may have its own of. */
const OWN: ReadonlySet<string> = new Set(['data', 'val', 'output', 'resume', 'device', 'threads', 'cacheDir']);

/**
 * Takes part in a training of several processes: process 0 trains as {@link runTraining} does, the others do what it does, each with its part
 * of every batch.
 *
 * @param timeout seconds for which another process may keep this one waiting
 * @returns the result, for process 0
 * @throws ResnetFtError as `runTraining`; TEAM_INVALID where versions, options or data are not those of process 0; TEAM_LOST
 */
export async function trainTogether(
  input: TrainOptions,
  place: TeamPlace,
  timeout: number,
  control: TrainControl = {},
): Promise<TrainResult | undefined> {
  const resumed = input.resume === undefined ? undefined : await openRun(input);
  const options = resumed?.options ?? beginningOptions(input);
  requireShares(options, place);
  // Before the others are waited for: what is wrong with it is then said at once.
  const data = await dataPrint(options, control);
  const backend = await openBackend('native', () => {}, options.device);
  const gpus = options.device === 'cpu' ? 0 : backend.deviceInfo().cudaCount;
  const asked = deviceOfTeam(options.device, place, gpus);
  const device = asked === 'auto' ? 'cpu' : asked;
  const team = await connectTeam(place, device, timeout);
  try {
    await agree(team, backend, options, data);
    if (place.rank === 0) return await conduct(team, { ...input, backend: 'native', device }, control);
    const { signal } = runControl(control, options.offline);
    await follow(team, { backend, device, threads: options.threads ?? threadsOfTeam(), signal });
    return undefined;
  } catch (error) {
    if (place.rank > 0) await team.tellFailure(error);
    throw error;
  } finally {
    await team.connection.close();
  }
}

/** Each process must have a part of a batch. */
function requireShares({ batchSize }: ResolvedTrainOptions, { world }: TeamPlace): void {
  if (batchSize >= world) return;
  rejectOption(`${world} or more, one image for each process,`, '--batch-size', batchSize);
}

async function conduct(team: Team, input: TrainOptions, control: TrainControl): Promise<TrainResult> {
  let failure: unknown;
  try {
    return await runTraining(input, { ...control, team });
  } catch (error) {
    failure = error ?? new Error('unknown error');
    throw error;
  } finally {
    const code = (failure as { code?: string } | undefined)?.code ?? 'UNKNOWN';
    await team.tell(failure === undefined ? { call: 'end' } : { call: 'end', error: { code } }).catch(() => {});
  }
}

/** What tells the data set of this process from another's. */
async function dataPrint(options: ResolvedTrainOptions, { signal }: TrainControl): Promise<DataPrint> {
  const quiet = runControl(signal === undefined ? {} : { signal }, options.offline);
  return fingerprint(await openData(options, quiet));
}

/**
 * Holds what this process has against what process 0 has.
 *
 * @throws ResnetFtError TEAM_INVALID that names the difference
 */
async function agree(team: Team, backend: Backend, options: ResolvedTrainOptions, data: DataPrint): Promise<void> {
  const common: Common = {
    versions: { 'resnet-ft': packageVersion(), LibTorch: backend.versions['torch'] },
    options: Object.fromEntries(Object.entries(options).filter(([name]) => !OWN.has(name))),
    data,
  };
  const all = (await team.meet({ ...common })) as (Hello & Common)[];
  const [first] = all as [Hello & Common];
  for (const [rank, hello] of all.entries()) requireSame(first, hello, rank);
}

function requireSame(first: Common, other: Common & Hello, rank: number): void {
  const differ = (what: string): never => {
    const message = `Process ${rank + 1} (${other.host}, pid ${other.pid}) ${what}`;
    throw new ResnetFtError('TEAM_INVALID', message, { hint: 'Start all processes alike' });
  };
  for (const [name, version] of Object.entries(first.versions)) {
    const its = other.versions[name];
    if (its !== version) differ(`has ${name} ${its ?? 'none'}, and process 1 has ${version ?? 'none'}`);
  }
  const names = new Set([...Object.keys(first.options), ...Object.keys(other.options)]) as Set<
    keyof ResolvedTrainOptions
  >;
  for (const name of names) {
    const [own, its] = [first.options[name], other.options[name]];
    if (isDeepStrictEqual(own, its)) continue;
    differ(`has --${kebab(name)} ${String(its ?? 'left out')}, and process 1 has ${String(own ?? 'left out')}`);
  }
  try {
    requireSameData(first.data, other.data);
  } catch (error) {
    const what = (error as Error).message.replace(/^.*: class/, 'class');
    differ(`has other images than process 1: ${what.replace('had', 'process 1 has')}`);
  }
}
