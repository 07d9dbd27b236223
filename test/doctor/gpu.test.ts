import { checkCuda, checkPrecision } from '../../lib/doctor/native';
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
