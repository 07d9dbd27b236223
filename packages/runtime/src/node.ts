import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RgbImage } from '../../../lib/backend/stores';
import { oneLine, ResnetFtError } from '../../../lib/errors';
import { rejectOption } from '../../../lib/options/spec';
import { fetchBytes } from './fetch';
import { fileOf, type ModelFile } from './metadata';
import { loader, nameOf, type Platform } from './model';

export { ResnetFtError as RuntimeError } from '../../../lib/errors';

/** Where the folder for transformers.js has its graph. */
const IN_FOLDER = path.join('onnx', 'model.onnx');

const isAddress = (source: string | URL): boolean => /^https?:/i.test(String(source));

const platform: Platform = {
  async open(source) {
    if (source instanceof Uint8Array) return fileOf(source);
    if (source instanceof ArrayBuffer) return fileOf(new Uint8Array(source));
    if (!(source instanceof URL) && (typeof source !== 'string' || source === '')) {
      rejectOption('a path, an address or bytes', 'the model', source);
    }
    if (isAddress(source)) return fileOf(await fetchBytes(source, 'DOWNLOAD_FAILED'), String(source));
    const place = pathOf(source);
    try {
      return await openFile(place);
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      const reason = code === 'ENOENT' ? 'no such file' : oneLine(message);
      throw new ResnetFtError('WEIGHTS_INVALID', `${place}: ${reason}`, { cause });
    }
  },

  async onnxruntime() {
    const runtime =
      (await installed(() => import('onnxruntime-node'))) ?? (await installed(() => import('onnxruntime-web')));
    if (runtime !== undefined) return runtime;
    throw new ResnetFtError('BACKEND_UNAVAILABLE', 'onnxruntime is not installed', {
      hint: 'Run: npm install --ignore-scripts onnxruntime-node',
    });
  },

  async decode(input, exifRotate): Promise<RgbImage> {
    const bytes = await contentOf(input);
    // Loaded only here: sharp takes a while, and a model that is loaded meanwhile is not kept waiting.
    const decoding = await installed(() => import('../../../lib/data/decode'));
    if (decoding === undefined) {
      throw new ResnetFtError('BACKEND_UNAVAILABLE', 'sharp, which decodes images, is not installed', {
        hint: 'Run: npm install sharp',
      });
    }
    return decoding.decodeImage(bytes, nameOf(input), exifRotate);
  },
};

/** onnxruntime reads a file itself, which takes less memory than bytes that are handed over. */
async function openFile(place: string): Promise<ModelFile & { close: () => Promise<void> }> {
  const name = (await stat(place)).isDirectory() ? path.join(place, IN_FOLDER) : place;
  // A pipe would keep whoever opens it waiting.
  const stats = await stat(name);
  if (!stats.isFile()) throw new Error('it is not a file');
  const handle = await open(name);
  return {
    name,
    content: name,
    length: stats.size,
    read: async (at, length) => {
      const { buffer, bytesRead } = await handle.read({ buffer: new Uint8Array(length), position: at });
      return buffer.subarray(0, bytesRead);
    },
    close: () => handle.close(),
  };
}

/** Loads a model; described in api.d.ts. */
export const loadModel = loader(platform);

/** A module, or undefined where its package is not there. */
async function installed<T>(load: () => Promise<T>): Promise<T | undefined> {
  try {
    return await load();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const missing = code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND';
    if (missing && /['"](onnxruntime-(node|web)|sharp)['"]/.test(message)) return undefined;
    throw new ResnetFtError('BACKEND_UNAVAILABLE', oneLine(message), { cause });
  }
}

async function contentOf(input: Parameters<Platform['decode']>[0]): Promise<string | Uint8Array> {
  if (input instanceof Uint8Array) return input;
  if (input instanceof ArrayBuffer) return new Uint8Array(input);
  if (input instanceof Blob) return new Uint8Array(await input.arrayBuffer());
  if (input instanceof URL) return isAddress(input) ? fetchBytes(input, 'IMAGE_UNREADABLE') : pathOf(input);
  if (typeof input === 'string' && input !== '') return input;
  return rejectOption('a path, a URL, bytes, a Blob or pixels', 'the image', input);
}

function pathOf(place: string | URL): string {
  if (typeof place === 'string' && !place.startsWith('file:')) return place;
  try {
    return fileURLToPath(place);
  } catch {
    return rejectOption('the address of a file', 'the URL', String(place));
  }
}
