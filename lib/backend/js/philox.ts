// Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011), as ATen/core/PhiloxRNGEngine.h of PyTorch 2.13 has
// it. Tests compare with the native backend.

const ROUNDS = 10;
const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57] as const;
const WEYL = [0x9e3779b9, 0xbb67ae85] as const;

/** Four words of 32 bits. */
export type Words = readonly [number, number, number, number];

/** The high 32 bits of the product of two words. */
function high(a: number, b: number): number {
  const [aLow, aHigh, bLow, bHigh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (carry >>> 16)) >>> 0;
}

/** Four random words of a key and a counter: the same for the same, and nothing else decides. */
export function philox(key: readonly [low: number, high: number], counter: Words): Words {
  let [a, b, c, d] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const [high0, low0] = [high(MULTIPLIERS[0], a), Math.imul(MULTIPLIERS[0], a) >>> 0];
    const [high1, low1] = [high(MULTIPLIERS[1], c), Math.imul(MULTIPLIERS[1], c) >>> 0];
    [a, b, c, d] = [(high1 ^ b ^ k0) >>> 0, low1, (high0 ^ d ^ k1) >>> 0, low0];
    k0 = (k0 + WEYL[0]) >>> 0;
    k1 = (k1 + WEYL[1]) >>> 0;
  }
  return [a, b, c, d];
}
