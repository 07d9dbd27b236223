import path from 'node:path';
import type {
  Backend,
  CropStore,
  ImageStore,
  TrainEpochOptions,
  TrainingSession,
  ValidationOptions,
} from '../backend/types';
import { ResnetFtError } from '../errors';
import { temporaryName } from '../files/stale';
import type { SharedStore, Team } from './team';

/** Stores that the others may have to open, and which of them they have. */
class Stores {
  private readonly known = new Map<object, SharedStore>();
  private readonly open = new Set<object>();

  constructor(private readonly team: Team) {}

  add(store: CropStore | ImageStore, file: string, size?: number): void {
    const id = this.known.size;
    this.known.set(store, { id, file, count: store.count, ...(size === undefined ? {} : { size }) });
  }

  /** The number of a store that all have open. */
  async numberOf(store: CropStore | ImageStore): Promise<number> {
    const shared = this.known.get(store);
    if (shared === undefined) throw new Error('a store that was not made for several processes');
    if (!this.open.has(store)) {
      this.open.add(store);
      const { team } = this;
      await team.tell({ call: 'open', store: 'table' in store ? { ...shared, table: store.table() } : shared });
      await team.allDone(`open/${shared.id}`);
      store.unlink?.();
    }
    return shared.id;
  }
}

/**
 * A backend whose sessions train together with the other processes of a team, which do what this one does. What this process alone decides
 * and writes is as ever.
 *
 * @param folder for files that the processes share: all machines must have it
 */
export function conducted(backend: Backend, team: Team, folder: string): Backend {
  const stores = new Stores(team);
  let sessions = 0;
  const shared = (file: string | undefined, name: string): string => file ?? temporaryName(path.join(folder, name));
  return {
    ...backend,
    createCropStore(count, size, given) {
      const file = shared(given, 'crops');
      const store = backend.createCropStore(count, size, file, true);
      stores.add(store, file, size);
      return store;
    },
    createImageStore(count, options) {
      const file = shared(options.file, 'images');
      const store = backend.createImageStore(count, { ...options, file, shared: true });
      stores.add(store, file);
      return store;
    },
    async createSession(options) {
      const session = sessions++;
      // Each process keeps features: what one may take is for all of the machine.
      const own = { ...options, cacheMemory: Math.floor(options.cacheMemory / team.place.localWorld) };
      const { device: _device, threads: _threads, ...told } = own;
      await team.tell({ call: 'createSession', session, options: { ...told, cacheDisk: 0, cacheFile: '' } });
      const made = await backend.createSession({ ...own, team: team.connection });
      const conducting = new ConductedSession(made, session, team, stores);
      // Weights that are drawn may differ in their last digits between processors.
      await conducting.share();
      return conducting;
    },
  };
}

/** A session whose calls that change it, or need all processes, are made by all. */
class ConductedSession implements TrainingSession {
  private cancelled = false;

  constructor(
    private readonly own: TrainingSession,
    private readonly session: number,
    private readonly team: Team,
    private readonly stores: Stores,
  ) {}

  draws(...args: Parameters<TrainingSession['draws']>) {
    return this.own.draws(...args);
  }

  async trainEpoch(options: TrainEpochOptions, onStep: Parameters<TrainingSession['trainEpoch']>[1]) {
    const { session, team, stores } = this;
    const store = await stores.numberOf(options.store);
    await team.tell({ call: 'trainEpoch', session, options: { ...options, store } });
    this.cancelled = false;
    const result = await team.guard(() => this.own.trainEpoch(options, onStep));
    // Another process was told to stop.
    if (result.cancelled && !this.cancelled) throw new ResnetFtError('ABORTED', 'The training was stopped');
    return result;
  }

  async evaluate(options: ValidationOptions, onBatch: (images: number) => void) {
    const { session, team, stores } = this;
    const store = await stores.numberOf(options.store);
    await team.tell({ call: 'evaluate', session, options: { ...options, store } });
    return team.guard(() => this.own.evaluate(options, onBatch));
  }

  stateDict(kept?: boolean) {
    return this.own.stateDict(kept);
  }

  async loadStateDict(...args: Parameters<TrainingSession['loadStateDict']>) {
    await this.own.loadStateDict(...args);
    await this.share();
  }

  async useKept() {
    await this.team.tell({ call: 'useKept', session: this.session });
    await this.own.useKept();
  }

  state() {
    return this.own.state();
  }

  async restore(...args: Parameters<TrainingSession['restore']>) {
    await this.own.restore(...args);
    await this.share();
  }

  stepsComputed() {
    return this.own.stepsComputed?.() ?? { explicitly: false, recorded: false, reason: '' };
  }

  cancel() {
    this.cancelled = true;
    this.own.cancel();
  }

  async close() {
    // Whoever is gone need not be told.
    await this.team.tell({ call: 'close', session: this.session }).catch(() => {});
    await this.own.close();
  }

  /** Gives the others the state that this process has. */
  async share(): Promise<void> {
    await this.team.tell({ call: 'shareState', session: this.session });
    await this.team.guard(async () => this.own.shareState?.());
  }
}
