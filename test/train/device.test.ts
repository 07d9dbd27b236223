import { chooseDevice } from '../../lib/machine/device';
import { quotaOf } from '../../lib/machine/cgroup';
import { defaultThreads } from '../../lib/machine/threads';

type Backend = Parameters<typeof chooseDevice>[1];
type Gpu = ReturnType<Backend['cudaDevice']>;

const AMPERE: Gpu = { name: 'A100', memory: 40e9, bf16: true, reason: '' };
const TURING: Gpu = { name: 'T4', memory: 16e9, bf16: false, reason: '' };
const PASCAL: Gpu = { ...TURING, name: 'GTX 1080', reason: 'CUDA error: no kernel image is available' };

/** Which GPUs were tried is in `tried`. */
const backend = (gpus: Gpu[] = [], cpuBf16 = false): Backend & { tried: number[] } => {
  const tried: number[] = [];
  return {
    tried,
    label: 'native',
    capabilities: { precisions: ['fp32', 'bf16', 'fp64'] },
    deviceInfo: () => ({
      cudaBuilt: true,
      cudaCount: gpus.length,
      cudaReason: gpus.length > 0 ? '' : 'the driver is too old',
      cpuBf16,
    }),
    cudaDevice(index) {
      tried.push(index);
      return gpus[index] as Gpu;
    },
  };
};

test.each([
  // the CPU's bfloat16, GPUs, training, device asked for: device and precision
  [false, [], true, 'auto', 'cpu', 'fp32'],
  [true, [], true, 'auto', 'cpu', 'bf16'],
  [true, [], false, 'auto', 'cpu', 'fp32'],
  [false, [AMPERE], true, 'auto', 'cuda', 'bf16'],
  [false, [TURING], true, 'auto', 'cuda', 'fp32'],
  [true, [TURING], true, 'cuda', 'cuda', 'fp32'],
  [false, [TURING, AMPERE], false, 'cuda:1', 'cuda:1', 'bf16'],
  [false, [AMPERE], true, 'cpu', 'cpu', 'fp32'],
  [true, [PASCAL], true, 'auto', 'cpu', 'bf16'],
  [false, [PASCAL, TURING], true, 'auto', 'cuda:1', 'fp32'],
])(
  'auto: bfloat16 of the CPU %p, GPUs %j, training %p, --device %s is %s in %s',
  (cpuBf16, gpus, training, asked, device, precision) => {
    const choice = chooseDevice({ device: asked, precision: 'auto' }, backend(gpus, cpuBf16), training);
    expect(choice).toMatchObject({ device, precision });
  },
);

test('where auto takes the CPU it says why, be it the driver or the GPU', () => {
  const note = (gpus: Gpu[]): string => chooseDevice({ device: 'auto', precision: 'auto' }, backend(gpus)).note;
  expect(note([])).toBe('device cpu (auto: the driver is too old), precision fp32');
  expect(note([PASCAL])).toBe('device cpu (auto: GTX 1080: CUDA error: no kernel image is available), precision fp32');
  expect(note([AMPERE])).toBe('device cuda (auto), precision bf16');
});

test('what was asked for is not changed, and a GPU that is not there or does not work is an error with the reason', () => {
  const choose = (device: string, gpus: Gpu[] = []): unknown =>
    chooseDevice({ device, precision: 'auto' }, backend(gpus));
  expect(chooseDevice({ device: 'cpu', precision: 'fp64' }, backend([], true), true).precision).toBe('fp64');
  expect(() => choose('cuda')).toThrow(/cuda can't be used: the driver is too old/);
  expect(() => choose('cuda:2', [AMPERE, AMPERE])).toThrow(/cuda:2 can't be used: the last of this machine is cuda:1/);
  expect(() => choose('cuda', [PASCAL, AMPERE])).toThrow(/cuda can't be used: GTX 1080: CUDA error: no kernel image/);
});

test('a GPU is set up only where it may be used', () => {
  const two = backend([AMPERE, AMPERE]);
  chooseDevice({ device: 'cpu', precision: 'auto' }, two, true);
  expect(two.tried).toEqual([]);
  chooseDevice({ device: 'auto', precision: 'auto' }, two, true);
  expect(two.tried).toEqual([0]);
});

test('a GPU multiplies float32 in TF32, which the note says; fp32-strict does not', () => {
  const strict: Backend = { ...backend([AMPERE]), capabilities: { precisions: ['fp32', 'fp32-strict'] } };
  const noteOf = (device: string, precision: 'fp32' | 'fp32-strict') =>
    chooseDevice({ device, precision }, strict).note;
  expect(noteOf('cuda', 'fp32')).toBe('device cuda, precision fp32 (TF32; fp32-strict is without)');
  expect(noteOf('cuda', 'fp32-strict')).toBe('device cuda, precision fp32-strict');
  expect(noteOf('cpu', 'fp32')).toBe('device cpu, precision fp32');
});

test("threads follow a container's quota where it allows fewer than there are processors", () => {
  expect([quotaOf('150000 100000\n'), quotaOf('max 100000'), quotaOf('-1 100000')]).toEqual([
    1.5,
    undefined,
    undefined,
  ]);
  expect(defaultThreads(3.9, 16)).toBe(3);
  expect(defaultThreads(0.5, 16)).toBe(1);
  expect(defaultThreads(16, 16)).toBe(0);
  expect(defaultThreads(undefined, 16)).toBe(0);
});
