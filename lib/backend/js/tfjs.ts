import path from 'node:path';
import type * as Core from '@tensorflow/tfjs-core';
import type * as Wasm from '@tensorflow/tfjs-backend-wasm';
import { ResnetFtError } from '../../errors';
import { installHint } from '../install-command';

/** TensorFlow.js itself, without its convenience packages. */
export type Tf = typeof Core;

/**
 * What computes for TensorFlow.js: SIMD WebAssembly, or plain JavaScript, which is many times slower. Both have one thread: under
 * Node.js, TensorFlow.js 4.22 does not start the threads of its WebAssembly (its issue 3830).
 */
export type Kernels = 'wasm' | 'cpu';

const CORE = '@tensorflow/tfjs-core';
const PACKAGES: Readonly<Record<Kernels, string>> = {
  wasm: '@tensorflow/tfjs-backend-wasm',
  cpu: '@tensorflow/tfjs-backend-cpu',
};

// They cost 66 MB of an install, more than all the rest of this package, so that npm does not install them on its own.
const WANTED = [CORE, ...Object.values(PACKAGES)].map((name) => `${name}@4`);

/** TensorFlow.js with kernels of one kind. */
export class Engine {
  private broken: ResnetFtError | undefined;

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

  /**
   * Runs `work`, within {@link Engine.read}, and where it fails frees what it kept too: what TensorFlow.js saves for the way back is freed at its end
   * alone, and outlives the work that does not come so far.
   */
  freeing<T>(work: () => T): T {
    const engine = this.tf.engine();
    const keep = engine.keep.bind(engine);
    const before: typeof keep = Reflect.get(engine, 'keep');
    const kept: Core.Tensor[] = [];
    engine.keep = (tensor) => {
      kept.push(tensor);
      return keep(tensor);
    };
    try {
      return work();
    } catch (error) {
      for (const tensor of kept) tensor.dispose();
      throw error;
    } finally {
      engine.keep = before;
    }
  }

  private onKernels<T>(work: () => T): T {
    if (this.broken !== undefined) throw this.broken;
    const { tf, kernels } = this;
    const before = tf.engine().backendName;
    // Of a backend that is initialised, setBackend() does all before its first await.
    if (before !== kernels) void tf.setBackend(kernels);
    try {
      return work();
    } catch (error) {
      if (!(error instanceof Error && error.name === 'RuntimeError')) throw error;
      // A kernel that WebAssembly stopped half-way leaves its memory in any state: nothing computed on it can be trusted.
      this.broken = memoryIsFull(error.message);
      throw this.broken;
    } finally {
      if (before && before !== kernels) void tf.setBackend(before);
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
    if (kernels === 'wasm' && !('WebAssembly' in globalThis)) throw new Error('this Node.js has no WebAssembly');
    // The path of the .wasm files inside the package: otherwise they would be looked for beside the program.
    const folder = `${path.dirname(require.resolve(PACKAGES[kernels]))}${path.sep}`;
    if (kernels === 'wasm') (library as typeof Wasm).setWasmPaths(folder);
    const started = await withoutHandlers(folder, () => tf.setBackend(kernels));
    if (!started) throw new Error('its kernels do not start on this machine');
    if (kernels === 'wasm') guardMemory(tf);
  } catch (error) {
    // Otherwise a backend that did not start stays the current one.
    if (tf.findBackendFactory(kernels) != null) tf.removeBackend(kernels);
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
      { ...(missing ? { hint: installHint(WANTED) } : {}), cause: error },
    );
  }
}

/** By which Node.js tells of errors that nobody has caught. */
const UNCAUGHT: readonly (string | symbol)[] = ['uncaughtException', 'unhandledRejection'];

/**
 * Takes away the handlers that Emscripten's code puts on the process: they are the program's own business. Those that the program adds
 * meanwhile stay.
 *
 * @param folder of the code
 */
async function withoutHandlers<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const added: [string, () => void][] = [];
  const note = (event: string | symbol, listener: () => void): void => {
    if (UNCAUGHT.includes(event) && isCalledFrom(folder)) added.push([event as string, listener]);
  };
  process.on('newListener', note);
  try {
    return await work();
  } finally {
    process.off('newListener', note);
    for (const [event, listener] of added) process.off(event, listener);
  }
}

/** Whether code of a folder is among those whose calls led here. */
function isCalledFrom(folder: string): boolean {
  const { stackTraceLimit } = Error;
  const prepareStackTrace: unknown = Reflect.get(Error, 'prepareStackTrace');
  // The places themselves, not as text: that the program may have cut short, or translated by source maps.
  Error.stackTraceLimit = 50;
  Error.prepareStackTrace = (_, calls) => calls.some((call) => call.getFileName()?.startsWith(folder));
  try {
    return new Error().stack as unknown as boolean;
  } finally {
    Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  }
}

/**
 * Bytes of tensors at most. WebAssembly ends at 4 GB, and TensorFlow.js does not look whether it got what it asked for; the
 * kernels take memory of their own.
 */
const MEMORY = 3.5e9;

function guardMemory(tf: Tf): void {
  const backend: unknown = tf.backend();
  const { wasm } = backend as { wasm: { _malloc(bytes: number): number; _free(address: number): void } };
  // The first call puts another function in the place of _malloc.
  wasm._free(wasm._malloc(1));
  const allocate = wasm._malloc.bind(wasm);
  wasm._malloc = (bytes) => {
    const address = tf.memory().numBytes + bytes > MEMORY ? 0 : allocate(bytes);
    if (address === 0 && bytes > 0) throw memoryIsFull(`${bytes} bytes asked for`);
    return address;
  };
}

function memoryIsFull(why: string): ResnetFtError {
  return new ResnetFtError('NATIVE_ERROR', `the memory of WebAssembly, 4 GB at most, is full (${why})`, {
    hint: 'Take a smaller --batch-size or a later --train-from, or use --backend native',
  });
}
