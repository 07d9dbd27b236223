const ATTRIBUTE = /tiff:Orientation(?:="|>)([0-9])/;
const LONGEST = 'tiff:Orientation="6'.length;

/** Bytes that become a string at once: XMP may be as long as its file. */
const PIECE = 2 ** 20;

/** `tiff:Orientation="6"` or `<tiff:Orientation>6`, the first that has a digit, as Pillow looks for it; undefined where there is none. */
export function orientationOfXmp(xmp: Uint8Array): number | undefined {
  const decoder = new TextDecoder('latin1');
  for (let at = 0; at < xmp.length; at += PIECE) {
    const digit = ATTRIBUTE.exec(decoder.decode(xmp.subarray(at, at + PIECE + LONGEST)))?.[1];
    if (digit !== undefined) return Number(digit);
  }
  return undefined;
}
