import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { TrainingSession } from '../backend/types';
import { ResnetFtError } from '../errors';
import { codeOf, reasonOf } from '../files/reason';
import type { Spent } from './account';
import { decodeCheckpoint, encodeCheckpoint, invalidCheckpoint, type Checkpoint } from './checkpoint-file';
import type { CheckpointInterval } from './checkpoint-interval';
import type { TrainEvent } from './events';
import type { Pauses } from './fit';
import type { Progress } from './progress';
import { CHECKPOINT_NAME, CHECKPOINTS, type RunFolder } from './run-folder';

/**
 * Where nobody says how often, an epoch is not saved as long as fewer than so many times the seconds have passed that saving the last one took:
 * epochs of less than a second would else take more time to save than to compute. What is better than all before it is always saved.
 */
const REST = 20;

/** What {@link Checkpoints} works with. */
export interface CheckpointsOptions {
  folder: RunFolder;
  session: TrainingSession;
  interval: CheckpointInterval;
  emit: (event: TrainEvent) => void;
  /** What the run took until now. */
  spent: () => Spent;
  /** Of a run that is resumed: the name of the one from which it goes on, and of that of its best epoch. */
  last?: string | undefined;
  best?: string | undefined;
}

/**
 * Saves a run as it goes on: its last state, and that after its best epoch; older ones are removed. The state is copied between two
 * passes, and written while the next ones compute.
 */
export class Checkpoints implements Pauses {
  private readonly folder: RunFolder;
  private readonly session: TrainingSession;
  private readonly interval: CheckpointInterval;
  private readonly emit: (event: TrainEvent) => void;
  private readonly spent: () => Spent;
  /** Names of the files that are kept. */
  private best: string | undefined;
  private last: string | undefined;
  /** The write that is under way; never rejects. */
  private writing: Promise<void> = Promise.resolve();
  private failure: unknown;
  private begun = performance.now();
  private cost = 0;
  private saved: { steps: number; validated: boolean } | undefined;

  constructor({ folder, session, interval, emit, spent, last, best }: CheckpointsOptions) {
    this.folder = folder;
    this.session = session;
    this.interval = interval;
    this.emit = emit;
    this.spent = spent;
    this.last = last;
    this.best = best;
  }

  stepsLeft({ steps }: Progress): number {
    const { interval } = this;
    return interval.kind === 'steps' ? interval.steps - (steps % interval.steps) : Infinity;
  }

  isDue(): boolean {
    return this.interval.kind === 'time' && this.sinceBegun() >= this.interval.seconds;
  }

  async pause(progress: Progress, isBest: boolean): Promise<void> {
    const rests = this.interval.kind === 'default' && !isBest && this.sinceBegun() < REST * this.cost;
    if (!rests) await this.save(progress, isBest);
  }

  /**
   * Copies the session's state, and begins to write it, unless there is a checkpoint of this very state. Waits for the write before.
   *
   * @throws what the write before failed with
   */
  async save(progress: Progress, isBest = false): Promise<void> {
    if (this.interval.kind === 'never') return;
    await this.settle();
    const { steps } = progress;
    const validated = progress.trained === undefined;
    if (this.saved?.steps === steps && this.saved.validated === validated) return;
    this.begun = performance.now();
    const state = await this.session.state();
    // What it points to never changes, only what it consists of.
    const checkpoint = { state, progress: { ...progress }, metricsEnd: this.folder.metricsEnd, spent: this.spent() };
    const name = `step-${String(steps).padStart(8, '0')}.safetensors`;
    this.saved = { steps, validated };
    this.writing = this.write(name, checkpoint, isBest).catch((error: unknown) => {
      this.failure ??= error;
      this.saved = undefined;
    });
  }

  /**
   * Waits for the write that is under way.
   *
   * @throws what it failed with, once
   */
  async settle(): Promise<void> {
    await this.writing;
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure as Error;
  }

  /** The last one that was written; undefined where there is none. */
  async read(): Promise<Checkpoint | undefined> {
    return this.last === undefined ? undefined : (await readCheckpoint(this.file(this.last))).checkpoint;
  }

  /** Whether one was written, or the run goes on from one. */
  get hasAny(): boolean {
    return this.last !== undefined;
  }

  private sinceBegun(): number {
    return (performance.now() - this.begun) / 1000;
  }

  private file(name: string): string {
    return this.folder.file(path.join(CHECKPOINTS, name));
  }

