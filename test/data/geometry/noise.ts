import type { RgbImage } from '../../../lib/backend/types';

/** The noise of `make_squares.py`. */
const NOISE = (() => {
  let state = 7;
  return Uint8Array.from({ length: 1_000_003 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
})();

/** An image of noise, whose first bytes those are. */
export function noise(width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let at = 0; at < data.length; at += NOISE.length) {
    data.set(NOISE.subarray(0, Math.min(NOISE.length, data.length - at)), at);
  }
  return { width, height, data };
}
