import path from 'node:path';
import { PYTHON_NAMES, runPython } from '../../lib/libtorch/python';
import { loadAddon } from '../../lib/backend/native/load';
import { ROOT } from '../cli/run';
import { describeUnless, emulate, type Emulation, reasonWithout } from './emulated';

// NVRTC compiles without a GPU. `pip install nvidia-cuda-nvrtc` has it: 90 MB, too much for everybody's tests.

const FIND = `
import glob, nvidia, os
print([file for at in nvidia.__path__ for file in sorted(glob.glob(os.path.join(at, '*', 'lib', 'libnvrtc.so.*')))][0])
`;

function nvrtc(): string | undefined {
  for (const python of [path.join(ROOT, '.venv-tools', 'bin', 'python'), ...PYTHON_NAMES]) {
    const found = runPython(python, FIND);
    if (found !== undefined) return found;
  }
  return undefined;
}

const library = nvrtc();
const reason = reasonWithout() ?? (library ? undefined : 'no Python has NVRTC: pip install nvidia-cuda-nvrtc');
describeUnless(reason, 'NVRTC compiles our kernels', () => {
  let emulation: Emulation;
  beforeAll(() => {
    emulation = emulate(library);
  });
  afterAll(() => emulation.close());

  test.each(['sm-75', 'sm-80', 'sm-89', 'sm-90', 'sm-100', 'sm-120'])('for %s', (gpu) => {
    for (const type of ['fp32', 'bf16'] as const) {
      for (const channels of [5, 8]) {
        const figures = new Float64Array(channels).fill(1);
        const images = new Float64Array(2 * channels).fill(1);
        const { y } = loadAddon().batchNorm({
          ...{ way: 'kernels', library: emulation.library(gpu), type, sizes: Int32Array.of(2, channels, 1, 1) },
          ...{ x: images, residual: images, dy: images, weight: figures, bias: figures },
          ...{ runningMean: figures, runningVar: figures, training: true, momentum: 0.1, eps: 1e-5, relu: true },
        });
        expect(y).toEqual(images.map(() => 2));
      }
    }
    const none = new Uint8Array();
    const crops = new Uint8Array(4 * 4 * 3);
    const given = { type: 'bf16', height: 4, width: 4, crops, rows: new Int32Array(), mirrored: none } as const;
    const made = loadAddon().kernelBatch({
      ...given,
      library: emulation.library(gpu),
      mean: [0, 0, 0],
      std: [1, 1, 1],
    });
    expect(made).toEqual(new Float64Array(crops.length));
  });
});
