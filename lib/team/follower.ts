import type { Backend, CropStore, ImageStore, TrainingSession } from '../backend/types';
import { aborted, ResnetFtError } from '../errors';
import type { Preprocessing } from '../options';
import type { TeamMachine } from './machine';
import { openStore, SharedStores } from './stores';
import type { Command, Team } from './team';

/** How the crops of a training are made, and their stores. */
export type MakeCrops = (how: {
  stores: SharedStores;
  folder: string;
  preprocessing: Preprocessing;
  /** As of `cropData`. */
  shortSide: number | undefined;
}) => Promise<{ unreadable: string[] }>;

/** Where and how a process computes its part. */
export interface FollowerOptions {
  backend: Backend;
  machine: TeamMachine;
  makeCrops: MakeCrops;
  /** Makes fixed crops of the training images that `makeCrops` has kept whole. */
  fixCrops: (stores: SharedStores) => Promise<void>;
  device: string;
  threads: number;
  signal: AbortSignal;
}

/**
 * Does what process 0 does, until that ends.
 *
 * @throws ResnetFtError TEAM_LOST where another process is gone or process 0 has failed; TEAM_INVALID where this machine can't read what the
 * first one can; ABORTED; what a call of the backend throws
 */
export async function follow(team: Team, options: FollowerOptions): Promise<void> {
  const follower = new Follower(team, options);
  try {
    for (;;) {
      const command = await team.next();
      if (command.call === 'end') {
        ended(command.error);
        return await team.done('end');
      }
      await follower.do(command);
    }
  } finally {
    await follower.close();
  }
}

/** What a process has of those that process 0 has, and how it does the same with them. */
class Follower {
  private readonly open = new Map<number, CropStore | ImageStore>();
  private readonly sessions = new Map<number, TrainingSession>();
  /** Where this process leads on its machine. */
  private readonly made: SharedStores | undefined;
  private unreadable: string[] = [];
  /** Of which the name is still there, for the others of the machine to open them. */
  private readonly shown = new Set<CropStore | ImageStore>();
  private readonly cancel = (): void => this.sessions.forEach((session) => session.cancel());

  constructor(
    private readonly team: Team,
    private readonly options: FollowerOptions,
  ) {
    const { machine, backend, signal } = options;
    this.made = machine.folder === undefined ? undefined : new SharedStores(backend, machine.folder);
    signal.addEventListener('abort', this.cancel);
  }

  async do(command: Exclude<Command, { call: 'end' }>): Promise<void> {
    const { team } = this;
    const { backend, machine, device, threads } = this.options;
    // Process 0 goes on only when all have opened what it told them to.
    this.shown.forEach((store) => store.unlink?.());
    this.shown.clear();
    switch (command.call) {
      case 'crops':
        return this.crop(command);
      case 'cropped':
        return this.compareCrops(command.unreadable);
      case 'fixCrops':
        // Elsewhere they are opened like any other store.
        return this.made === undefined ? undefined : this.options.fixCrops(this.made);
      case 'open':
        this.open.set(command.store, await this.openStore(command.store));
        return team.done(`open/${command.store}`);
      case 'closeStore':
        known(this.open, command.store, 'store').close();
        this.open.delete(command.store);
        return;
      case 'createSession': {
        const own = { ...command.options, device, threads, team: team.connection };
        const shared = await machine.sharing(command.session, own);
        this.sessions.set(command.session, await backend.createSession(shared));
        return;
      }
      case 'trainEpoch': {
        const store = known(this.open, command.options.store, 'store');
        const session = this.sessionOf(command.session);
        await this.pass(() => session.trainEpoch({ ...command.options, store }, () => {}));
        return;
      }
      case 'evaluate': {
        const store = known(this.open, command.options.store, 'store') as CropStore;
        const session = this.sessionOf(command.session);
        await this.pass(() => session.evaluate({ ...command.options, store }, () => {}));
        return;
      }
      case 'shareState':
        return team.guard(async () => this.sessionOf(command.session).shareState?.());
      case 'useKept':
        return this.sessionOf(command.session).useKept();
      case 'close':
        await this.sessionOf(command.session).close();
        this.sessions.delete(command.session);
        return machine.removeFeatures(command.session);
    }
  }

  async close(): Promise<void> {
    this.options.signal.removeEventListener('abort', this.cancel);
    for (const [number, session] of this.sessions) {
      await session.close();
      this.options.machine.removeFeatures(number);
    }
    this.open.forEach((store) => store.close());
    this.made?.close();
  }

  private sessionOf(id: number): TrainingSession {
    return known(this.sessions, id, 'session');
  }

  /** A pass, which stops where this process was told to before it began. */
  private pass<T>(work: () => Promise<T>): Promise<T> {
    return this.team.guard(() => {
      const running = work();
      if (this.options.signal.aborted) this.cancel();
      return running;
    });
  }

  private async crop({ preprocessing, shortSide }: Extract<Command, { call: 'crops' }>): Promise<void> {
    const { folder } = this.options.machine;
    if (this.made === undefined || folder === undefined) return;
    const { unreadable } = await this.options.makeCrops({ stores: this.made, folder, preprocessing, shortSide });
    this.unreadable = unreadable;
  }

  private compareCrops(ofFirst: string[]): void {
    if (this.made === undefined) return;
    const [here, there] = [new Set(this.unreadable), new Set(ofFirst)];
    const differs = [...here].find((file) => !there.has(file)) ?? ofFirst.find((file) => !here.has(file));
    if (differs === undefined) return;
    const can = here.has(differs) ? 'process 1 can read, and this machine can not' : 'process 1 can not read';
    throw new ResnetFtError('TEAM_INVALID', `${differs}: an image that ${can}`, {
      hint: 'All machines must have the same images',
    });
  }

  private async openStore(number: number): Promise<CropStore | ImageStore> {
    const { machine, backend } = this.options;
    if (this.made === undefined) return openStore(backend, await machine.storeOf(number));
    const { store, shared } = this.made.get(number);
    await machine.publishStore(number, shared);
    this.shown.add(store);
    return store;
  }
}

function ended(error: { code: string } | undefined): void {
  if (error === undefined) return;
  if (error.code === 'ABORTED') throw aborted(undefined, 'The training was stopped');
  throw new ResnetFtError('TEAM_LOST', 'Process 1 has ended the training by an error');
}

function known<T>(all: Map<number, T>, id: number, what: string): T {
  const found = all.get(id);
  if (found === undefined) throw new Error(`there is no ${what} ${id}`);
  return found;
}
