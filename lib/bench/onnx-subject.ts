import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { currentFolder } from '../files/current-folder';
import { ONNX_INPUT, ONNX_OUTPUT } from '../export/onnx';
import { Unavailable, type LoadedModel, type Subject } from './subject';
import type { WorkerJob } from './types';

// Not a dependency of this package, so its types are not available: what is used of it (onnxruntime-common's
// InferenceSession and Tensor, https://onnxruntime.ai/docs/api/js/).
interface OnnxRuntime {
  env: { versions?: { node?: string } };
  InferenceSession: { create(file: string, options: object): Promise<OnnxSession> };
  Tensor: new (type: 'uint8', data: Uint8Array, shape: number[]) => unknown;
}

interface OnnxSession {
  run(feeds: Record<string, unknown>): Promise<Record<string, { data: Float32Array } | undefined>>;
  release(): Promise<void>;
}

const PACKAGE = 'onnxruntime-node';

/**
 * Where onnxruntime-node is: in the project of the current folder, or beside this package; undefined where it is not installed. Both
 * are looked at, for this package may be installed globally.
 */
export function findOnnxruntime(): string | undefined {
  const here = currentFolder();
  for (const from of [...(here === undefined ? [] : [path.join(here, 'package.json')]), __filename]) {
    try {
      return createRequire(from).resolve(PACKAGE);
    } catch {
      // Not from here.
    }
  }
  return undefined;
}

/** onnxruntime-node on the CPU as a subject; it does not train. */
export async function openOnnxSubject(job: WorkerJob, crops: Buffer): Promise<Subject> {
  const file = findOnnxruntime();
  if (file === undefined) throw new Unavailable(`${PACKAGE} is not installed`, `npm install ${PACKAGE}`);
  const ort = await importOnnxruntime(file);
  const { size, classes, threads } = job;
  const bytes = 3 * size * size;
  return {
    label: 'onnxruntime',
    versions: { [PACKAGE]: ort.env.versions?.node ?? 'unknown' },
    async load(): Promise<LoadedModel> {
      const session = await ort.InferenceSession.create(job.onnxFile, {
        executionProviders: ['cpu'],
        ...(threads > 0 ? { intraOpNumThreads: threads } : {}),
      });
      return {
        async infer(images, batchSize) {
          const logits = new Float32Array(images * classes);
          for (let first = 0; first < images; first += batchSize) {
            const count = Math.min(batchSize, images - first);
            const pixels = crops.subarray(first * bytes, (first + count) * bytes);
            const input = new ort.Tensor('uint8', pixels, [count, size, size, 3]);
            const output = (await session.run({ [ONNX_INPUT]: input }))[ONNX_OUTPUT];
            if (output === undefined) throw new Error(`${PACKAGE} gives no ${ONNX_OUTPUT}`);
            logits.set(output.data, first * classes);
          }
          return logits;
        },
        close: () => session.release(),
      };
    },
  };
}

async function importOnnxruntime(file: string): Promise<OnnxRuntime> {
  try {
    const { href } = pathToFileURL(file);
    const library = (await import(href)) as OnnxRuntime & { default?: OnnxRuntime };
    return library.default ?? library;
  } catch (error) {
    throw new Unavailable(`${PACKAGE} can't be loaded: ${(error as Error).message}`, `npm install ${PACKAGE}`);
  }
}
