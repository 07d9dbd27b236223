/**
 * A gray JPEG of so many scans, 883 at most: coefficient after coefficient, bit after bit, as the standard allows (ITU-T T.81, G.1.1). All
 * coefficients are 0, so that each scan is a few bytes and still a walk over the whole image.
 */
export function manyScans(width: number, height: number, scans: number): Buffer {
  const segment = (marker: number, bytes: readonly number[]): Buffer =>
    Buffer.from([0xff, marker, (bytes.length + 2) >> 8, (bytes.length + 2) & 255, ...bytes]);
  const blocks = Math.ceil(width / 8) * Math.ceil(height / 8);
  const parts = [
    Buffer.from([0xff, 0xd8]),
    segment(0xdb, [0, ...Array<number>(64).fill(1)]),
    segment(0xc2, [8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0]),
    // One code of one bit each: DC, a difference of 0; AC, the end of one block.
    segment(0xc4, [0x00, 1, ...Array<number>(15).fill(0), 0x00]),
    segment(0xc4, [0x10, 1, ...Array<number>(15).fill(0), 0x00]),
  ];
  const data = Buffer.concat([Buffer.alloc(blocks >> 3), Buffer.from(blocks % 8 === 0 ? [] : [0xff >> (blocks % 8)])]);
  const scan = (from: number, to: number, high: number, low: number): void => {
    parts.push(segment(0xda, [1, 1, 0x00, from, to, (high << 4) | low]), data);
  };
  scan(0, 0, 0, 0);
  let made = 1;
  for (let low = 13; low >= 0; low--) {
    for (let k = 1; k < 64 && made < scans; k++, made++) scan(k, k, low === 13 ? 0 : low + 1, low);
  }
  return Buffer.concat([...parts, Buffer.from([0xff, 0xd9])]);
}
