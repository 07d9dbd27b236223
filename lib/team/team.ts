import os from 'node:os';
import type { SessionOptions, TeamConnection, TrainEpochOptions, ValidationOptions } from '../backend/types';
import { oneLine, ResnetFtError } from '../errors';
import { decode, encode } from './codec';
import type { TeamPlace } from './place';

/** A store of the machine that has made it, as the others open it. */
export interface SharedStore {
  id: number;
  file: string;
  count: number;
  /** Of a store of crops. */
  size?: number;
  /** Of a store of images. */
  table?: Float64Array;
}

/** What of a pass travels: its store by number. */
export type PassOf<T> = Omit<T, 'store'> & { store: number };

/** What process 0 tells the others to do as well. */
export type Command =
  | { call: 'open'; store: SharedStore }
  | { call: 'createSession'; session: number; options: Omit<SessionOptions, 'team' | 'device' | 'threads'> }
  | { call: 'trainEpoch'; session: number; options: PassOf<TrainEpochOptions> }
  | { call: 'evaluate'; session: number; options: PassOf<ValidationOptions> }
  | { call: 'shareState' | 'useKept' | 'close'; session: number }
  /** With the error that has ended the training, where one has. */
  | { call: 'end'; error?: { code: string } };

/** What a process says of itself when it comes. */
export interface Hello {
  host: string;
  pid: number;
  [key: string]: unknown;
}

/** Milliseconds between two looks at how the others are. */
const LOOK = 1000;
/** Milliseconds in which a process that has failed may say so. */
const LAST_WORDS = 2000;
/** Of the errors of c10d, which are about another process. */
const LOST = 'lost: ';

const lost = (message: string, cause?: unknown): ResnetFtError =>
  new ResnetFtError('TEAM_LOST', message, {
    hint: 'The run goes on from its last checkpoint with --resume',
    ...(cause === undefined ? {} : { cause }),
  });

/** This process among those that train with it: what they tell each other, and how they fare. */
export class Team {
  private commands = 0;
  private hellos: Hello[] = [];

  /** @param timeout seconds without a sign of life after which a process is lost */
  constructor(
    readonly connection: TeamConnection,
    readonly place: TeamPlace,
    private readonly timeout: number,
  ) {}

  /** What a person calls a process. */
  private nameOf(rank: number): string {
    const known = this.hellos[rank];
    const where = known === undefined ? '' : ` (${known.host}, pid ${known.pid})`;
    return `process ${rank + 1} of ${this.place.world}${where}`;
  }

  /**
   * Exchanges what the processes say of themselves; all get that of all.
   *
   * @throws ResnetFtError TEAM_LOST
   */
  async meet(own: Record<string, unknown>): Promise<Hello[]> {
    const hello: Hello = { ...own, host: os.hostname(), pid: process.pid };
    await this.guard(() => this.connection.set(`hello/${this.place.rank}`, encode(hello)));
    const all: Hello[] = [];
    for (let rank = 0; rank < this.place.world; rank++) {
      all.push(decode(await this.wait(`hello/${rank}`)) as Hello);
      this.hellos = all;
    }
    return all;
  }

  /** Tells the others what to do next. */
  async tell(command: Command): Promise<void> {
    const key = `command/${this.commands++}`;
    await this.guard(() => this.connection.set(key, encode(command)));
  }

  /** Waits for what process 0 tells. */
  async next(): Promise<Command> {
    return decode(await this.wait(`command/${this.commands++}`)) as Command;
  }

  /** Says that this process has done something that process 0 waits for. */
  async done(what: string): Promise<void> {
    const count = await this.guard(() => this.connection.add(what, 1));
    if (count === this.place.world - 1) await this.guard(() => this.connection.set(`${what}/all`, ''));
  }

  /** Waits until all others have said so. */
  async allDone(what: string): Promise<void> {
    await this.wait(`${what}/all`);
  }

  /** Tells the others which error ends this process. */
  async tellFailure(error: unknown): Promise<void> {
    if (error instanceof ResnetFtError && error.code === 'TEAM_LOST') return;
    const line = oneLine(error instanceof Error ? error.message : String(error));
    await this.connection.set('failure', encode({ rank: this.place.rank, line })).catch(() => {});
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
      if (failed !== undefined) throw this.failureOf(failed);
      this.requireLiving();
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
      if (!answered) this.requireLiving();
    }
    return asked;
  }

  private requireLiving(): void {
    const silent = this.connection.silent().find(({ seconds }) => seconds > this.timeout);
    if (silent !== undefined) throw this.silence(silent);
  }

  private failureOf(text: string): ResnetFtError {
    const { rank, line } = decode(text) as { rank: number; line: string };
    return lost(`${capital(this.nameOf(rank))} has failed: ${line}`);
  }

  private silence({ rank, seconds }: { rank: number; seconds: number }): ResnetFtError {
    return lost(`${capital(this.nameOf(rank))} has given no sign of life for ${Math.round(seconds)} s`);
  }

  private async whoIsLost(error: Error): Promise<ResnetFtError> {
    const words = this.connection.get('failure', LAST_WORDS).catch(() => undefined);
    const failed = await Promise.race([words, pause(2 * LAST_WORDS)]);
    if (failed !== undefined) return this.failureOf(failed);
    // A process that was killed falls silent only a few seconds afterwards.
    for (let look = 0; look < 6; look++) {
      const silent = this.connection.silent().sort((a, b) => b.seconds - a.seconds)[0];
      if (silent !== undefined) {
        return lost(`${capital(this.nameOf(silent.rank))} is gone, or does not answer`, error);
      }
      await pause(LOOK);
    }
    const why = oneLine(error.message.slice(LOST.length));
    return lost(`Another process of the training is lost: ${why}`, error);
  }
}

const pause = (milliseconds: number): Promise<undefined> =>
  new Promise((resolve) => setTimeout(() => resolve(undefined), milliseconds));

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
