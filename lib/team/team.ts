import { createHash } from 'node:crypto';
import os from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { SessionOptions, TeamConnection, TrainEpochOptions, ValidationOptions } from '../backend/types';
import { oneLine, ResnetFtError } from '../errors';
import type { Preprocessing } from '../options';
import { capital } from '../text/capital';
import { decode, encode, KnownArrays } from './codec';
import { machineName } from './machine';
import type { TeamPlace } from './place';

/** What of a pass travels: its store by number. */
export type PassOf<T> = Omit<T, 'store'> & { store: number };

/** What process 0 tells the others to do as well. */
export type Command =
  /** On each other machine the process that leads makes the crops of its images, with what was measured of the first ones. */
  | { call: 'crops'; preprocessing: Preprocessing; shortSide: number | undefined }
  /** Those images could not be read. */
  | { call: 'cropped'; unreadable: string[] }
  /** Likewise the fixed crops of the training images, of which windows are cut otherwise. */
  | { call: 'fixCrops' }
  | { call: 'open'; store: number }
  /** The store is not needed any more. */
  | { call: 'closeStore'; store: number }
  | { call: 'createSession'; session: number; options: Omit<SessionOptions, 'team' | 'device' | 'threads'> }
  | { call: 'trainEpoch'; session: number; options: PassOf<TrainEpochOptions> }
  | { call: 'evaluate'; session: number; options: PassOf<ValidationOptions> }
  | { call: 'shareState' | 'useKept' | 'close'; session: number }
  /** With the error that has ended the training, where one has. */
  | { call: 'end'; error?: { code: string } };

/** What a process says of itself when it comes. */
interface Hello {
  host: string;
  pid: number;
  /** As `machineName`. */
  machine: string;
}

/** What process 0 has that another one has not. */
export interface Difference<T> {
  first: T;
  /** Whom `first` is of. */
  name: string;
}

/** Milliseconds between two looks at how the others are. */
const LOOK = 1000;
/** Milliseconds in which a process that has failed may say so. */
const LAST_WORDS = 2000;
/** Milliseconds in which the others may hear that all is done. */
const ENDING = 10_000;
/** Of the errors of c10d, which are about another process. */
const LOST = 'lost: ';

const lost = (message: string, cause?: unknown): ResnetFtError =>
  new ResnetFtError('TEAM_LOST', message, {
    hint: 'The run goes on from its last checkpoint with --resume',
    ...(cause === undefined ? {} : { cause }),
  });

/** Why a process has ended, as it tells the others. */
interface Failure {
  /** What a person calls it. */
  name: string;
  line: string;
  /** Where it is not like process 0: the hint. */
  differs: string | undefined;
}

function failureOf(text: string): ResnetFtError {
  const { name, line, differs } = decode(text) as Failure;
  if (differs !== undefined) return new ResnetFtError('TEAM_INVALID', line, { hint: differs });
  return lost(`${capital(name)} has failed: ${line}`);
}

function named(rank: number, world: number, known: { host: string; pid: number } | undefined): string {
  const where = known === undefined ? '' : ` (${known.host}, pid ${known.pid})`;
  return `process ${rank + 1} of ${world}${where}`;
}

/** This process among those that train with it: what they tell each other, and how they fare. */
export class Team {
  private commands = 0;
  /** Of process 0; others are looked up where they are to be named. */
  private first: Hello | undefined;
  /** What travels once. */
  readonly arrays = new KnownArrays();

  /** @param timeout seconds without a sign of life after which a process is lost */
  constructor(
    readonly connection: TeamConnection,
    readonly place: TeamPlace,
    private readonly timeout: number,
  ) {}

  /** What a person calls a process. */
  private async nameOf(rank: number): Promise<string> {
    const { rank: own, world } = this.place;
    const asked =
      own === 0
        ? await Promise.race([this.connection.get(`hello/${rank}`, 0).catch(() => undefined), pause(LOOK)])
        : undefined;
    const known = asked === undefined ? (rank === 0 ? this.first : undefined) : (decode(asked) as Hello);
    return named(rank, world, known);
  }

  /**
   * Says what this process is, and holds what all must have alike against what process 0 has: by a hash first.
   *
   * @returns undefined where it is the same
   * @throws ResnetFtError TEAM_LOST
   */
  async meet<T>(common: T): Promise<Difference<T> | undefined> {
    const { rank, world } = this.place;
    const text = encode(common);
    const hash = createHash('sha256').update(text).digest('base64');
    const hello: Hello = { host: os.hostname(), pid: process.pid, machine: machineName() };
    if (rank === 0) {
      await this.publish('common', common);
      await this.publish('hash', hash);
    }
    await this.publish(`hello/${rank}`, hello);
    if (rank === 0) {
      this.first = hello;
      await this.allDone('met');
      return undefined;
    }
    this.first = (await this.read('hello/0')) as Hello;
    if ((await this.read('hash')) !== hash) {
      const first = (await this.read('common')) as T;
      // What is written differently may be the same.
      if (!isDeepStrictEqual(first, decode(text))) return { first, name: named(rank, world, hello) };
    }
    await this.done('met');
    return undefined;
  }

