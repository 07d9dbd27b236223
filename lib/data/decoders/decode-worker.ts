import { parentPort } from 'node:worker_threads';
import { planOf, type Strictness } from './plan';
import { Refusal } from './refusal';

/** What a thread is asked. */
export interface Question {
  bytes: Uint8Array<ArrayBuffer>;
  failOn: Strictness;
}

/** The thread of {@link decodeElsewhere}: one image at a time, its pixels moved and not copied. */
parentPort?.on('message', ({ bytes, failOn }: Question) => {
  void answer(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), failOn);
});

async function answer(bytes: Buffer, failOn: Strictness): Promise<void> {
  try {
    const { width, height, data } = await (await planOf(bytes, failOn)).decode();
    // What sharp allocated can't be moved.
    const owned = data instanceof Buffer ? new Uint8Array(data) : data;
    parentPort?.postMessage({ image: { width, height, data: owned } }, [owned.buffer as ArrayBuffer]);
  } catch (error) {
    parentPort?.postMessage({ reason: (error as Error).message, refused: error instanceof Refusal });
  }
}
