import { STAGES } from '../../network/forward';
import type { InferenceModel, ModelOptions, RunOptions, RunResult } from '../types';
import type { NamedTensor } from '../../weights/state-dict';
import { checkIndices, checkWhole } from './checks';
import { cropsOf } from './crop-store';
import { FoldedNetwork } from './folded-network';
import { givenTensors } from './given';
import { Normalizer } from './normalizer';
import { Passes } from './passes';
import type { Engine } from './tfjs';

/** A model that is used, not trained. */
export class JsModel implements InferenceModel {
  private readonly passes = new Passes('model');
  private constructor(
    private readonly network: FoldedNetwork,
    private readonly normalizer: Normalizer,
  ) {}

  static async create(engine: Engine, options: ModelOptions, tensors: NamedTensor[]): Promise<JsModel> {
    const given = new Map(givenTensors(tensors).map((one) => [one.name, one]));
    const network = await FoldedNetwork.create(engine, options.network, given);
    return new JsModel(network, new Normalizer(options.mean, options.std));
  }

  run(options: RunOptions, onBatch: (images: number) => void): Promise<RunResult> {
    this.passes.requireOpen();
    const { count, batchSize, features: wanted } = options;
    const crops = cropsOf(options.store);
    checkWhole(count, 'count');
    checkWhole(batchSize, 'batchSize', 1);
    const indices = checkIndices(options.indices, count, crops.count);
    return this.passes.run(async (stopped) => {
      const logits: Float32Array[] = [];
      const features: Float32Array[] = [];
      let images = 0;
      while (images < count && !stopped()) {
        const size = Math.min(batchSize, count - images);
        for (let i = images; i < images + size && !stopped(); i++) {
          const values = this.normalizer.batch(crops, indices.subarray(i, i + 1), undefined);
          const pixels = { values, shape: [crops.size, crops.size, 3] };
          const pooled = await this.network.forward(pixels, { end: STAGES - 1 });
          logits.push((await this.network.forward(pooled, { begin: STAGES - 1 })).values);
          if (wanted) features.push(pooled.values);
        }
        if (stopped()) break;
        images += size;
        onBatch(size);
      }
      return {
        images,
        logits: joined(logits.slice(0, images)),
        features: joined(features.slice(0, images)),
        cancelled: images < count,
      };
    });
  }

  cancel(): void {
    this.passes.cancel();
  }

  close(): Promise<void> {
    return this.passes.close(() => this.network.dispose());
  }
}

/** Rows one after the other. */
function joined(rows: readonly Float32Array[]): Float32Array {
  const length = rows.reduce((sum, row) => sum + row.length, 0);
  const out = new Float32Array(length);
  let at = 0;
  for (const row of rows) {
    out.set(row, at);
    at += row.length;
  }
  return out;
}