  /** The machine of process 0, once {@link meet} has been there. */
  get firstMachine(): string {
    return this.first?.machine ?? '';
  }

  /** Sets a value that the others {@link read}. */
  async publish(key: string, value: unknown): Promise<void> {
    await this.guard(() => this.connection.set(key, encode(value)));
  }

  /** Waits for a value that another process publishes. */
  async read(key: string): Promise<unknown> {
    return decode(await this.wait(key));
  }

  /** Keeps the folder of the run for processes that are started anew. */
  async keepRun(folder: string): Promise<void> {
    await this.guard(() => this.connection.keep('run', folder));
  }

  /** The folder of the run that the processes had begun before they were started anew; undefined where nobody has kept it. */
  async keptRun(): Promise<string | undefined> {
    return this.guard(() => this.connection.kept('run'));
  }

  /** Adds 1 to a counter, and gives what it is then. */
  async count(key: string): Promise<number> {
    return this.guard(() => this.connection.add(key, 1));
  }

  /** Tells the others what to do next. */
  async tell(command: Command): Promise<void> {
    const key = `command/${this.commands++}`;
    await this.guard(() => this.connection.set(key, encode(command, this.arrays)));
  }

  /** Waits for what process 0 tells. */
  async next(): Promise<Command> {
    return decode(await this.wait(`command/${this.commands++}`), this.arrays) as Command;
  }

  /** Says that this process has done something that process 0 waits for. */
  async done(what: string): Promise<void> {
    const count = await this.count(what);
    if (count === this.place.world - 1) await this.guard(() => this.connection.set(`${what}/all`, ''));
  }

  /** Waits until all others have said so. */
  async allDone(what: string): Promise<void> {
    await this.wait(`${what}/all`);
  }

  /**
   * Tells the others that all is done, and waits a moment for them to hear of it: the store may be gone with this process. Never fails: what
   * there is does not depend on them.
   */
  async tellEnd(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ENDING)));
    const heard = this.tell({ call: 'end' }).then(() => this.allDone('end'));
    await Promise.race([heard.catch(() => {}), late]);
    clearTimeout(timer);
  }

  /** Tells the others which error ends this process. */
  async tellFailure(error: unknown): Promise<void> {
    if (error instanceof ResnetFtError && error.code === 'TEAM_LOST') return;
    const failure: Failure = {
      name: named(this.place.rank, this.place.world, { host: os.hostname(), pid: process.pid }),
      line: oneLine(error instanceof Error ? error.message : String(error)),
      differs: error instanceof ResnetFtError && error.code === 'TEAM_INVALID' ? (error.hint ?? '') : undefined,
    };
    await this.connection.set('failure', encode(failure)).catch(() => {});
  }

  /**
   * Runs something that needs the others.
   *
   * @throws ResnetFtError TEAM_LOST that says who is missing, and why as far as it is known
   */
  async guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'NATIVE_ERROR' || !message.startsWith(LOST)) throw error;
      throw await this.whoIsLost(error as Error);
    }
  }

  /** Waits for a value as long as the others live. */
  private async wait(key: string): Promise<string> {
    for (;;) {
      const value = await this.answer(() => this.connection.get(key, LOOK));
      if (value !== undefined) return value;
      const failed = await this.answer(() => this.connection.get('failure', 0));
      if (failed !== undefined) throw failureOf(failed);
      await this.requireLiving();
    }
  }

  /** What the store answers; it has no time-outs of its own, and whoever has it may have been stopped. */
  private async answer<T>(ask: () => Promise<T>): Promise<T> {
    const asked = this.guard(ask);
    let answered = false;
    const settled = asked.then(
      () => (answered = true),
      () => (answered = true),
    );
    while (!answered) {
      await Promise.race([settled, pause(LOOK)]);
      if (!answered) await this.requireLiving();
    }
    return asked;
  }

  private async requireLiving(): Promise<void> {
    const silent = this.connection.silent().find(({ seconds }) => seconds > this.timeout);
    if (silent === undefined) return;
    const name = await this.nameOf(silent.rank);
    throw lost(`${capital(name)} has given no sign of life for ${Math.round(silent.seconds)} s`);
  }

  private async whoIsLost(error: Error): Promise<ResnetFtError> {
    const words = this.connection.get('failure', LAST_WORDS).catch(() => undefined);
    const failed = await Promise.race([words, pause(2 * LAST_WORDS)]);
    if (failed !== undefined) return failureOf(failed);
    // A process that was killed falls silent only a few seconds afterwards.
    for (let look = 0; look < 6; look++) {
      const silent = this.connection.silent().sort((a, b) => b.seconds - a.seconds)[0];
      if (silent !== undefined) {
        return lost(`${capital(await this.nameOf(silent.rank))} is gone, or does not answer`, error);
      }
      await pause(LOOK);
    }
    const why = oneLine(error.message.slice(LOST.length));
    return lost(`Another process of the training is lost: ${why}`, error);
  }
}
