import fs from 'node:fs';
import path from 'node:path';
import { checkAddon, checkCuda, checkGpu, checkLibtorch, checkPrecision } from '../../lib/doctor/native';
import { wayToLibtorch } from '../../lib/libtorch/find';
import { whyNoLibtorch } from '../../lib/libtorch/platform';
import { scratch } from '../cli/run';
import { loadAddon } from '../../lib/backend/native/load';
import { checkGpuCode } from '../../lib/doctor/gpu-code';
import { fine } from '../../lib/doctor/report';
import type { ProbeResult } from '../../lib/doctor/run-probe';
import type { CudaDevice, DeviceInfo } from '../../lib/machine/device';

const H200: CudaDevice = { name: 'NVIDIA H200', memory: 150_000_000_000, bf16: true, reason: '' };
const T4: CudaDevice = { name: 'Tesla T4', memory: 15_000_000_000, bf16: false, reason: '' };
const OLD: CudaDevice = { ...T4, name: 'GTX 1080', reason: 'CUDA error: no kernel image is available' };

/** What the probe of a machine with these GPUs finds; one that is undefined did not answer. */
function machine(gpus: (CudaDevice | undefined)[], cudaReason = ''): ProbeResult {
  const info: DeviceInfo = { cudaBuilt: true, cudaCount: gpus.length, cudaReason, cpuBf16: false };
  const found: ProbeResult = new Map();
  found.set('addon', { value: { torchVersion: '2.13.0' } }).set('device', { value: info });
  for (const [i, value] of gpus.entries()) {
    found.set(`cuda:${i}`, value === undefined ? { error: { code: '', message: 'no answer within 10 s' } } : { value });
  }
  return found;
}

const tmp = scratch();
const nvidiaSmi = { check: fine('gpu', 'some'), present: true };

test('each GPU is listed with its memory and whether it has bfloat16', () => {
  expect(checkCuda(machine([H200, T4]), nvidiaSmi)).toEqual(
    fine('cuda', 'used: cuda:0 NVIDIA H200 (150.0 GB, bfloat16), cuda:1 Tesla T4 (15.0 GB)', {
      devices: 2,
      built: true,
    }),
  );
});

test.each([
  [[OLD], "not used: cuda:0 GTX 1080 can't be used (CUDA error: no kernel image is available)", 0],
  [[T4, undefined], "used: cuda:0 Tesla T4 (15.0 GB), cuda:1 can't be used (no answer within 10 s)", 1],
])('a GPU on which nothing can be computed is a warning with the reason: %j', (gpus, found, devices) => {
  expect(checkCuda(machine(gpus), nvidiaSmi)).toMatchObject({ status: 'warning', found, data: { devices } });
});

test('a driver that is too old is a warning in the words of LibTorch', () => {
  const why = 'The NVIDIA driver on your system is too old (found version 11040)';
  expect(checkCuda(machine([], why), nvidiaSmi)).toMatchObject({
    status: 'warning',
    found: expect.stringContaining(why),
  });
});

test('the precision that auto takes is that of the GPU', () => {
  expect(checkPrecision(machine([H200])).data).toMatchObject({ device: 'cuda', training: 'bf16', prediction: 'bf16' });
  expect(checkPrecision(machine([T4]))).toMatchObject({
    found: expect.stringMatching(/fp32 for training and fp32 for prediction on cuda: .*does not convolve bfloat16/),
  });
  expect(checkPrecision(machine([OLD])).data).toMatchObject({ device: 'cpu', training: 'fp32' });
});

