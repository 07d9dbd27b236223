/** A map in row-major order. */
export interface GridMap {
  values: Float32Array;
  width: number;
  height: number;
}

/** Which two lines of the input make one of the output, and the share of the second. */
interface Line {
  from: number;
  to: number;
  share: number;
}

/**
 * A map in another size, bilinear: torch's `interpolate(mode='bilinear', align_corners=False)`. Where it becomes smaller it is sampled,
 * not averaged, as torch does it.
 */
export function upsample(map: GridMap, width: number, height: number): GridMap {
  const middles = (length: number): number[] => Array.from({ length }, (_, i) => (i + 0.5) / length);
  return sampled(map, middles(width), middles(height));
}

/** The values of a map, bilinear, at places between 0 and 1, its edges. */
export function sampled(
  { values, width, height }: GridMap,
  across: readonly number[],
  down: readonly number[],
): GridMap {
  const columns = across.map((place) => lineAt(place, width));
  const rows = down.map((place) => lineAt(place, height));
  const out = new Float32Array(columns.length * rows.length);
  const at = (y: number, x: number): number => values[y * width + x] ?? 0;
  let next = 0;
  for (const row of rows) {
    for (const column of columns) {
      const upper = mixed(at(row.from, column.from), at(row.from, column.to), column.share);
      const lower = mixed(at(row.to, column.from), at(row.to, column.to), column.share);
      out[next++] = mixed(upper, lower, row.share);
    }
  }
  return { values: out, width: columns.length, height: rows.length };
}

const mixed = (a: number, b: number, share: number): number => a + (b - a) * share;

function lineAt(place: number, size: number): Line {
  // The middle of a pixel is half a pixel from its edge; beyond the outermost ones nothing changes any more.
  const pixel = Math.min(Math.max(place * size - 0.5, 0), size - 1);
  const from = Math.floor(pixel);
  return { from, to: Math.min(from + 1, size - 1), share: pixel - from };
}
