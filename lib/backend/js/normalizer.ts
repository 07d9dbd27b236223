import type { CropBytes } from './crop-store';

/** Turns crops into batches of floats: ToTensor and Normalize, in float32 with true divisions, and the flip. */
export class Normalizer {
  /** channel x byte */
  private readonly table = new Float32Array(3 * 256);

  constructor(mean: readonly number[], std: readonly number[]) {
    for (let c = 0; c < 3; c++) {
      const [m, s] = [Math.fround(mean[c] ?? 0), Math.fround(std[c] ?? 1)];
      for (let v = 0; v < 256; v++) this.table[c * 256 + v] = Math.fround(Math.fround(v / 255) - m) / s;
    }
  }

  /** The crops at `indices`, mirrored where `flips` says so, as indices x height x width x 3. */
  batch(crops: CropBytes, indices: ArrayLike<number>, flips: ArrayLike<number> | undefined): Float32Array {
    const { size } = crops;
    const out = new Float32Array(indices.length * size * size * 3);
    for (let i = 0; i < indices.length; i++) {
      this.write(crops.at(indices[i] as number), size, flips !== undefined && flips[i] !== 0, out, i * size * size * 3);
    }
    return out;
  }

  private write(crop: Uint8Array, size: number, flip: boolean, out: Float32Array, to: number): void {
    const { table } = this;
    let at = to;
    for (let y = 0; y < size; y++) {
      let pixel = (y * size + (flip ? size - 1 : 0)) * 3;
      for (let x = 0; x < size; x++) {
        out[at++] = table[crop[pixel] as number] as number;
        out[at++] = table[256 + (crop[pixel + 1] as number)] as number;
        out[at++] = table[512 + (crop[pixel + 2] as number)] as number;
        pixel += flip ? -3 : 3;
      }
    }
  }
}
