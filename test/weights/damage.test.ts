import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ResnetFtError } from '../../lib/errors';
import { readWeights, writeStateDict, type StateDict } from '../../lib/weights';
import { ABSURD_POSITIONS, asZip64, legacyFile, ordered, tensor, torchFile } from './torch-zip';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'resnet-ft-damage-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => jest.restoreAllMocks());

const sample: StateDict = new Map([
  ['conv1.weight', { dtype: 'F32', shape: [2, 3, 2], data: new Uint8Array(48).fill(1) }],
  ['bn1.num_batches_tracked', { dtype: 'I64', shape: [], data: new Uint8Array(8) }],
]);
const metadata = { classes: '["ants","bees"]' };

/** What tensors may need where a file of a few kB is read, whatever its bytes say: the room of gaps and little copies. */
const MAX_ALLOCATION = 2 * 1024 * 1024;

const FLIPS = 400;
/** Values that sizes and positions go wrong with. */
const ODD = [0, 1, 0x7f, 0x80, 0xfe, 0xff];

/** Park and Miller's generator: the same damage every time. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => (state = (state * 48271) % 0x7fffffff) % below;
}

const strided = ordered({
  w: tensor({ count: 12, shape: [4, 3], stride: [1, 4], view: 'N' }),
  'module.b': tensor({ count: 12, offset: 2, shape: [3], stride: [1], view: 'N' }),
});
const floats = Buffer.from(Float32Array.from({ length: 12 }, (_, i) => i).buffer);

const FORMATS: Record<string, () => Promise<Buffer>> = {
  pth: () => written('a.pth'),
  safetensors: () => written('a.safetensors'),
  'pth with zip64': async () => asZip64(await written('a.pth')),
  'pth with views': async () => torchFile(strided.replaceAll('NtQ', 'tQ'), { 0: floats }),
  'older pth': async () => legacyFile(strided, [{ key: '0', data: floats, count: 12 }]),
};

async function written(name: string): Promise<Buffer> {
  const file = path.join(folder, name);
  await writeStateDict(file, sample, { metadata });
  return readFile(file);
}

/** Reads damaged bytes: true where they could be read, false where they were refused; anything else fails. */
async function survives(bytes: Buffer): Promise<boolean> {
  const file = path.join(folder, 'damaged');
  await writeFile(file, bytes);
  try {
    const { tensors } = await readWeights(file);
    for (const { data } of tensors.values()) expect(data.byteLength).toBeLessThanOrEqual(MAX_ALLOCATION);
    return true;
  } catch (error) {
    if (!(error instanceof ResnetFtError) || error.code !== 'WEIGHTS_INVALID') throw error;
    expect(error.message).toContain(file);
    expect(error.message).not.toContain('\n');
    return false;
  }
}

describe.each(Object.entries(FORMATS))('a damaged %s', (_name, make) => {
  let good: Buffer;
  let allocations: number[];
  beforeAll(async () => {
    good = await make();
  });
  beforeEach(() => {
    allocations = [];
    const allocate = Buffer.allocUnsafeSlow.bind(Buffer);
    jest.spyOn(Buffer, 'allocUnsafeSlow').mockImplementation((size) => {
      allocations.push(size);
      return allocate(size);
    });
  });
  afterEach(() => expect(Math.max(...allocations)).toBeLessThanOrEqual(MAX_ALLOCATION));

  it('is read where it is whole', async () => {
    expect(await survives(good)).toBe(true);
  });

  it('is refused wherever it ends early', async () => {
    const step = Math.max(1, Math.floor(good.length / 300));
    for (let length = 0; length < good.length; length += step)
      expect(await survives(good.subarray(0, length))).toBe(false);
  });

  it('is read or refused whichever bytes change', async () => {
    const pick = random(4);
    let refused = 0;
    for (let i = 0; i < FLIPS; i++) {
      const bytes = Buffer.from(good);
      for (let changes = 1 + pick(3); changes > 0; changes--) {
        // Half of them near the end, where a zip has its directory.
        const at = pick(2) === 0 ? pick(bytes.length) : bytes.length - 1 - pick(Math.min(bytes.length, 600));
        if (i % 3 === 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << pick(8));
        else if (i % 3 === 1) bytes[at] = pick(256);
        else bytes.fill(ODD[pick(ODD.length)] ?? 0, at, Math.min(bytes.length, at + 1 + pick(8)));
      }
      if (!(await survives(bytes))) refused++;
    }
    expect(refused).toBeGreaterThan(FLIPS / 20);
  });
});

test.each(ABSURD_POSITIONS)('a .pth whose directory or its record is said to be at %s is refused', async (position) => {
  const good = await written('a.pth');
  expect(await survives(asZip64(good))).toBe(true);
  expect(await survives(asZip64(good, { directory: position }))).toBe(false);
  expect(await survives(asZip64(good, { record: position }))).toBe(false);
});
