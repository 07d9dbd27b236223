import { loadAddon } from '../../lib/backend/native/load';
import { describeUnless, emulate, type Emulation, reasonWithout } from './emulated';

const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];

/** ToTensor and Normalize in float32, with true divisions. */
function normalised(byte: number, channel: number): number {
  const less = Math.fround(Math.fround(byte / 255) - Math.fround(MEAN[channel] as number));
  return Math.fround(less / Math.fround(STD[channel] as number));
}

function toBf16(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  const [one = 0] = bits;
  bits[0] = (one + 0x7fff + ((one >>> 16) & 1)) & 0xffff0000;
  return new Float32Array(bits.buffer)[0] as number;
}

const reason = reasonWithout();
describeUnless(reason, 'batches by our kernel', () => {
  let emulation: Emulation;
  beforeAll(() => {
    emulation = emulate();
  });
  afterAll(() => emulation.close());

  // Of 6 x 16 and 4 x 4 images threads make 16 bytes at once, of 5 x 7 a number.
  test.each([
    ['fp32', 6, 16],
    ['fp32', 5, 7],
    ['bf16', 16, 6],
    ['bf16', 4, 4],
    ['bf16', 5, 7],
    ['fp32', 31, 64],
  ] as const)('have the bits of ToTensor and Normalize: %s, %i x %i', (type, height, width) => {
    const size = height * width * 3;
    // All bytes in all channels, and as many different lines.
    const crops = Uint8Array.from({ length: 3 * size }, (_, i) => (i * 101 + Math.floor(i / 256)) % 256);
    const given = { type, height, width, crops, mean: MEAN, std: STD };
    for (const [rows, mirrored] of [
      [
        [2, 0, 2, 1],
        [1, 0, 0, 1],
      ],
      [[], [0, 1, 1]],
      [[1, 1], []],
    ] as const) {
      const order = rows.length > 0 ? rows : [0, 1, 2];
      const expected = order.flatMap((row, n) =>
        Array.from({ length: size }, (_, i) => {
          const channel = i % 3;
          const column = Math.floor(i / 3) % width;
          const line = Math.floor(i / 3 / width);
          const from = (mirrored as readonly number[])[n] ? width - 1 - column : column;
          const value = normalised(crops[row * size + (line * width + from) * 3 + channel] as number, channel);
          return type === 'bf16' ? toBf16(value) : value;
        }),
      );
      const drawn = { rows: Int32Array.from(rows), mirrored: Uint8Array.from(mirrored) };
      const made = loadAddon().kernelBatch({ ...given, ...drawn, library: emulation.library() });
      expect(made).toEqual(Float64Array.from(expected));
    }
  });

  test('a kernel that gives other bits is not used', () => {
    const crops = new Uint8Array(4 * 4 * 3);
    const given = {
      height: 4,
      width: 4,
      crops,
      rows: new Int32Array(),
      mirrored: new Uint8Array(),
      mean: MEAN,
      std: STD,
    };
    expect(() => loadAddon().kernelBatch({ ...given, type: 'fp32', library: emulation.library('wrong') })).toThrow(
      /our CUDA kernels give other batches than the CPU/,
    );
  });
});
