import fs from 'node:fs';
import path from 'node:path';
import type { Backend, CropStore } from '../../lib/backend/types';
import { buildNetwork } from '../../lib/network/architecture';
import type { Architecture } from '../../lib/options';
import { floats, MODEL } from '../backend/images';
import { rates, SESSION, sessionWith } from '../made-weights';

/** What make_seeded.py writes of a network. */
interface Seeded {
  drawn: Record<string, number>;
  logits: number[][];
  loss: number;
  moved: Record<string, number>;
}

const SIDE = 64;
const IMAGES = 4;
const OPTIONS = { ...SESSION, threads: 2 };
const ignore = (): void => {};

const { networks } = JSON.parse(fs.readFileSync(path.join(__dirname, 'seeded.json'), 'utf8')) as {
  networks: Record<string, Seeded>;
};

function seeded(arch: Architecture): Seeded & { network: ReturnType<typeof buildNetwork> } {
  const found = networks[arch];
  if (found === undefined) throw new Error(`make_seeded.py made nothing of ${arch}`);
  return { ...found, network: buildNetwork(arch, found.logits[0]?.length ?? 0) };
}

/** The images of make_seeded.py. */
async function fill(backend: Backend): Promise<CropStore> {
  const store = backend.createCropStore(IMAGES, SIDE);
  for (let k = 0; k < IMAGES; k++) {
    const data = new Uint8Array(SIDE * SIDE * 3);
    for (let i = 0; i < data.length; i++) {
      const [y, x, c] = [Math.floor(i / 3 / SIDE), Math.floor(i / 3) % SIDE, i % 3];
      data[i] = (37 * k + 5 * y * (c + 1) + 3 * x * (k + 1)) % 256;
    }
    await store.put(k, { width: SIDE, height: SIDE, data }, SIDE);
  }
  return store;
}

/** The greatest difference between a value and torchvision's, as a share of the greatest of those. */
function apart(made: readonly number[], expected: readonly number[]): number {
  const size = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(value - (made[i] ?? NaN)))) / size;
}

/** Initial weights of seed 0 and what they make of images, against torchvision's. */
export async function expectLogits(backend: Backend, arch: Architecture, tolerance: number): Promise<void> {
  const { network, drawn, logits } = seeded(arch);
  const session = await backend.createSession({ ...OPTIONS, network });
  const tensors = await session.stateDict();
  await session.close();
  for (const tensor of tensors.filter(({ name }) => name in drawn)) {
    const difference = Math.abs((floats(tensor).at(-1) ?? NaN) - (drawn[tensor.name] as number));
    expect([tensor.name, difference < 1e-6]).toEqual([tensor.name, true]);
  }
  const store = await fill(backend);
  const model = await backend.createModel({ ...MODEL, network }, tensors);
  // One by one and together: oneDNN keeps weights in other ways for either.
  const one = await model.run({ store, count: IMAGES, batchSize: 1, features: false }, ignore);
  const all = await model.run({ store, count: IMAGES, batchSize: IMAGES, features: false }, ignore);
  await model.close();
  store.close();
  expect(apart([...one.logits], logits.flat())).toBeLessThan(tolerance);
  expect(apart([...all.logits], logits.flat())).toBeLessThan(tolerance);
}

/** A step of SGD on all of the network, in float64, against torchvision's. */
export async function expectStep(backend: Backend, arch: Architecture): Promise<void> {
  const { network, loss, moved } = seeded(arch);
  const store = await fill(backend);
  const session = await backend.createSession(sessionWith({ network, precision: 'fp64', augment: [] }, OPTIONS));
  const targets = Int32Array.from({ length: IMAGES }, (_, i) => i);
  const pass = { store, targets, batchSize: IMAGES, epoch: 1, ...rates(0.01, 1) };
  const result = await session.trainEpoch(pass, ignore);
  const tensors = new Map((await session.stateDict()).map((tensor) => [tensor.name, tensor]));
  await session.close();
  store.close();
  expect(apart([result.loss], [loss])).toBeLessThan(1e-8);
  for (const [name, expected] of Object.entries(moved)) {
    const { buffer, byteOffset, byteLength } = tensors.get(name)?.data ?? new Uint8Array(8);
    const values = new Float64Array(buffer, byteOffset, byteLength / 8);
    expect([name, apart([values.at(-1) ?? NaN], [expected]) < 1e-7]).toEqual([name, true]);
  }
}
