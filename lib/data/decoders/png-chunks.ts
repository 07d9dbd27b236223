// Without Buffer and zlib: the runtime of browsers takes it too.

import { begins, latin1, viewOf } from './bytes';

const SIGNATURE = '\x89PNG\r\n\x1a\n';

/** What Pillow takes for the name of a chunk. */
const NAME = /^\w{4}$/;

export interface Chunk {
  name: string;
  at: number;
  /** Where its content ends by its length, and its checksum begins: behind the end of a file that is cut off. */
  end: number;
  content: Uint8Array;
  afterPixels: boolean;
}

/** Whether the content is a PNG. */
export function isPng(bytes: Uint8Array): boolean {
  return begins(bytes, SIGNATURE);
}

/** The name of the chunk at a place; undefined where Pillow finds none. */
export function nameAt(bytes: Uint8Array, at: number): string | undefined {
  const name = latin1(bytes, at + 4, at + 8);
  return NAME.test(name) ? name : undefined;
}

/** The chunks up to the final one, or to the second picture of an animation: what stands behind it Pillow has not read when it shows the first. */
export function* chunksOfFirstPicture(bytes: Uint8Array): Generator<Chunk> {
  const view = viewOf(bytes);
  const animation = new Animation();
  let afterPixels = false;
  for (let at = 8; ;) {
    const name = nameAt(bytes, at);
    if (name === undefined || name === 'IEND' || (afterPixels && name === 'fcTL' && animation.is)) return;
    const end = at + 8 + view.getUint32(at);
    const content = bytes.subarray(at + 8, end);
    if (!afterPixels) animation.chunk(name, content);
    yield { name, at, end, content, afterPixels };
    if (name === 'IDAT') afterPixels = true;
    at = end + 4;
  }
}

/** Whether the chunks before the pixels make a PNG an animation, as Pillow sees it. */
class Animation {
  private frames = 0;
  private framed = false;

  chunk(name: string, content: Uint8Array): void {
    if (name === 'fcTL') this.framed = true;
    if (name !== 'acTL' || content.length < 4) return;
    const frames = viewOf(content).getUint32(0);
    this.frames = this.frames === 0 && frames <= 0x80000000 ? frames : 0;
  }

  get is(): boolean {
    return this.frames > 1 || (this.frames === 1 && !this.framed);
  }
}
