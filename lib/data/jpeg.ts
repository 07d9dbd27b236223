/**
 * Number of colour components of a JPEG of 8 bits a component, as its frame header says (ITU-T T.81, B.2.2); undefined for
 * whatever else the content is.
 */
export function jpegComponents(bytes: Buffer): number | undefined {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return undefined;
  let at = 2;
  while (at + 9 < bytes.length) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) {
      at++; // fill bytes may stand before a marker
      continue;
    }
    // Frame headers, without the tables of Huffman codes (C4), JPG (C8) and arithmetic conditioning (CC) among them.
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      return bytes[at + 4] === 8 ? bytes[at + 9] : undefined;
    }
    // Markers without a length, the start of a scan and the end: no frame header before them is an odd file.
    if (marker < 0xc0 || (marker >= 0xd0 && marker <= 0xda)) return undefined;
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return undefined;
}
