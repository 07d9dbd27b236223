import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { SessionOptions } from '../backend/types';
import { removeFolder } from '../files/remove-folder';
import { place, temporaryName } from '../files/stale';
import type { SharedStore } from './stores';
import type { Team } from './team';

/** Whatever else tells the machine of a process: those of another one don't see its files. */
const MACHINE = 'RESNET_FT_MACHINE';

/** The machine that this process is on, or the container: those of the same name see the same files. */
export function machineName(env: Readonly<Record<string, string | undefined>> = process.env): string {
  return `${place()}${env[MACHINE] ?? ''}`;
}

/** What the processes of one machine have together. One of them leads: it makes the files that the others open. */
export class TeamMachine {
  private readonly features = new Map<number, string>();

  /** @param folder of the files; of the process that leads */
  private constructor(
    private readonly team: Team,
    private readonly name: string,
    readonly folder: string | undefined,
  ) {}

  /** Of process 0, which leads on its own machine. */
  static first(team: Team, folder: string): TeamMachine {
    return new TeamMachine(team, machineName(), folder);
  }

  /**
   * Of another process; of those of a machine that process 0 is not on, the one that comes first leads.
   *
   * @param makeFolder makes the folder of the files for a process that is to lead
   */
  static async other(team: Team, ofFirst: string, makeFolder: () => Promise<string>): Promise<TeamMachine> {
    const name = machineName();
    const leads = name !== ofFirst && (await team.count(`machine/${name}/leaders`)) === 1;
    return new TeamMachine(team, name, leads ? await makeFolder() : undefined);
  }

  get leads(): boolean {
    return this.folder !== undefined;
  }

  /** Tells the other processes of the machine how they open a store. */
  async publishStore(number: number, store: SharedStore): Promise<void> {
    await this.team.publish(this.key(`store/${number}`), store);
  }

  /** How a store is opened that the process that leads has made. */
  async storeOf(number: number): Promise<SharedStore> {
    return (await this.team.read(this.key(`store/${number}`))) as SharedStore;
  }

  /** The options of a session that keeps the features of frozen modules together with those of the machine. */
  async sharing<T extends Pick<SessionOptions, 'cacheDisk'>>(session: number, options: T): Promise<T> {
    if (options.cacheDisk === 0) return options;
    return { ...options, cacheShared: await this.featuresOf(session) };
  }

  /** Removes the features of a session, where this process has made their folder: whoever reads them has them open. */
  removeFeatures(session: number): void {
    const folder = this.features.get(session);
    if (folder === undefined) return;
    this.features.delete(session);
    removeFolder(folder);
  }

  private async featuresOf(session: number): Promise<string> {
    const key = this.key(`features/${session}`);
    if (this.folder === undefined) return (await this.team.read(key)) as string;
    const folder = temporaryName(path.join(this.folder, 'features'));
    mkdirSync(folder);
    this.features.set(session, folder);
    await this.team.publish(key, folder);
    return folder;
  }

  private key(what: string): string {
    return `machine/${this.name}/${what}`;
  }
}
