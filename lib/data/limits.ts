/** sharp's own limit of pixels (`limitInputPixels`), kept for the formats that sharp does not decode. */
const MAX_PIXELS = 0x3fff * 0x3fff;

/** Refuses sizes that no image has, before memory is taken for them. */
export function checkSize(width: number, height: number): void {
  if (!(width > 0 && height > 0)) throw new Error(`the image has no pixels (${width} x ${height})`);
  if (width * height > MAX_PIXELS) throw new Error(`the image is too large (${width} x ${height})`);
}
