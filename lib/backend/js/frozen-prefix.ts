import type { Augmentation } from '../augmentations';
import type { CropBytes } from './crop-store';
import { FeatureCache, type CacheBudget } from './feature-cache';
import type { FoldedNetwork, Rows } from './folded-network';
import type { Normalizer } from './normalizer';

/** Of crops, mirrored or not, features are kept: each image has two. Of windows that are drawn no two would be alike. */
export const SERVED_AUGMENTATIONS: readonly Augmentation['kind'][] = ['horizontal-flip'];

/** The features of a store's crops, and the shape of those of one: crops of another size have another. */
interface KeptFeatures {
  rows: FeatureCache;
  shape: number[];
}

/** The frozen stages of a network in training: their features are the same in every epoch, so they are computed once. */
export class FrozenPrefix {
  private readonly caches = new Map<CropBytes, KeptFeatures>();

  constructor(
    private readonly network: FoldedNetwork,
    private readonly normalizer: Normalizer,
    private readonly budget: CacheBudget,
    private readonly bf16: boolean,
  ) {}

  /** What the frozen stages make of pixels, without the cache. */
  run(pixels: Rows): Promise<Rows> {
    return this.network.forward(pixels);
  }

  /** Features at the cut of the crops that `indices` names, mirrored where `flips` says so. */
  async features(
    crops: CropBytes,
    indices: Int32Array,
    flips: Uint8Array | undefined,
    stopped: () => boolean,
  ): Promise<Rows> {
    let cache = this.caches.get(crops);
    let out: Float32Array | undefined;
    for (const [i, index] of indices.entries()) {
      if (stopped()) break;
      const flip = flips?.[i] ?? 0;
      const key = 2 * index + flip;
      let row = cache?.rows.get(key);
      if (row === undefined) {
        const { values, shape } = await this.compute(crops, index, flip);
        cache ??= this.createCache(crops, flips !== undefined, shape, values.length);
        // Now, and not only when it comes back from the cache: whether there is room must not decide what is trained on.
        row = cache.rows.rounded(values);
        cache.rows.set(key, row);
      }
      out ??= new Float32Array(indices.length * row.length);
      out.set(row, i * row.length);
    }
    return { values: out ?? new Float32Array(), shape: cache?.shape ?? [] };
  }

  close(): void {
    for (const { rows } of this.caches.values()) rows.close();
    this.caches.clear();
    this.network.dispose();
  }

  private compute(crops: CropBytes, index: number, flip: number): Promise<Rows> {
    const pixels = this.normalizer.batch(crops, [index], [flip]);
    return this.run({ values: pixels, shape: [crops.size, crops.size, 3] });
  }

  private createCache(crops: CropBytes, flipped: boolean, shape: number[], length: number): KeptFeatures {
    const count = crops.count * (flipped ? 2 : 1);
    const rows = new FeatureCache(count, length, this.bf16, this.budget, `-${this.caches.size}`);
    const cache = { rows, shape };
    this.caches.set(crops, cache);
    return cache;
  }
}