describe('where PyTorch has no LibTorch', () => {
  const native: ProbeResult = new Map([
    ['libtorch', { error: { code: 'LIBTORCH_NOT_FOUND', message: 'no LibTorch found (...)' } }],
  ]);
  const none = 'PyTorch makes no LibTorch for darwin-x64';

  test('that it is missing is a warning, with what can be done there', () => {
    const fix = `${none}: use --backend js, or set LIBTORCH to one of your own making`;
    expect(wayToLibtorch(false, none)).toBe(fix);
    expect(checkLibtorch(native, none)).toMatchObject([{ status: 'warning', name: 'libtorch', fix }]);
    expect(checkAddon(native, none)).toMatchObject({ status: 'warning', name: 'addon' });
  });

  test('elsewhere it is a problem', () => {
    expect(checkLibtorch(native, undefined)).toMatchObject([{ status: 'problem', fix: wayToLibtorch(false) }]);
    expect(checkAddon(native, undefined)).toMatchObject({ status: 'problem' });
  });

  test.each([
    ['darwin-x64', '', none],
    ['linux-x64', '', 'LibTorch needs glibc, which is not here (musl?)'],
    ['linux-x64', '2.36', undefined],
    ['win32-x64', '', undefined],
  ])('%s with glibc %j', (platform, glibc, why) => {
    expect(whyNoLibtorch(platform, glibc)).toBe(why);
  });
});

const posix = process.platform === 'win32' ? test.skip : test;
posix('a folder of the PATH that may not be entered is no fault of a driver', async () => {
  const before = process.env['PATH'];
  const file = path.join(tmp, 'nvidia-smi');
  // Not a program: spawn says EACCES of it, as of what lies in such a folder.
  fs.writeFileSync(file, '', { mode: 0o644 });
  process.env['PATH'] = path.dirname(file);
  try {
    expect(await checkGpu(5)).toEqual({
      check: fine('gpu', 'no NVIDIA driver: nvidia-smi is not on the PATH', { gpus: [] }),
      present: false,
    });
  } finally {
    process.env['PATH'] = before;
  }
});

describe('what makes a GPU faster', () => {
  const used = { value: { available: true, reason: '' } };
  const without = (reason: string) => ({ value: { available: false, reason } });

  test('is a line each where it is used', () => {
    const found = machine([OLD, H200]).set('convolutions', used).set('kernels', used);
    expect(checkGpuCode(found)).toEqual([
      fine('cuda convolutions', "cuDNN's fused convolutions are used on cuda:1", { device: 'cuda:1', used: true }),
      fine('cuda kernels', 'our kernels for batches and batch norm are used on cuda:1', {
        ...{ device: 'cuda:1', used: true },
      }),
    ]);
  });

  test('is a warning with the reason where it is not', () => {
    const found = machine([T4]).set('convolutions', without('CUDNN_STATUS_NOT_SUPPORTED'));
    found.set('kernels', { error: { code: '', message: 'no answer within 10 s' } });
    const [convolutions, kernels] = checkGpuCode(found);
    expect(convolutions).toMatchObject({
      status: 'warning',
      found: expect.stringMatching(/not used on cuda:0, .* one operation after the other: CUDNN_STATUS_NOT_SUPPORTED$/),
      fix: expect.stringContaining('slower'),
      data: { device: 'cuda:0', used: false },
    });
    expect(kernels).toMatchObject({
      status: 'warning',
      found: expect.stringMatching(/^not known whether our kernels .*: no answer within 10 s$/),
      fix: expect.stringContaining('--timeout'),
      data: { device: 'cuda:0', used: null },
    });
  });

  test('what was not reached says so', () => {
    expect(checkGpuCode(machine([H200])).map(({ found }) => found)).toEqual([
      expect.stringMatching(/: it was not tried$/),
      expect.stringMatching(/: it was not tried$/),
    ]);
  });

  test('is no line where there is no GPU that works', () => {
    expect(checkGpuCode(machine([OLD, undefined]))).toEqual([]);
    expect(checkGpuCode(machine([]))).toEqual([]);
    expect(checkGpuCode(new Map())).toEqual([]);
  });

  test('can be asked of a device that has none of it', () => {
    const { available, reason } = loadAddon().cudnnConvolutions('cpu', 'fp32');
    expect([available, reason]).toEqual([false, expect.stringMatching(/cudnn_convolution_relu.*CPU/)]);
  });
});
