import type { BatchNormFigures, BatchNormOptions } from '../../lib/backend/native/addon';
import { loadAddon } from '../../lib/backend/native/load';
import { describeUnless, emulate, type Emulation, reasonWithout } from './emulated';

type Type = BatchNormOptions['type'];
type Way = BatchNormOptions['way'];

interface Variant {
  name: string;
  relu: boolean;
  adds: boolean;
}

const VARIANTS: readonly Variant[] = [
  { name: 'nothing', relu: false, adds: false },
  { name: 'ReLU', relu: true, adds: false },
  { name: 'residual and ReLU', relu: true, adds: true },
];

/** Numbers of a normal distribution, always the same ones. */
function normal(count: number, seed: number, mean = 0, deviation = 1): Float64Array {
  let state = seed * 2654435761 + 1;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const one = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  return Float64Array.from({ length: count }, () => mean + deviation * one());
}

/** As they are stored, so that a reference in float64 has the same ones. */
function stored(type: Type, values: Float64Array): Float64Array {
  if (type === 'fp64') return values;
  const floats = Float32Array.from(values);
  if (type === 'bf16') {
    const bits = new Uint32Array(floats.buffer);
    bits.forEach((one, i) => (bits[i] = (one + 0x7fff + ((one >>> 16) & 1)) & 0xffff0000));
  }
  return Float64Array.from(floats);
}

type Case = Omit<BatchNormOptions, 'way' | 'library' | 'type'>;

function made(
  type: Type,
  sizes: readonly number[],
  variant: Variant,
  changes: { training?: boolean; mean?: number } = {},
): Case {
  const { training = true, mean = 0.5 } = changes;
  const [batch = 0, channels = 0, height = 0, width = 0] = sizes;
  const count = batch * channels * height * width;
  return {
    sizes: Int32Array.from(sizes),
    x: stored(type, normal(count, 1, mean, 2)),
    residual: variant.adds ? stored(type, normal(count, 2)) : new Float64Array(),
    dy: stored(type, normal(count, 3)),
    ...{ weight: stored('fp32', normal(channels, 4, 1, 0.5)), bias: stored('fp32', normal(channels, 5)) },
    runningMean: stored('fp32', normal(channels, 6, mean)),
    runningVar: stored(
      'fp32',
      normal(channels, 7).map((value) => 1 + Math.abs(value)),
    ),
    ...{ training, momentum: 0.1, eps: 1e-5, relu: variant.relu },
  };
}

function computed(way: Way, type: Type, of: Case, library = ''): BatchNormFigures {
  return loadAddon().batchNorm({ ...of, way, type, library: library || 'none' });
}

/** Each figure to a share of its own size and a share of the greatest one. */
function expectClose(
  name: string,
  given: Float64Array | undefined,
  wanted: Float64Array | undefined,
  relative: number,
  absolute: number,
): void {
  expect([name, given?.length]).toEqual([name, wanted?.length]);
  if (!given || !wanted) return;
  const greatest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const worst = given.findIndex(
    (value, i) =>
      !(Math.abs(value - (wanted[i] as number)) <= relative * Math.abs(wanted[i] as number) + absolute * greatest),
  );
  expect([name, worst, given[worst], wanted[worst]]).toEqual([name, -1, undefined, undefined]);
}

/** `rounding` is that of what is stored in the type of the images. */
function expectLike(given: BatchNormFigures, wanted: BatchNormFigures, rounding: number, exact: number): void {
  for (const key of ['y', 'dx', 'dResidual'] as const) expectClose(key, given[key], wanted[key], rounding, exact);
  for (const key of ['runningMean', 'runningVar', 'dWeight', 'dBias'] as const)
    expectClose(key, given[key], wanted[key], exact, exact);
}

describe("by LibTorch's operators", () => {
  test.each([true, false])('it is what autograd gives (training: %s)', (training) => {
    for (const variant of VARIANTS) {
      const of = made('fp64', [3, 5, 4, 3], variant, { training });
      const wanted = computed('autograd', 'fp64', of);
      const given = computed('operators', 'fp64', of);
      expectLike(given, wanted, 1e-10, 1e-10);
      const mean = training ? undefined : of.runningMean;
      if (mean) expect(given.mean).toEqual(mean);
      expect(given.runningMean.some((value, i) => value !== of.runningMean[i])).toBe(training);
    }
  });

  test('the residual, the gradient and what is normalised must fit', () => {
    const [nothing, relu] = VARIANTS as [Variant, Variant];
    const of = made('fp32', [2, 4, 3, 3], relu);
    expect(() => computed('operators', 'fp32', { ...of, relu: false, residual: of.x })).toThrow(
      /only added where ReLU/,
    );
    expect(() => computed('operators', 'fp32', made('fp32', [1, 4, 1, 1], nothing))).toThrow(/more than one value/);
  });
});

