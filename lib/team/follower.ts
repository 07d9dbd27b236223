import type { Backend, CropStore, ImageStore, TrainingSession } from '../backend/types';
import { ResnetFtError } from '../errors';
import type { SharedStore, Team } from './team';

/** Where and how a process computes its part. */
export interface FollowerMachine {
  backend: Backend;
  device: string;
  threads: number;
  signal: AbortSignal;
}

/**
 * Does what process 0 does, until that ends.
 *
 * @throws ResnetFtError TEAM_LOST where another process is gone or process 0 has failed; ABORTED; what a call of the backend throws
 */
export async function follow(team: Team, machine: FollowerMachine): Promise<void> {
  const { backend, device, threads, signal } = machine;
  const stores = new Map<number, CropStore | ImageStore>();
  const sessions = new Map<number, TrainingSession>();
  const cancel = (): void => sessions.forEach((session) => session.cancel());
  signal.addEventListener('abort', cancel);
  const sessionOf = (id: number): TrainingSession => known(sessions, id, 'session');
  /** A pass, which stops where this process was told to before it began. */
  const pass = <T>(work: () => Promise<T>): Promise<T> =>
    team.guard(() => {
      const running = work();
      if (signal.aborted) cancel();
      return running;
    });
  try {
    for (;;) {
      const command = await team.next();
      switch (command.call) {
        case 'open':
          stores.set(command.store.id, openStore(backend, command.store));
          await team.done(`open/${command.store.id}`);
          break;
        case 'createSession': {
          const options = { ...command.options, device, threads, team: team.connection };
          sessions.set(command.session, await backend.createSession(options));
          break;
        }
        case 'trainEpoch': {
          const store = known(stores, command.options.store, 'store');
          const session = sessionOf(command.session);
          await pass(() => session.trainEpoch({ ...command.options, store }, () => {}));
          break;
        }
        case 'evaluate': {
          const store = known(stores, command.options.store, 'store') as CropStore;
          const session = sessionOf(command.session);
          await pass(() => session.evaluate({ ...command.options, store }, () => {}));
          break;
        }
        case 'shareState':
          await team.guard(async () => sessionOf(command.session).shareState?.());
          break;
        case 'useKept':
          await sessionOf(command.session).useKept();
          break;
        case 'close':
          await sessionOf(command.session).close();
          sessions.delete(command.session);
          break;
        case 'end':
          return ended(command.error);
      }
    }
  } finally {
    signal.removeEventListener('abort', cancel);
    await Promise.all([...sessions.values()].map((session) => session.close()));
    stores.forEach((store) => store.close());
  }
}

function ended(error: { code: string } | undefined): void {
  if (error === undefined) return;
  if (error.code === 'ABORTED') throw new ResnetFtError('ABORTED', 'The training was stopped');
  throw new ResnetFtError('TEAM_LOST', 'Process 1 has ended the training by an error');
}

function openStore(backend: Backend, { file, count, size, table }: SharedStore): CropStore | ImageStore {
  if (table !== undefined) return backend.openImageStore(file, table);
  return backend.openCropStore(file, count, size ?? 0);
}

function known<T>(all: Map<number, T>, id: number, what: string): T {
  const found = all.get(id);
  if (found === undefined) throw new Error(`there is no ${what} ${id}`);
  return found;
}
