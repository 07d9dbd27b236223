const REVERSED = Uint8Array.from({ length: 256 }, (_, byte) => {
  let out = 0;
  for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) out |= 128 >> bit;
  return out;
});

/** The bytes with their bits in the other order. */
export function reversed(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes, (byte) => REVERSED[byte] as number);
}
