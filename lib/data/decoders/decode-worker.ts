import { parentPort } from 'node:worker_threads';
import { planOf } from './plan';
import { Refusal } from './refusal';

/** The thread of {@link decodeElsewhere}: one image at a time, its pixels moved and not copied. */
parentPort?.on('message', (bytes: Uint8Array) => {
  void answer(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
});

async function answer(bytes: Buffer): Promise<void> {
  try {
    const { width, height, data } = await (await planOf(bytes)).decode();
    // What sharp allocated can't be moved.
    const owned = data instanceof Buffer ? new Uint8Array(data) : data;
    parentPort?.postMessage({ image: { width, height, data: owned } }, [owned.buffer as ArrayBuffer]);
  } catch (error) {
    parentPort?.postMessage({ reason: (error as Error).message, refused: error instanceof Refusal });
  }
}
