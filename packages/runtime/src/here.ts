import type { RgbImage } from '../../../lib/backend/stores';
import { planOf } from '../../../lib/data/decoders/plan';

/**
 * Stands for lib/data/decoders/elsewhere.ts in the bundle, which is one file: decodes what no thread of sharp's does (BMP, GIF, PNM, some TIFFs)
 * where it is called, for a bundler that packs a function would lose the file of a worker.
 */
export async function decodeElsewhere(bytes: Buffer): Promise<RgbImage> {
  return (await planOf(bytes)).decode();
}
