import { isJpeg, segments } from './jpeg-segments';
import { Refusal } from './refusal';

export { isJpeg };

export interface JpegHeader {
  width: number;
  height: number;
  /** Colour components. */
  components: number;
  progressive: boolean;
}

/**
 * What the frame header of a JPEG of 8 bits a component says (ITU-T T.81, B.2.2); undefined for whatever else the content is.
 */
export function jpegHeader(bytes: Buffer): JpegHeader | undefined {
  if (!isJpeg(bytes)) return undefined;
  for (const { marker, at } of segments(bytes)) {
    // Frame headers, without the tables of Huffman codes (C4), JPG (C8) and arithmetic conditioning (CC) among them.
    if (marker < 0xc0 || marker > 0xcf || marker === 0xc4 || marker === 0xc8 || marker === 0xcc) continue;
    if (at + 9 >= bytes.length || bytes[at + 4] !== 8) return undefined;
    const progressive = marker === 0xc2 || marker === 0xca;
    return {
      height: bytes.readUInt16BE(at + 5),
      width: bytes.readUInt16BE(at + 7),
      components: bytes[at + 9] ?? 0,
      progressive,
    };
  }
  return undefined;
}

/**
 * The same picture without what describes it (EXIF, XMP, profiles, comments), which libvips reads and may refuse. What the decoder
 * itself needs stays: JFIF's (APP0) and Adobe's (APP14) segments describe the colours.
 */
export function withoutMetadata(bytes: Buffer): Buffer {
  const kept: Buffer[] = [bytes.subarray(0, 2)];
  let end = 2;
  for (const { marker, at, next } of segments(bytes)) {
    const described = (marker >= 0xe1 && marker <= 0xef && marker !== 0xee) || marker === 0xfe;
    if (!described) kept.push(bytes.subarray(at, next));
    end = next;
  }
  kept.push(bytes.subarray(end));
  return Buffer.concat(kept);
}

/** Scans of a JPEG at most. Encoders make a dozen; thousands are allowed, and each is a walk over the whole image, of as few bytes as one likes. */
const MOST_SCANS = 100;
const START_OF_SCAN = Buffer.from([0xff, 0xda]);

/** @throws Refusal where a file of hundreds of scans would keep a processor busy for minutes */
export function checkScans(bytes: Buffer): void {
  let at = 2;
  // A picture within the metadata has scans too.
  for (const { next } of segments(bytes)) at = next;
  // In a scan's data, a byte of 0xff is followed by 0.
  for (let scans = 0; (at = bytes.indexOf(START_OF_SCAN, at)) >= 0; at += START_OF_SCAN.length) {
    if (++scans > MOST_SCANS) throw new Refusal(`the image has more than ${MOST_SCANS} scans`);
  }
}
