import { decodeImage } from '../data/decode';
import { isBmp } from '../data/decoders/bmp';
import { isJpeg } from '../data/decoders/jpeg';
import { chunksOfFirstPicture, isPng } from '../data/decoders/png-chunks';

/** What decoders say of a file that ends too early, and of many that are only damaged: a number that is wrong asks for bytes that never were there. */
const CUT_OFF = /\bcut off\b/;

const START_OF_SCAN = Buffer.from([0xff, 0xda]);
const END_OF_IMAGE = Buffer.from([0xff, 0xd9]);

/** The final chunk of a PNG, without its length. */
const END_CHUNK = Buffer.from('IEND\xae\x42\x60\x82', 'latin1');
/** The checksum at the end of deflated data: where no more is missing, all pixels may be there. */
const CHECKSUM = 4;

/**
 * Whether an image that can't be decoded is but the beginning of one. That is only said of formats whose files tell of their end, or of their
 * length: of others, a damaged header looks the same.
 *
 * @param reason why it can't be decoded
 */
export async function endsEarly(bytes: Buffer, reason: string): Promise<boolean> {
  if (!CUT_OFF.test(reason)) return false;
  if (isJpeg(bytes)) return jpegEndsEarly(bytes);
  if (isPng(bytes)) return pngEndsEarly(bytes);
  // Whoever reads a bitmap passes over the length that its header tells: damage to that alone is no reason to refuse it.
  return isBmp(bytes) && bytes.readUInt32LE(2) > bytes.length;
}

/** That there is no end behind the last scan, where one put there does not make a picture of it. */
async function jpegEndsEarly(bytes: Buffer): Promise<boolean> {
  const scan = bytes.lastIndexOf(START_OF_SCAN);
  if (bytes.lastIndexOf(END_OF_IMAGE) > scan) return false;
  if (scan < 0) return true;
  try {
    await decodeImage(Buffer.concat([bytes, END_OF_IMAGE]), undefined, false, 'warning');
    return false;
  } catch {
    return true;
  }
}

/** That the last chunk is longer than what there is of it, and the final one is nowhere. */
function pngEndsEarly(bytes: Buffer): boolean {
  if (bytes.includes(END_CHUNK)) return false;
  let end = 0;
  for (const chunk of chunksOfFirstPicture(bytes)) ({ end } = chunk);
  return end > bytes.length + CHECKSUM;
}
