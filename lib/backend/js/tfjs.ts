import path from 'node:path';
import type * as Core from '@tensorflow/tfjs-core';
import type * as Wasm from '@tensorflow/tfjs-backend-wasm';
import { ResnetFtError } from '../../errors';

/** TensorFlow.js itself, without its convenience packages. */
export type Tf = typeof Core;

/** What computes for TensorFlow.js: SIMD WebAssembly, or plain JavaScript, which is some hundred times slower. */
export type Kernels = 'wasm' | 'cpu';

const CORE = '@tensorflow/tfjs-core';
const PACKAGES: Readonly<Record<Kernels, string>> = {
  wasm: '@tensorflow/tfjs-backend-wasm',
  cpu: '@tensorflow/tfjs-backend-cpu',
};

// They cost 66 MB of an install, more than all the rest of this package, so that npm does not install them on its own.
const INSTALL = `Run: npm install ${[CORE, ...Object.values(PACKAGES)].map((name) => `${name}@4`).join(' ')}`;

/** TensorFlow.js with kernels of one kind. */
export class Engine {
  constructor(
    readonly tf: Tf,
    readonly kernels: Kernels,
  ) {}

  /** `4.22.0`. */
  get version(): string {
    return this.tf.version_core;
  }

  /**
   * Runs `work` on these kernels and frees every tensor that it made but those that it returns. TensorFlow.js has one current backend
   * in the process, which others may have changed since: so `work` is synchronous, and the backend is put back.
   */
  run<T extends Core.TensorContainer>(work: () => T): T {
    return this.onKernels(() => this.tf.tidy(work));
  }

  /** As {@link Engine.run}, for work whose result is no tensor. */
  read<T>(work: () => T): T {
    let result: T | undefined;
    this.run(() => {
      result = work();
    });
    return result as T;
  }

  private onKernels<T>(work: () => T): T {
    const { tf, kernels } = this;
    const before = tf.engine().backendName;
    if (before === kernels) return work();
    // Of a backend that is initialised, setBackend() does all before its first await.
    void tf.setBackend(kernels);
    try {
      return work();
    } finally {
      if (before) void tf.setBackend(before);
    }
  }
}

const engines = new Map<Kernels, Promise<Engine>>();

/**
 * Loads TensorFlow.js with kernels of one kind, once in the process.
 *
 * @throws ResnetFtError BACKEND_UNAVAILABLE where it is not installed or its kernels don't start
 */
export function loadEngine(kernels: Kernels): Promise<Engine> {
  let engine = engines.get(kernels);
  if (engine === undefined) {
    engine = startEngine(kernels);
    engines.set(kernels, engine);
  }
  return engine;
}

async function startEngine(kernels: Kernels): Promise<Engine> {
  const tf = requirePackage<Tf>(CORE);
  const engine = tf.engine();
  const before = engine.backendName;
  // Without it, TensorFlow.js advertises its own addon on standard error.
  if (!before) tf.enableProdMode();
  try {
    const library = requirePackage<object>(PACKAGES[kernels]);
    // The path of the .wasm files inside the package: otherwise they would be looked for beside the program.
    if (kernels === 'wasm') (library as typeof Wasm).setWasmPaths(`${path.dirname(require.resolve(PACKAGES.wasm))}/`);
    if (!(await tf.setBackend(kernels))) throw new Error('its kernels do not start on this machine');
    if (kernels === 'wasm') guardMemory(tf.backend());
  } catch (error) {
    if (error instanceof ResnetFtError) throw error;
    throw new ResnetFtError('BACKEND_UNAVAILABLE', `TensorFlow.js (${kernels}): ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    if (before) await tf.setBackend(before);
  }
  return new Engine(tf, kernels);
}

function requirePackage<T>(name: string): T {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded only when this backend is first needed
    return require(name) as T;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const missing = code === 'MODULE_NOT_FOUND';
    throw new ResnetFtError(
      'BACKEND_UNAVAILABLE',
      missing ? `the js backend needs ${name}, which is not installed` : `${name} can't be loaded: ${message}`,
      { ...(missing ? { hint: INSTALL } : {}), cause: error },
    );
  }
}

/** TensorFlow.js does not look whether memory of WebAssembly was had, and would write to address 0. */
function guardMemory(backend: unknown): void {
  const { wasm } = backend as { wasm: { _malloc(bytes: number): number } };
  const allocate = wasm._malloc.bind(wasm);
  wasm._malloc = (bytes) => {
    const address = allocate(bytes);
    if (address === 0 && bytes > 0) {
      throw new ResnetFtError('NATIVE_ERROR', `the memory of WebAssembly is full (${bytes} bytes asked for)`, {
        hint: 'Take a smaller --batch-size, or use --backend native',
      });
    }
    return address;
  };
}
