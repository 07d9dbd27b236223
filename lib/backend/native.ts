import { loadAddon } from '../addon/load';
import type { Backend } from './types';

/**
 * The backend in C++ on LibTorch.
 *
 * @throws ResnetFtError ADDON_NOT_LOADED, LIBTORCH_INVALID or LIBTORCH_NOT_FOUND
 */
export function openNativeBackend(): Backend {
  const addon = loadAddon();
  return {
    name: 'native',
    label: 'native',
    versions: { torch: addon.torchVersion },
    precisions: ['fp32', 'bf16', 'fp64'],
    deviceInfo: () => addon.deviceInfo(),
    resizeCrop: (image, options) => addon.resizeCrop(image, options),
    createCropStore: (count, size, file) => addon.createCropStore(count, size, file),
    createModel: (options, tensors) => addon.createModel(options, tensors),
    createSession: (options) => addon.createSession(options),
  };
}
