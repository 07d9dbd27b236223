import path from 'node:path';
import type { TrainingSession } from '../backend/types';
import { ResnetFtError } from '../errors';
import { MODEL_FILE } from '../model/locate';
import type { ResolvedTrainOptions } from '../options';
import { invalidCheckpoint } from './checkpoint-file';
import { checkpointFile, readCheckpoint, removeNewer, type OpenedCheckpoint } from './checkpoints';
import { namesOf, type Cropped } from './crop-data';
import type { From } from './epochs';
import type { TrainEvent } from './events';
import type { SessionParts } from './open-session';
import { START } from './progress';
import type { ResumedRun } from './resume';
import type { RunControl } from './run';
import { versionsOf, type RunConfig } from './run-config';
import { RESULT } from './run-folder';
import { createSaver } from './save';

/** A run that is resumed, with all that has been opened for it. */
interface Resuming {
  resumed: ResumedRun;
  /** Undefined where the run was stopped before its first checkpoint. */
  opened: OpenedCheckpoint | undefined;
  parts: SessionParts;
  cropped: Cropped;
  options: ResolvedTrainOptions;
}

/** What `config.json` says of the images that a run goes without. */
type Unreadable = Pick<RunConfig, 'unreadable' | 'unreadableNames'>;

/**
 * Puts the session into the state of a checkpoint.
 *
 * @throws ResnetFtError CHECKPOINT_INVALID where the state is not that of such a session
 */
export async function restoreSession(session: TrainingSession, { file, checkpoint }: OpenedCheckpoint): Promise<void> {
  try {
    await session.restore(checkpoint.state);
  } catch (cause) {
    throw invalidCheckpoint(file, (cause as Error).message, { cause });
  }
}

/**
 * Brings the run's folder to where its checkpoint was written: from here on what was done after it is lost.
 *
 * @returns where the run stands; undefined where it begins anew
 * @throws ResnetFtError INVALID_OPTION, DATA_INVALID, CHECKPOINT_INVALID, OUTPUT_NOT_WRITABLE
 */
export async function goOn(
  session: TrainingSession,
  resuming: Resuming,
  { emit }: RunControl,
): Promise<From | undefined> {
  const { resumed, opened, parts, cropped, options } = resuming;
  const { config } = resumed;
  const { folder } = parts;
  requireSameReadable(config, {
    unreadable: cropped.unreadable,
    unreadableNames: namesOf(parts.dataset, cropped.unreadable),
  });
  const note = otherVersions(config, versionsOf(parts.trainer));
  if (note !== undefined) emit({ kind: 'note', note });
  const metricsEnd = opened?.checkpoint.metricsEnd ?? 0;
  // Before anything is taken away.
  folder.requireMetrics(metricsEnd);
  await folder.remove(RESULT);
  if (opened !== undefined) await removeNewer(folder.path, opened.file);
  // Last: killed in between, the folder has no checkpoint of which the metrics are gone.
  folder.cutMetrics(metricsEnd);
  if (opened === undefined) return undefined;
  const { file, checkpoint, best } = opened;
  const progress = { ...checkpoint.progress };
  if (options.keep === 'best') await writeBestModel(session, resuming, opened);
  const planned = plannedByLength(options);
  const isOtherLength = options.epochs !== config.options.epochs || options.steps !== config.options.steps;
  if (isOtherLength && planned !== undefined) {
    const note = `the run is of another length now, and ${planned} goes on as it would have been in a run of that length`;
    emit({ kind: 'note', note });
  }
  return { progress, last: path.basename(file), best };
}

/** What of the learning rates a run plans by its length; undefined where they are the same in a longer one. */
function plannedByLength({ schedule, warmup = 1 }: ResolvedTrainOptions): string | undefined {
  if (schedule !== 'constant') return `the ${schedule} schedule`;
  // A longer run is back in it, where it is a share of the steps.
  return warmup < 1 ? 'the warm-up' : undefined;
}

/** What a run that is resumed tells, once its folder says all that it now is. */
export function resumedEvent(opened: OpenedCheckpoint | undefined): TrainEvent {
  const { steps, epoch } = opened?.checkpoint.progress ?? START;
  return { kind: 'resumed', file: opened?.file, step: steps, epoch };
}

/** The images that could not be read must be those of then: else the epochs would have others. */
function requireSameReadable(then: Unreadable, now: Unreadable): void {
  // An older run has no names, only the paths of then: class and name are what stays of these where the folder has moved.
  const named = then.unreadableNames !== undefined;
  const names = ({ unreadable, unreadableNames = [] }: Unreadable): string[] =>
    named ? unreadableNames : unreadable.map(({ file }) => file.split(/[\\/]/).slice(-2).join('/'));
  const [before, after] = [names(then), names(now)];
  const readable = beyond(before, after);
  const other = readable ?? beyond(after, before);
  if (other === undefined) return;
  const change =
    readable !== undefined
      ? 'could not be read when the run began, and now it can'
      : 'could be read when the run began, and now it can not';
  throw new ResnetFtError('DATA_INVALID', `The data set is not the one that the run began with: ${other} ${change}`, {
    hint: 'Put the files back as they were, or begin a new run',
  });
}

/** The first name that a list has more often than another one. */
function beyond(list: readonly string[], other: readonly string[]): string | undefined {
  const left = new Map<string, number>();
  for (const name of other) left.set(name, (left.get(name) ?? 0) + 1);
  return list.find((name) => {
    const count = left.get(name) ?? 0;
    left.set(name, count - 1);
    return count < 1;
  });
}

/** What to say where other libraries compute now. */
function otherVersions({ versions: then }: RunConfig, now: RunConfig['versions']): string | undefined {
  const changes = Object.keys({ ...then, ...now })
    .filter((name) => name !== 'node' && then[name] !== now[name])
    .map((name) => `${name} ${then[name] ?? 'none'}, now ${now[name] ?? 'none'}`);
  if (changes.length === 0) return undefined;
  return `the run began with ${changes.join('; ')}: its figures may differ in the last digits from those of a run without a break`;
}

/** The model may be of an epoch after the checkpoint, which a run that goes on elsewhere need not come to again. */
async function writeBestModel(
  session: TrainingSession,
  { parts, options }: Resuming,
  { checkpoint, best }: OpenedCheckpoint,
): Promise<void> {
  const { folder, start, dataset } = parts;
  const epoch = checkpoint.progress.best?.record.epoch;
  if (epoch === undefined || (await epochOf(folder.file(MODEL_FILE))) === epoch) return;
  const file = best === undefined ? undefined : checkpointFile(folder.path, best);
  if (file === undefined) return;
  await restoreSession(session, await readCheckpoint(file));
  const card = { arch: start.arch, classes: dataset.classes, preprocessing: start.preprocessing };
  await createSaver(folder, session, { options, card }, () => {})(MODEL_FILE, epoch);
  await restoreSession(session, { file, checkpoint, best });
}

/** The epoch of which a file of weights says that it is; undefined where it is missing, or not whole. */
async function epochOf(file: string): Promise<number | undefined> {
  const { readWeights } = await import('../weights/index.js');
  return readWeights(file).then(
    ({ metadata }) => Number(metadata['epoch']),
    () => undefined,
  );
}
