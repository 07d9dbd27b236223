import { chooseDevice } from '../../lib/machine/device';
import { defaultThreads, quotaOf } from '../../lib/machine/threads';

type Backend = Parameters<typeof chooseDevice>[1];

const backend = (info: { cudaCount?: number; cpuBf16?: boolean } = {}): Backend => ({
  label: 'native',
  capabilities: { precisions: ['fp32', 'bf16', 'fp64'] },
  deviceInfo: () => ({ cudaBuilt: false, cudaCount: 0, cudaReason: 'no driver', cpuBf16: false, ...info }),
});

test.each([
  // cpuBf16, GPUs, training, device asked for: device and precision
  [false, 0, true, 'auto', 'cpu', 'fp32'],
  [true, 0, true, 'auto', 'cpu', 'bf16'],
  [true, 0, false, 'auto', 'cpu', 'fp32'],
  [false, 1, true, 'auto', 'cuda', 'bf16'],
  [false, 2, false, 'cuda:1', 'cuda:1', 'bf16'],
  [false, 1, true, 'cpu', 'cpu', 'fp32'],
])(
  'auto: cpuBf16 %p, %i GPUs, training %p, --device %s is %s in %s',
  (cpuBf16, cudaCount, training, asked, device, precision) => {
    const choice = chooseDevice({ device: asked, precision: 'auto' }, backend({ cpuBf16, cudaCount }), training);
    expect(choice).toMatchObject({ device, precision });
  },
);

test('what was asked for is not changed, and a GPU that is not there is an error with the reason', () => {
  expect(chooseDevice({ device: 'cpu', precision: 'fp64' }, backend({ cpuBf16: true }), true).precision).toBe('fp64');
  expect(() => chooseDevice({ device: 'cuda', precision: 'auto' }, backend())).toThrow(/cuda can't be used: no driver/);
  expect(() => chooseDevice({ device: 'cuda:2', precision: 'auto' }, backend({ cudaCount: 2 }))).toThrow(/cuda:1/);
});

test('a GPU multiplies float32 in TF32, which the note says; fp32-strict does not', () => {
  const strict: Backend = { ...backend({ cudaCount: 1 }), capabilities: { precisions: ['fp32', 'fp32-strict'] } };
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
