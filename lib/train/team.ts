import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { openBackend } from '../backend/registry';
import type { Backend } from '../backend/types';
import type { Dataset } from '../data/dataset';
import { fingerprint, requireSameData, type DataPrint } from '../data/fingerprint';
import type { Sample } from '../data/image-folder';
import { ResnetFtError } from '../errors';
import { removeStale, temporaryName } from '../files/stale';
import { cachePath } from '../machine/cache';
import { packageVersion } from '../machine/version';
import { bytesOf } from '../options/size';
import { kebab, rejectOption, type Preprocessing, type ResolvedTrainOptions, type TrainOptions } from '../options';
import { connectTeam } from '../team/connect';
import { deviceOfTeam } from '../team/device';
import { follow, type FollowerOptions, type MakeCrops } from '../team/follower';
import { TeamMachine } from '../team/machine';
import type { TeamPlace } from '../team/place';
import type { SharedStores } from '../team/stores';
import type { Team } from '../team/team';
import { threadsOfTeam } from '../team/threads';
import { capital } from '../text/capital';
import { cropData, namesOf } from './crop-data';
import type { TrainResult } from './events';
import type { TrainSplit } from './fit';
import { cropWhole } from './head';
import { openData } from './open-data';
import { beginningOptions, openRun } from './resume';
import { runControl, type RunControl, type TrainControl } from './run';
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
 * of every batch. Processes that were started anew go on with the run that they had begun.
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
  const connect = async (): Promise<Team> => (team ??= await connectTeam(place, device, timeout));
  // Only once it is known that the images are there: what is wrong with them is said at once.
  const join: Join = async (data, dataset) => {
    const joined = await connect();
    await agree(joined, backend, options, data);
    // All have these: they need not travel.
    for (const samples of [dataset.train, dataset.val]) joined.arrays.add(targetsOf(samples));
    return joined;
  };
  try {
    if (place.rank === 0) {
      const begun = await begunRun(input, place, connect, control);
      const result = await runTraining({ ...input, ...begun, backend: 'native', device }, control, join);
      await team?.tellEnd();
      return result;
    }
    // Only process 0 tells what happens.
    const quiet = runControl(control.signal === undefined ? {} : { signal: control.signal }, options.offline);
    const dataset = await openData(options, quiet);
    const { print } = await fingerprint(dataset);
    await followFirst(await join(print, dataset), { options, dataset, backend, device }, quiet);
    return undefined;
  } catch (error) {
    if (place.rank > 0) await team?.tellFailure(error);
    else await team?.tell({ call: 'end', error: { code: codeOf(error) } }).catch(() => {});
    throw error;
  } finally {
    await team?.connection.close();
  }
}

/** The run that processes which were started anew go on with. */
async function begunRun(
  { resume, output }: TrainOptions,
  { restarts }: TeamPlace,
  connect: () => Promise<Team>,
  { onEvent }: TrainControl,
): Promise<{ resume?: string }> {
  if (restarts === 0 || resume !== undefined) return {};
  const folder = (await (await connect()).keptRun()) ?? output;
  if (folder !== undefined) return { resume: folder };
  const note =
    'the processes were started anew, and nobody knows the folder of the run that they had begun: this is a new one; --output or --resume names it';
  onEvent?.({ kind: 'note', note });
  return {};
}

/** Does what process 0 does; on a machine that shares no files with that one, with crops of its own. */
async function followFirst(
  team: Team,
  {
    options,
    dataset,
    backend,
    device,
  }: Pick<FollowerOptions, 'backend' | 'device'> & {
    options: ResolvedTrainOptions;
    dataset: Dataset;
  },
  { signal }: RunControl,
): Promise<void> {
  const base = options.cacheDir === undefined ? cachePath('crops') : path.resolve(options.cacheDir);
  const machine = await TeamMachine.other(team, team.firstMachine, async () => {
    await removeStale(base);
    const folder = temporaryName(path.join(base, 'team'));
    await mkdir(folder, { recursive: true });
    return folder;
  });
  let made: { train: TrainSplit; preprocessing: Preprocessing } | undefined;
  const makeCrops: MakeCrops = async ({ stores, folder, preprocessing, shortSide }) => {
    const cache = { dir: base, limit: bytesOf(options.cropCache), reserve: 0 };
    const { train, unreadable } = await cropData({
      ...{ backend: stores, dataset, preprocessing, shortSide, signal, stores: [] },
      skipUnreadable: options.skipUnreadable,
      storage: { memory: 0, folder, reserve: 0, cache },
      emit: () => {},
    });
    made = { train, preprocessing };
    return { unreadable: namesOf(dataset, unreadable) };
  };
  const fixCrops = async (stores: SharedStores): Promise<void> => {
    if (made !== undefined) await cropWhole(stores, made.train, made.preprocessing, { signal });
  };
  try {
    const threads = options.threads ?? threadsOfTeam();
    await follow(team, { backend, machine, makeCrops, fixCrops, device, threads, signal });
  } finally {
    if (machine.folder !== undefined) await rm(machine.folder, { recursive: true, force: true }).catch(() => {});
  }
}

const targetsOf = (samples: readonly Sample[]): Int32Array => Int32Array.from(samples, ({ target }) => target);

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
  const difference = await team.meet(common);
  if (difference === undefined) return;
  const { first, name } = difference;
  const message = `${capital(name)} ${differenceOf(first, common)}`;
  throw new ResnetFtError('TEAM_INVALID', message, { hint: 'Start all processes alike' });
}

/** What another process has that process 0 has not. */
function differenceOf(first: Common, other: Common): string {
  for (const [name, version] of Object.entries(first.versions)) {
    const its = other.versions[name];
    if (its !== version) return `has ${name} ${its ?? 'none'}, and process 1 has ${version ?? 'none'}`;
  }
  const names = new Set([...Object.keys(first.options), ...Object.keys(other.options)]) as Set<
    keyof ResolvedTrainOptions
  >;
  for (const name of names) {
    const [own, its] = [first.options[name], other.options[name]];
    if (isDeepStrictEqual(own, its)) continue;
    return `has --${kebab(name)} ${String(its ?? 'left out')}, and process 1 has ${String(own ?? 'left out')}`;
  }
  try {
    requireSameData(first.data, other.data);
  } catch (error) {
    const what = (error as Error).message.replace(/^.*: class/, 'class');
    return `has other images than process 1: ${what.replace('had', 'process 1 has')}`;
  }
  return 'is not like process 1';
}
