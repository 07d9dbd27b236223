import { DRAWS, OPTIMIZERS, TRAIN_FROM } from '../../options';
import type { Backend } from '../types';
import { JsCropStore, resizeCrop } from './crop-store';
import { misuse } from './error';
import { SERVED_AUGMENTATIONS } from './frozen-prefix';
import { JsModel } from './model';
import { JsSession } from './session';
import { loadEngine, type Engine, type Kernels } from './tfjs';

/**
 * The backend in JavaScript on TensorFlow.js: without the native addon and without LibTorch, slower, in float32 on the CPU.
 *
 * @param kernels what computes; default WebAssembly, or plain JavaScript if that does not start
 * @throws ResnetFtError BACKEND_UNAVAILABLE where TensorFlow.js is not installed
 */
export async function openJsBackend(kernels?: Kernels): Promise<Backend> {
  const engine = kernels === undefined ? await fastestEngine() : await loadEngine(kernels);
  return {
    name: 'js',
    label: `js (${engine.kernels})`,
    versions: { tfjs: engine.version },
    capabilities: {
      // Always strict.
      precisions: ['fp32', 'fp32-strict'],
      optimizers: OPTIMIZERS,
      losses: ['cross-entropy'],
      augmentations: ['horizontal-flip'],
      keptFeatures: SERVED_AUGMENTATIONS,
      views: false,
      draws: DRAWS,
      trainFrom: TRAIN_FROM,
      imageStore: false,
      sharedStores: false,
      gradCam: false,
    },
    deviceInfo: () => ({
      cudaBuilt: false,
      cudaCount: 0,
      cudaReason: 'the js backend computes on the CPU',
      cpuBf16: false,
    }),
    cudaDevice: () => {
      throw misuse('the js backend computes on the CPU');
    },
    resizeCrop,
    createCropStore: (count, size, file, shared) => {
      if (shared === true) throw notShared();
      return new JsCropStore(count, size, file);
    },
    openCropStore: () => {
      throw notShared();
    },
    createImageStore: () => {
      throw misuse('the js backend has no store of images');
    },
    openImageStore: () => {
      throw notShared();
    },
    createModel: (options, tensors) => JsModel.create(engine, options, tensors),
    createSession: async (options) => {
      if (options.cacheShared !== undefined) throw notShared();
      return JsSession.create(engine, options);
    },
  };
}

const notShared = (): Error => misuse('the js backend shares nothing with other processes');

async function fastestEngine(): Promise<Engine> {
  try {
    return await loadEngine('wasm');
  } catch (error) {
    // The reason why WebAssembly fails is the one to tell, for plain JavaScript fails only where nothing is installed.
    return loadEngine('cpu').catch(() => {
      throw error;
    });
  }
}