  private async write(name: string, checkpoint: Checkpoint, isBest: boolean): Promise<void> {
    const { writeStateDict } = await import('../weights/index.js');
    const best = isBest ? name : this.best;
    const { tensors, metadata } = await encodeCheckpoint(checkpoint);
    const file = this.file(name);
    await this.folder.guard(path.join(CHECKPOINTS, name), async () => {
      await mkdir(path.dirname(file), { recursive: true });
      // Before what says how much of them there is.
      this.folder.syncMetrics();
      await writeStateDict(file, tensors, { metadata: best === undefined ? metadata : { ...metadata, best } });
    });
    this.best = best;
    this.last = name;
    this.cost = this.sinceBegun();
    // Only now that a newer one is there.
    await removeCheckpoints(this.folder.path, (other) => other !== this.last && other !== this.best);
    this.emit({ kind: 'checkpoint', file, step: checkpoint.progress.steps });
  }
}

/** A checkpoint, its path, and the name of the one of its run's best epoch. */
export interface OpenedCheckpoint {
  file: string;
  checkpoint: Checkpoint;
  best: string | undefined;
}

/**
 * The last checkpoint of a run's folder; undefined where there is none.
 *
 * @throws ResnetFtError CHECKPOINT_INVALID where the folder can't be read: to begin anew would take the place of what is in it
 */
export async function lastCheckpoint(run: string): Promise<string | undefined> {
  const folder = path.join(run, CHECKPOINTS);
  const names = await readdir(folder).catch((error: unknown): string[] => {
    if (codeOf(error) === 'ENOENT') return [];
    throw invalidCheckpoint(folder, `the folder can't be read: ${reasonOf(error)}`, {
      hint: 'Try again once its disk can be read',
      cause: error,
    });
  });
  const name = inOrder(names).at(-1);
  return name === undefined ? undefined : path.join(folder, name);
}

/** The path of a checkpoint by its name; undefined for what is no such name. */
export function checkpointFile(run: string, name: string): string | undefined {
  return CHECKPOINT_NAME.test(name) ? path.join(run, CHECKPOINTS, name) : undefined;
}

/** The run of which a file is a checkpoint, by its path; undefined where it is none. */
export function runOfCheckpoint(file: string): string | undefined {
  const absolute = path.resolve(file);
  if (!CHECKPOINT_NAME.test(path.basename(absolute)) || path.basename(path.dirname(absolute)) !== CHECKPOINTS)
    return undefined;
  return path.dirname(path.dirname(absolute));
}

/**
 * Removes the checkpoints of more steps than `file`, from which a run goes on: they are no longer of this run. The last one first: killed in
 * between, the run goes on from one whose best epoch is there yet.
 */
export async function removeNewer(run: string, file: string): Promise<void> {
  const own = stepsOf(path.basename(file));
  await removeCheckpoints(run, (name) => stepsOf(name) > own);
}

/**
 * Reads a checkpoint.
 *
 * @returns it, and the name of the one of its run's best epoch, beside it
 * @throws ResnetFtError CHECKPOINT_INVALID
 */
export async function readCheckpoint(file: string): Promise<OpenedCheckpoint> {
  const { readWeights } = await import('../weights/index.js');
  try {
    const { tensors, metadata } = await readWeights(file);
    return { file, checkpoint: await decodeCheckpoint(file, tensors, metadata), best: metadata['best'] };
  } catch (error) {
    if (!(error instanceof ResnetFtError)) throw error;
    const { message, cause } = error;
    const others = (await checkpointsOf(path.dirname(path.dirname(file)))).filter(
      (name) => name !== path.basename(file),
    );
    const hint =
      error.hint ??
      (others.length === 0
        ? 'There is no other checkpoint of this run: begin it anew in another folder'
        : `Go on from another one: --resume ${path.join(path.dirname(file), others.at(-1) as string)}`);
    if (error.code === 'CHECKPOINT_INVALID') throw new ResnetFtError(error.code, message, { hint, cause });
    throw invalidCheckpoint(file, message.replace(`weights ${file}: `, ''), { hint, cause });
  }
}

const stepsOf = (name: string): number => Number(CHECKPOINT_NAME.exec(name)?.[1]);

/** Names of the checkpoints, by their steps; none where the folder can't be read. */
async function checkpointsOf(run: string): Promise<string[]> {
  return inOrder(await readdir(path.join(run, CHECKPOINTS)).catch((): string[] => []));
}

const inOrder = (names: readonly string[]): string[] =>
  names.filter((name) => CHECKPOINT_NAME.test(name)).sort((a, b) => stepsOf(a) - stepsOf(b));

/** Never fails: what can't be removed now is removed after the next one, and does no harm until then. */
async function removeCheckpoints(run: string, isMeant: (name: string) => boolean): Promise<void> {
  for (const name of (await checkpointsOf(run)).filter(isMeant).reverse()) {
    await rm(path.join(run, CHECKPOINTS, name), { force: true }).catch(() => {});
  }
}
