import { loadAddonInBackground } from './load';
import type { Backend } from '../types';
import { CAPABILITIES } from './capabilities';

/**
 * The backend in C++ on LibTorch.
 *
 * @param cuda whether it may be asked for a GPU: LibTorch's CUDA libraries are opened only then; default yes
 * @throws ResnetFtError ADDON_NOT_LOADED, LIBTORCH_INVALID or LIBTORCH_NOT_FOUND
 */
export async function openNativeBackend(cuda = true): Promise<Backend> {
  const addon = await loadAddonInBackground(cuda);
  return {
    name: 'native',
    label: 'native',
    versions: { torch: addon.torchVersion },
    capabilities: CAPABILITIES,
    deviceInfo: () => addon.deviceInfo(),
    cudaDevice: (index) => addon.cudaDevice(index),
    resizeCrop: (image, options) => addon.resizeCrop(image, options),
    createCropStore: (count, size, file, shared) => addon.createCropStore(count, size, file, shared),
    openCropStore: (file, count, size) => addon.openCropStore(file, count, size),
    createImageStore: (count, options) => addon.createImageStore(count, options),
    openImageStore: (file, table) => addon.openImageStore(file, table),
    createModel: (options, tensors) => addon.createModel(options, tensors),
    createSession: (options) => addon.createSession(options),
  };
}