const reason = reasonWithout();
describeUnless(reason, 'by our kernels', () => {
  let emulation: Emulation;
  beforeAll(() => {
    emulation = emulate();
  });
  afterAll(() => emulation.close());

  /** Against autograd in float64, of the same stored numbers. */
  function expectRight(type: 'fp32' | 'bf16', of: Case, exact = 2e-5): void {
    const given = computed('kernels', type, of, emulation.library());
    const wanted = computed('autograd', 'fp64', of);
    expectLike(given, wanted, type === 'bf16' ? 2 ** -8 : exact, exact);
    const direct = computed('operators', 'fp64', of);
    expectClose('mean', given.mean, direct.mean, exact, exact);
    expectClose('invstd', given.invstd, direct.invstd, exact, exact);
  }

  const SIZES = [
    ['channels that threads take 16 bytes of', [2, 64, 6, 5]],
    ['more channels than a block has', [2, 320, 3, 3]],
    ['an odd number of channels', [3, 13, 5, 4]],
    ['one channel', [2, 1, 4, 4]],
    ['images of one pixel', [7, 24, 1, 1]],
    ['many rows', [8, 8, 48, 48]],
  ] as const;
  const TYPES = ['fp32', 'bf16'] as const;

  test.each(TYPES.flatMap((type) => SIZES.map(([name, sizes]) => [type, name, sizes] as const)))(
    'in training they are right to rounding: %s, %s',
    (type, _name, sizes) => {
      for (const variant of VARIANTS) expectRight(type, made(type, sizes, variant));
    },
  );

  test.each(TYPES)('frozen, with the running figures: %s', (type) => {
    for (const sizes of [
      [2, 16, 5, 3],
      [2, 7, 3, 3],
    ]) {
      for (const variant of VARIANTS) expectRight(type, made(type, sizes, variant, { training: false }));
    }
  });

  test('a mean that is large beside the deviation costs no digits of the variance', () => {
    expectRight('fp32', made('fp32', [4, 8, 24, 24], VARIANTS[1] as Variant, { mean: 1000 }), 5e-4);
  });

  test('the order in which threads and blocks run changes no bit', () => {
    for (const variant of VARIANTS) {
      const of = made('fp32', [4, 40, 12, 12], variant);
      const forwards = computed('kernels', 'fp32', of, emulation.library());
      expect(computed('kernels', 'fp32', of, emulation.library('backwards'))).toEqual(forwards);
    }
  });

  test('what is no number stays none, in its own channel', () => {
    const of = made('fp32', [2, 4, 3, 3], VARIANTS[1] as Variant);
    of.x[0] = NaN;
    const { y, dx } = computed('kernels', 'fp32', of, emulation.library());
    for (const figures of [y, dx]) {
      // Batch x channels x height x width: of each image the first nine are the first channel's.
      figures.forEach((value, i) => expect(Number.isNaN(value)).toBe(i % 36 < 9));
    }
  });

  test.each([
    ['without-driver', /cuDeviceGet: an error of the fake \(100\)/],
    ['no-compiler', /a CUDA kernel does not compile: no kernels today$/],
    ['wrong', /our CUDA kernels give other figures than LibTorch \(y; training/],
  ])('kernels that do not work are off, for good and with the reason: %s', (behaviour, message) => {
    const of = made('fp32', [2, 4, 3, 3], VARIANTS[0] as Variant);
    for (let i = 0; i < 2; ++i) {
      expect(() => computed('kernels', 'fp32', of, emulation.library(behaviour))).toThrow(message);
    }
  });

  test('while a graph is recorded none are made, and afterwards they are', () => {
    const of = made('fp32', [2, 4, 3, 3], VARIANTS[0] as Variant);
    const library = emulation.library('capturing');
    for (let i = 0; i < 2; ++i) expect(() => computed('kernels', 'fp32', of, library)).toThrow(/kernels now: $/);
    expect(computed('kernels', 'fp32', of, library)).toEqual(computed('kernels', 'fp32', of, emulation.library()));
  });
});

test('where there is no GPU the kernels say so', () => {
  expect(loadAddon().cudaKernels('cpu')).toEqual({ available: false, reason: 'they are for CUDA' });
});
