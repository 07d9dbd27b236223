import type {
  Backend,
  BatchViewOptions,
  CropStore,
  ImageStore,
  TrainEpochOptions,
  TrainingSession,
  ValidationOptions,
} from '../backend/types';
import { TeamMachine } from './machine';
import { SharedStores } from './stores';
import type { Team } from './team';

/** What a conducted session needs of those around it. */
interface Surroundings {
  team: Team;
  machine: TeamMachine;
  /** The number of a store that all have open. */
  numberOf(store: CropStore | ImageStore): Promise<number>;
}

/**
 * A backend whose sessions train together with the other processes of a team, which do what this one does. What this process alone decides
 * and writes is as ever.
 *
 * @param folder for files that the processes of this machine share
 */
export function conducted(backend: Backend, team: Team, folder: string): Backend {
  const machine = TeamMachine.first(team, folder);
  const stores = new SharedStores(backend, folder);
  const open = new Set<number>();
  const closed: number[] = [];
  let sessions = 0;
  const numberOf = async (store: CropStore | ImageStore): Promise<number> => {
    // The disk has room for it again only when nobody has it open.
    for (const old of closed.splice(0)) await team.tell({ call: 'closeStore', store: old });
    const number = stores.numberOf(store);
    if (!open.has(number)) {
      open.add(number);
      await machine.publishStore(number, stores.get(number).shared);
      await team.tell({ call: 'open', store: number });
      await team.allDone(`open/${number}`);
      store.unlink?.();
    }
    return number;
  };
  /** Takes note of it when a store is closed that the others have open. The store stays the same object, for the addon takes no other. */
  const noticed = <T extends CropStore | ImageStore>(store: T): T => {
    const close = store.close.bind(store);
    const value = (): void => {
      close();
      const number = stores.numberOf(store);
      if (open.delete(number)) closed.push(number);
    };
    // Not by an assignment: that of the addon's class is read only.
    return Object.defineProperty(store, 'close', { value });
  };
  return {
    ...backend,
    createCropStore: (count, size, given) => noticed(stores.createCropStore(count, size, given)),
    createImageStore: (count, options) => noticed(stores.createImageStore(count, options)),
    async createSession(options) {
      const session = sessions++;
      // Each process keeps features of its own too: what one may take is for all of the machine.
      const own = { ...options, cacheMemory: Math.floor(options.cacheMemory / team.place.localWorld) };
      const { device: _device, threads: _threads, ...told } = own;
      await team.tell({ call: 'createSession', session, options: { ...told, cacheFile: '' } });
      const made = await backend.createSession({ ...(await machine.sharing(session, own)), team: team.connection });
      const conducting = new ConductedSession(made, session, { team, machine, numberOf });
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
    private readonly around: Surroundings,
  ) {}

  private get team(): Team {
    return this.around.team;
  }

  draws(...args: Parameters<TrainingSession['draws']>) {
    return this.own.draws(...args);
  }

  trainingBatch(options: BatchViewOptions) {
    if (this.own.trainingBatch === undefined) throw new Error('this backend shows no batches');
    return this.own.trainingBatch(options);
  }

  async trainEpoch(options: TrainEpochOptions, onStep: Parameters<TrainingSession['trainEpoch']>[1]) {
    const { session, team } = this;
    this.cancelled = false;
    const store = await this.around.numberOf(options.store);
    await team.tell({ call: 'trainEpoch', session, options: { ...options, store } });
    const result = await this.pass(() => this.own.trainEpoch(options, onStep));
    // With the steps that were done: the state to be saved is the one after them.
    return result.cancelled && !this.cancelled ? { ...result, stoppedElsewhere: true } : result;
  }

  async evaluate(options: ValidationOptions, onBatch: (images: number) => void) {
    const { session, team } = this;
    this.cancelled = false;
    const store = await this.around.numberOf(options.store);
    await team.tell({ call: 'evaluate', session, options: { ...options, store } });
    return this.pass(() => this.own.evaluate(options, onBatch));
  }

  /** A pass of which the others know, and which stops at once where this process was told to stop meanwhile. */
  private pass<T>(work: () => Promise<T>): Promise<T> {
    return this.team.guard(() => {
      const running = work();
      if (this.cancelled) this.own.cancel();
      return running;
    });
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
    this.around.machine.removeFeatures(this.session);
  }

  /** Gives the others the state that this process has. */
  async share(): Promise<void> {
    await this.team.tell({ call: 'shareState', session: this.session });
    await this.team.guard(async () => this.own.shareState?.());
  }
}
