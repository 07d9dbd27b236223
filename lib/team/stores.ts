import path from 'node:path';
import type { Backend, CropStore, ImageStore } from '../backend/types';
import { temporaryName } from '../files/stale';

/** A store of a process, as others of its machine open it. */
export interface SharedStore {
  file: string;
  count: number;
  /** Of a store of crops. */
  size?: number;
  /** Of a store of images. */
  table?: Float64Array;
}

type MakesStores = Pick<Backend, 'createCropStore' | 'createImageStore'>;

/**
 * Makes stores in files that all processes of the machine open. They have numbers, which are the same on every machine that makes the same
 * stores in the same order.
 */
export class SharedStores implements MakesStores {
  private readonly made: { store: CropStore | ImageStore; file: string }[] = [];

  /** @param folder of the files, unless a caller names another one */
  constructor(
    private readonly backend: MakesStores,
    private readonly folder: string,
  ) {}

  createCropStore(count: number, size: number, given?: string): CropStore {
    const file = given ?? this.fileFor('crops');
    const store = this.backend.createCropStore(count, size, file, true);
    this.made.push({ store, file });
    return store;
  }

  createImageStore(count: number, options: Parameters<MakesStores['createImageStore']>[1]): ImageStore {
    const file = options.file ?? this.fileFor('images');
    const store = this.backend.createImageStore(count, { ...options, file, shared: true });
    this.made.push({ store, file });
    return store;
  }

  /**
   * The number of a store.
   *
   * @throws Error where it was not made here
   */
  numberOf(store: CropStore | ImageStore): number {
    const number = this.made.findIndex((one) => one.store === store);
    if (number < 0) throw new Error('a store that was not made for several processes');
    return number;
  }

  /**
   * A store by its number, with what others need to open it: a list of all images, to be asked for once.
   *
   * @throws Error where there is none
   */
  get(number: number): { store: CropStore | ImageStore; shared: SharedStore } {
    const found = this.made[number];
    if (found === undefined) throw new Error(`there is no store ${number}`);
    const { store, file } = found;
    const how = 'table' in store ? { table: store.table() } : { size: store.size };
    return { store, shared: { file, count: store.count, ...how } };
  }

  close(): void {
    for (const { store } of this.made) store.close();
  }

  private fileFor(name: string): string {
    return temporaryName(path.join(this.folder, name));
  }
}

/** Opens a store of another process of the machine. */
export function openStore(
  backend: Pick<Backend, 'openCropStore' | 'openImageStore'>,
  { file, count, size, table }: SharedStore,
): CropStore | ImageStore {
  if (table !== undefined) return backend.openImageStore(file, table);
  return backend.openCropStore(file, count, size ?? 0);
}
