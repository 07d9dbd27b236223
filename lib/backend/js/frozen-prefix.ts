import type { Augmentation } from '../augmentations';
import type { CropBytes } from './crop-store';
import { FeatureCache, type CacheBudget } from './feature-cache';
import type { FoldedNetwork, Rows } from './folded-network';
import type { Normalizer } from './normalizer';

/** Of crops, mirrored or not, features are kept: each image has two. Of windows that are drawn no two would be alike. */
export const SERVED_AUGMENTATIONS: readonly Augmentation['kind'][] = ['horizontal-flip'];

/** The frozen stages of a network in training: their features are the same in every epoch, so they are computed once. */
export class FrozenPrefix {
  private readonly caches = new Map<CropBytes, FeatureCache>();
  private shape: number[] = [];

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
      let row = cache?.get(key);
      if (row === undefined) {
        row = await this.compute(crops, index, flip);
        cache ??= this.createCache(crops, flips !== undefined, row.length);
        cache.set(key, row);
      }
      out ??= new Float32Array(indices.length * row.length);
      out.set(row, i * row.length);
    }
    return { values: out ?? new Float32Array(), shape: this.shape };
  }

  close(): void {
    for (const cache of this.caches.values()) cache.close();
    this.caches.clear();
    this.network.dispose();
  }

  private async compute(crops: CropBytes, index: number, flip: number): Promise<Float32Array> {
    const pixels = this.normalizer.batch(crops, [index], [flip]);
    const { values, shape } = await this.run({ values: pixels, shape: [crops.size, crops.size, 3] });
    this.shape = shape;
    return values;
  }

  private createCache(crops: CropBytes, flipped: boolean, length: number): FeatureCache {
    const rows = crops.count * (flipped ? 2 : 1);
    const cache = new FeatureCache(rows, length, this.bf16, this.budget, `-${this.caches.size}`);
    this.caches.set(crops, cache);
    return cache;
  }
}
