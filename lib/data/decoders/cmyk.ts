/** Pillow's conversion of one CMYK pixel, which knows no colour profiles; libvips would go through one. */
export function cmykToRgb(out: Uint8Array, at: number, c: number, m: number, y: number, k: number): void {
  const white = 255 - k;
  out[at] = less(white, c);
  out[at + 1] = less(white, m);
  out[at + 2] = less(white, y);
}

function less(white: number, ink: number): number {
  // Pillow's MULDIV255: a division by 255 that rounds.
  const product = ink * white + 128;
  const left = white - (((product >> 8) + product) >> 8);
  return left < 0 ? 0 : left > 255 ? 255 : left;
}
