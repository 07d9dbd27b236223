import fs from 'node:fs';
import path from 'node:path';
import type { Backend, CropStore, GradCamResult, ModelOptions } from '../../lib/backend/types';
import { buildNetwork } from '../../lib/network/architecture';
import type { Architecture } from '../../lib/options';
import type { NamedTensor } from '../../lib/weights/state-dict';
import { floats, MODEL } from '../backend/images';
import { SESSION } from '../made-weights';

/** What make_grad_cam.py writes. */
interface Reference {
  networks: Record<
    string,
    { logits: number[][]; layers: Record<string, { size: number[]; classes: Record<string, number[]> }> }
  >;
  upsampled: { size: [number, number]; values: number[]; to: [number, number]; made: number[] }[];
}

const FILE = path.join(__dirname, 'grad-cam.json');
export const REFERENCE = JSON.parse(fs.readFileSync(FILE, 'utf8')) as Reference;

const SIDE = 96;
export const IMAGES = 2;
const CLASSES = 5;

/** The weights of make_grad_cam.py. */
async function seededTensors(backend: Backend, arch: Architecture): Promise<NamedTensor[]> {
  const network = buildNetwork(arch, CLASSES);
  const session = await backend.createSession({ ...SESSION, network, threads: 2 });
  const tensors = await session.stateDict();
  await session.close();
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  for (const mean of tensors.filter(({ name }) => name.endsWith('.running_mean'))) {
    const norm = mean.name.slice(0, -'.running_mean'.length);
    const set = (key: string, of: (i: number) => number): void => {
      const tensor = byName.get(`${norm}.${key}`);
      if (tensor !== undefined) floats(tensor).forEach((_, i, all) => (all[i] = of(i)));
    };
    set('weight', (i) => (i % 13) / 13);
    set('bias', (i) => (((i * 5) % 7) - 3) / 10);
    set('running_mean', (i) => (((i * 3) % 5) - 2) / 10);
    set('running_var', (i) => 0.5 + ((i * 2) % 9) / 9);
  }
  return tensors;
}

/** The images of make_grad_cam.py. */
async function seededImages(backend: Backend): Promise<CropStore> {
  const store = backend.createCropStore(IMAGES, SIDE);
  for (let k = 0; k < IMAGES; k++) {
    const data = new Uint8Array(SIDE * SIDE * 3);
    for (let i = 0; i < data.length; i++) {
      const [y, x, c] = [Math.floor(i / 3 / SIDE), Math.floor(i / 3) % SIDE, i % 3];
      data[i] = (37 * k + 5 * y * (c + 1) + 3 * x * (k + 1) + Math.floor((x * y) / 16)) % 256;
    }
    await store.put(k, { width: SIDE, height: SIDE, data }, SIDE);
  }
  return store;
}

/** Explains the images with such a model: what `each` asks for, with a model that is closed afterwards. */
export async function withSeeded(
  backend: Backend,
  arch: Architecture,
  precision: ModelOptions['precision'],
  each: (explain: (layer: string, target: number, batchSize?: number) => Promise<GradCamResult>) => Promise<void>,
): Promise<void> {
  const network = buildNetwork(arch, CLASSES);
  const model = await backend.createModel({ ...MODEL, network, precision }, await seededTensors(backend, arch));
  const store = await seededImages(backend);
  try {
    await each(async (layer, target, batchSize = IMAGES) => {
      const classes = new Int32Array(IMAGES).fill(target);
      const made = await model.gradCam?.({ store, count: IMAGES, batchSize, layer, classes }, () => {});
      if (made === undefined) throw new Error('the backend has no Grad-CAM');
      return made;
    });
  } finally {
    await model.close();
    store.close();
  }
}
