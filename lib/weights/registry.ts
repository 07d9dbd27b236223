import fs from 'node:fs';
import type { DownloadControl } from '../download/types';
import { PREPROCESSING, rejectOption, rejectUse, type Architecture, type Preprocessing } from '../options';
import { suggest } from '../text/suggest';
// Keras' imagenet_class_index.json, https://s3.amazonaws.com/deep-learning-models/image-models/imagenet_class_index.json, in
// the form of the tutorial's imagenet_classes.txt without its four header lines.
import classNames from './imagenet-classes.json';

/** Weights that are known by name, and what belongs to them. */
export interface NamedWeights {
  name: WeightsName;
  arch: Architecture;
  /** Path under https://download.pytorch.org/, or under the mirror. */
  path: string;
  /** SHA-256 in hex, or as much of it as is known: at least the eight digits of the file's name. */
  sha256: string;
  /** Size of the file in bytes; to about 500 bytes where torchvision tells it in MiB only. */
  bytes: number;
  /** Crop geometry and normalisation of torchvision's `transforms()` of these weights. */
  preprocessing: Preprocessing;
}

export const WEIGHTS_NAMES = ['imagenet-v1', 'imagenet-v2'] as const;
export type WeightsName = (typeof WEIGHTS_NAMES)[number];

const MIB = 1024 ** 2;

/** Of the first recipe, and of the one of 2021, which the weights of version 2 were trained by. */
const FIRST = PREPROCESSING;
const NEW = { ...PREPROCESSING, resize: 232 };

function entry(
  name: WeightsName,
  arch: Architecture,
  sha256: string,
  bytes: number,
  preprocessing: Preprocessing = name === 'imagenet-v1' ? FIRST : NEW,
): NamedWeights {
  const path = `models/${arch}-${sha256.slice(0, 8)}.pth`;
  return { name, arch, path, sha256, bytes: Math.round(bytes), preprocessing };
}

/**
 * torchvision's `IMAGENET1K_V1` (what `pretrained=True` meant) and `IMAGENET1K_V2`. Names, sizes in MiB and preprocessing are
 * those of torchvision 0.29.1, models/resnet.py. The digits of a hash beyond the eighth are what others computed of the file:
 * for V1 https://github.com/zspacelabs/bunsen, crates/bunsen/src/kits/bimm/resnet/pretrained.rs; for V2 projects that have
 * nothing to do with each other and agree. Of ResNet-152 V2, the ResNeXts and the wide ResNets none was found: only torchvision's
 * eight digits are checked, and whoever downloads or lists them is told.
 */
export const NAMED_WEIGHTS: readonly NamedWeights[] = [
  entry('imagenet-v1', 'resnet18', 'f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec', 46_830_571),
  entry('imagenet-v1', 'resnet34', 'b627a593bcbe140c234610266fe4f8ae95ea42fc881d091c9b6052e6b1d0590f', 83.275 * MIB),
  entry('imagenet-v1', 'resnet50', '0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a', 102_530_333),
  entry('imagenet-v2', 'resnet50', '11ad3fa62ca79e40addfd354a8ec4b7c75143b3038b8d2a807fbc68deab379ca', 97.79 * MIB),
  entry('imagenet-v1', 'resnet101', '63fe2227b86e8f1f2063f43a75c84d195911b6a0eace650907dd3dc62dd49a0a', 170.511 * MIB),
  entry('imagenet-v2', 'resnet101', 'cd907fc2a0de2292b2ba2b27d2216bc672d84632d1cf20058d01c0c03b5e020e', 170.53 * MIB),
  entry('imagenet-v1', 'resnet152', '394f9c45966e3651a89bbb78a48410a6755854ce4a5ab64927cf1c7247f85e58', 230.434 * MIB),
  entry('imagenet-v2', 'resnet152', 'f82ba261', 230.474 * MIB),
  entry('imagenet-v1', 'resnext50_32x4d', '7cdf4587', 95.789 * MIB),
  entry('imagenet-v2', 'resnext50_32x4d', '1a0047aa', 95.833 * MIB),
  entry('imagenet-v1', 'resnext101_32x8d', '8ba56ff5', 339.586 * MIB),
  entry('imagenet-v2', 'resnext101_32x8d', '110c445d', 339.673 * MIB),
  entry('imagenet-v1', 'resnext101_64x4d', '173b62eb', 319.318 * MIB, NEW),
  // In float16, and so half as large as version 2.
  entry('imagenet-v1', 'wide_resnet50_2', '95faca4d', 131.82 * MIB),
  entry('imagenet-v2', 'wide_resnet50_2', '9ba9bcbe', 263.124 * MIB),
  entry('imagenet-v1', 'wide_resnet101_2', '32ee1156', 242.896 * MIB),
  entry('imagenet-v2', 'wide_resnet101_2', 'd733dc28', 484.747 * MIB),
];

/** Of which architecture npm has the named weights, each as a package of its own that the release workflow makes. */
const ON_NPM: Architecture = 'resnet50';

/** Whether npm has a package of named weights, so that `npm install` can be advised. */
export function isOnNpm({ arch }: Pick<NamedWeights, 'arch'>): boolean {
  return arch === ON_NPM;
}

/** The names of ImageNet's 1000 classes in the order of the outputs of all named weights. */
export function imagenetClasses(): readonly string[] {
  return classNames;
}

/** What is written like a name, not like a path. */
const NAME = /^[\w-]+$/;

/**
 * The weights of a name; undefined where `name` is to be read as a file's.
 *
 * @param others words that the caller takes too
 * @throws ResnetFtError INVALID_OPTION where the architecture has no weights of this name, and where the word is neither a name
 *   nor a file that exists.
 */
export function namedWeights(
  name: string,
  arch: Architecture,
  others: readonly string[] = [],
): NamedWeights | undefined {
  const ofArch = NAMED_WEIGHTS.filter((weights) => weights.arch === arch);
  const found = ofArch.find((weights) => weights.name === name);
  if (found !== undefined) return found;
  const isName = (WEIGHTS_NAMES as readonly string[]).includes(name);
  if (!isName && (!NAME.test(name) || fs.existsSync(name))) return undefined;

  const known = [...ofArch.map((weights) => weights.name), ...others];
  const near = isName ? undefined : suggest(name, known);
  if (!isName && near === undefined) {
    rejectUse(`There is no file or folder ${name}`, `Weights of ${arch} that have a name: ${known.join(', ')}`);
  }
  const hint = near === undefined ? undefined : `Did you mean ${near}?`;
  rejectOption(`${known.join(', ')} or a file`, `weights of ${arch}`, name, hint);
}

/**
 * The file of named weights: in the npm package of these weights where one is installed, else where torch.hub keeps them, downloaded if
 * they are not there. The hash is checked each time.
 *
 * @throws ResnetFtError DOWNLOAD_FAILED naming the URL, the reason and where to put the file by hand; WEIGHTS_INVALID for a package whose
 *   file is not these weights; ABORTED.
 */
export async function locateWeights(weights: NamedWeights, control: DownloadControl = {}): Promise<string> {
  // Only here, because what speaks HTTP takes long to load.
  const { locate } = await import('./locate.js');
  return locate(weights, control);
}
