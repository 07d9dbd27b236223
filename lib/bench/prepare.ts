import fs from 'node:fs';
import path from 'node:path';
import { drawInitialWeights } from '../backend/js/initial-weights';
import { Generator } from '../backend/js/random';
import { resizeAndCrop } from '../backend/js/resize';
import { READING_STOPPED } from '../data/read-all';
import { decodeResizable } from '../data/resizable';
import { isDirectory } from '../data/image-folder';
import type { DownloadControl } from '../download/types';
import { ResnetFtError, throwIfAborted } from '../errors';
import { buildOnnx } from '../export/onnx';
import { encodeOnnx } from '../export/onnx-proto';
import { buildNetwork, IMAGENET_OUTPUTS, type Container } from '../network/architecture';
import { DEFAULT_PREPROCESSING, type ModelCard } from '../model/describe';
import { openModel } from '../model/open';
import { DEFAULT_ARCHITECTURE, geometryOf, type Preprocessing, type ResolvedBenchOptions } from '../options';
import { expandInputs } from '../predict/inputs';
import { writeAtomically } from '../files/atomic-file';
import type { StateDict } from '../weights/index';

/** A model to measure: all of its tensors, in torchvision's order. */
export interface BenchModel extends ModelCard {
  network: Container;
  tensors: StateDict;
}

/** Crops to measure with. */
export interface BenchImages {
  /** RGB bytes, one crop after the other. */
  bytes: Uint8Array;
  /** Of each crop, what its image is called. */
  names: string[];
}

const SEED = 0;
/** Squares of a made-up image, across and down. */
const SQUARES = 8;

/**
 * Opens the model that is named, or draws random weights of seed 0, those of torchvision's constructor.
 *
 * @throws ResnetFtError as openModel does
 */
export async function prepareModel(
  { model: source, arch: named, offline }: Pick<ResolvedBenchOptions, 'model' | 'arch' | 'offline'>,
  control: Omit<DownloadControl, 'offline'>,
): Promise<BenchModel> {
  if (source !== undefined) {
    const otherwise = 'measure random weights instead: the same command without --model';
    const opened = await openModel(source, { ...control, otherwise, offline, arch: named });
    const { arch, classes, preprocessing, network, tensors } = opened;
    return { arch, classes, preprocessing, network, tensors };
  }
  const arch = named ?? DEFAULT_ARCHITECTURE;
  const network = buildNetwork(arch, IMAGENET_OUTPUTS);
  const drawn = await drawInitialWeights(network, new Generator(SEED));
  return {
    arch,
    classes: Array.from({ length: IMAGENET_OUTPUTS }, (_, i) => `class ${i}`),
    preprocessing: DEFAULT_PREPROCESSING,
    network,
    tensors: new Map(drawn.map(({ name, ...tensor }) => [name, tensor])),
  };
}

/** Writes the graph for onnxruntime, which takes the bytes of the crops as the others do. */
export async function writeOnnx(file: string, model: BenchModel): Promise<void> {
  const graph = buildOnnx(model.network, model.tensors, model, { withPreprocessing: true });
  await writeAtomically(file, (await encodeOnnx(graph)).chunks);
}

/**
 * Makes `count` crops: of the first images of a folder, which come again where there are fewer, or of squares of random colours.
 *
 * @throws ResnetFtError DATA_NOT_FOUND, DATA_INVALID where the folder has no image, IMAGE_UNREADABLE, ABORTED
 */
export async function prepareImages(
  folder: string | undefined,
  count: number,
  preprocessing: Preprocessing,
  signal: AbortSignal | undefined,
): Promise<BenchImages> {
  const geometry = geometryOf(preprocessing);
  const { exifRotate: _done, ...how } = geometry;
  const { crop } = geometry;
  const size = 3 * crop * crop;
  const bytes = new Uint8Array(count * size);
  if (folder === undefined) {
    paint(bytes, crop);
    return { bytes, names: Array.from({ length: count }, (_, i) => `made-up image ${i + 1}`) };
  }
  const files = await firstImages(folder, count);
  for (const [i, file] of files.entries()) {
    throwIfAborted(signal, READING_STOPPED);
    const { data } = await resizeAndCrop(await decodeResizable(file, geometry), how);
    for (let at = i; at < count; at += files.length) bytes.set(data, at * size);
  }
  const names = files.map((file) => path.relative(folder, file));
  return { bytes, names: Array.from({ length: count }, (_, i) => names[i % names.length] as string) };
}

/**
 * Paints each crop with squares of random colours out of a random range. Noise pixel by pixel would not do: a network averages it away,
 * so that all images would have the same logits, and a backend that mixes them up would go unnoticed.
 */
function paint(bytes: Uint8Array, crop: number): void {
  const generator = new Generator(SEED);
  const side = Math.ceil(crop / SQUARES);
  for (let start = 0; start < bytes.length; start += 3 * crop * crop) {
    const darkest = generator.random() % 128;
    const range = 1 + (generator.random() % 128);
    const colours = Uint8Array.from({ length: 3 * SQUARES ** 2 }, () => darkest + (generator.random() % range));
    for (let y = 0; y < crop; y++) {
      for (let x = 0; x < crop; x++) {
        const square = 3 * (Math.floor(y / side) * SQUARES + Math.floor(x / side));
        bytes.set(colours.subarray(square, square + 3), start + 3 * (y * crop + x));
      }
    }
  }
}

async function firstImages(folder: string, most: number): Promise<string[]> {
  if (!fs.existsSync(folder)) throw new ResnetFtError('DATA_NOT_FOUND', `no such folder: ${folder}`);
  if (!(await isDirectory(folder))) throw new ResnetFtError('DATA_INVALID', `${folder} is not a folder`);
  const files: string[] = [];
  const problems = new Map<string, ResnetFtError>();
  const list = (): never => {
    throw new Error('no list is asked for');
  };
  for await (const file of expandInputs([folder], { list, problems })) {
    const problem = problems.get(file);
    if (problem !== undefined) throw problem;
    files.push(file);
    if (files.length === most) break;
  }
  return files;
}
