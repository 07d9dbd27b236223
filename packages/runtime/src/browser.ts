import type { RgbImage } from '../../../lib/backend/stores';
import { oneLine, ResnetFtError } from '../../../lib/errors';
import { rejectOption } from '../../../lib/options/spec';
import { decodeInBrowser } from './browser-decode';
import { fetchBytes } from './fetch';
import { fileOf } from './metadata';
import { loader, nameOf, type Platform } from './model';

export { ResnetFtError as RuntimeError } from '../../../lib/errors';

/** Where the folder for transformers.js has its graph. */
const IN_FOLDER = 'onnx/model.onnx';

const platform: Platform = {
  async open(source) {
    if (source instanceof Uint8Array) return fileOf(source);
    if (source instanceof ArrayBuffer) return fileOf(new Uint8Array(source));
    if (!(source instanceof URL) && (typeof source !== 'string' || source === '')) {
      rejectOption('an address or bytes', 'the model', source);
    }
    const given = String(source);
    const address = given.endsWith('/') ? given + IN_FOLDER : given;
    return fileOf(await fetchBytes(address, 'DOWNLOAD_FAILED'), address);
  },

  async onnxruntime() {
    try {
      return await import('onnxruntime-web/wasm');
    } catch (cause) {
      const reason = oneLine((cause as Error).message);
      throw new ResnetFtError('BACKEND_UNAVAILABLE', `onnxruntime-web can't be loaded: ${reason}`, {
        hint: 'Give its module as the option onnxruntime',
        cause,
      });
    }
  },

  async decode(input, exifRotate): Promise<RgbImage> {
    const name = nameOf(input);
    try {
      return await decodeInBrowser(await contentOf(input), exifRotate);
    } catch (cause) {
      if (cause instanceof ResnetFtError) throw cause;
      throw new ResnetFtError('IMAGE_UNREADABLE', `${name}: ${oneLine((cause as Error).message)}`, { cause });
    }
  },
};

/** Loads a model; described in api.d.ts. */
export const loadModel = loader(platform);

async function contentOf(input: Parameters<Platform['decode']>[0]): Promise<Uint8Array<ArrayBuffer>> {
  // A copy where it may lie in shared memory, which blobs can't be made of.
  if (input instanceof Uint8Array) return new Uint8Array(input);
  if (input instanceof ArrayBuffer) return new Uint8Array(input);
  if (input instanceof Blob) return new Uint8Array(await input.arrayBuffer());
  if (input instanceof URL || (typeof input === 'string' && input !== '')) return fetchBytes(input, 'IMAGE_UNREADABLE');
  return rejectOption('an address, bytes, a Blob or pixels', 'the image', input);
}
