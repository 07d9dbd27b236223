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
import { runTraining, type Join } from './train';

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
  const options = (input.resume === undefined ? undefined : await openRun(input))?.options ?? beginningOptions(input);
  requireShares(options, place);
  const backend = await openBackend('native', () => {}, options.device);
  const gpus = options.device === 'cpu' ? 0 : backend.deviceInfo().cudaCount;
  const asked = deviceOfTeam(options.device, place, gpus);
  const device = asked === 'auto' ? 'cpu' : asked;
  let team: Team | undefined;
  // Only once it is known that the images are there: what is wrong with them is said at once.
  const join: Join = async (data) => {
    team = await connectTeam(place, device, timeout);
    await agree(team, backend, options, data);
    return team;
  };
  try {
    if (place.rank === 0) {
      const result = await runTraining({ ...input, backend: 'native', device }, control, join);
      // What there is does not depend on whether the others hear of it.
      await team?.tell({ call: 'end' }).catch(() => {});
      return result;
    }
    // Only process 0 tells what happens.
    const quiet = runControl(control.signal === undefined ? {} : { signal: control.signal }, options.offline);
    const data = await fingerprint(await openData(options, quiet));
    const threads = options.threads ?? threadsOfTeam();
    await follow(await join(data), { backend, device, threads, signal: quiet.signal });
    return undefined;
  } catch (error) {
    if (place.rank > 0) await team?.tellFailure(error);
    else await team?.tell({ call: 'end', error: { code: codeOf(error) } }).catch(() => {});
    throw error;
  } finally {
    await team?.connection.close();
  }
}

const codeOf = (error: unknown): string => (error as { code?: string } | undefined)?.code ?? 'UNKNOWN';

/** Each process must have a part of a batch. */
function requireShares({ batchSize }: ResolvedTrainOptions, { world }: TeamPlace): void {
  if (batchSize >= world) return;
  rejectOption(`${world} or more, one image for each process,`, '--batch-size', batchSize);
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
