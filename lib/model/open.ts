import type { DownloadControl } from '../download/types';
import { ResnetFtError } from '../errors';
import { DEFAULT_ARCHITECTURE, type Architecture } from '../options';
import { looseKey } from '../text/loose-key';
import type { StateDict } from '../weights/state-dict';
import { IMAGENET_OUTPUTS, type Container } from '../network/architecture';
import { architectureOf, DEFAULT_PREPROCESSING, outputsOf, parseCard, type ModelCard } from './describe';
import { fitNetwork } from './fit-network';
import { locateModel } from './locate';

/** How {@link openModel} finds a model and what it takes where the file does not tell. */
export interface OpenModelOptions extends DownloadControl {
  /** Of named weights (default resnet50); of a file, whose own it must be, only to check it. */
  arch?: Architecture | undefined;
  /** File of class names, for a model that does not carry them, or carries others. */
  classes?: string | undefined;
}

/** A model's weights and all that is needed to use them. */
export interface OpenedModel extends ModelCard {
  /** As the caller named it. */
  source: string;
  /** The file that was read. */
  file: string;
  network: Container;
  /** All of the network's, in torchvision's order. */
  tensors: StateDict;
  /** Whether its outputs are ImageNet's 1000 classes. */
  imagenet: boolean;
}

/**
 * Opens named weights (`imagenet-v1`), or a file of weights: a model of `train`, or any state dict of a torchvision ResNet.
 *
 * @throws ResnetFtError WEIGHTS_INVALID or WEIGHTS_MISMATCH with the file's name, or what the download of named weights throws
 */
export async function openModel(source: string, options: OpenModelOptions = {}): Promise<OpenedModel> {
  const { imagenetClasses } = await import('../weights/registry.js');
  const { readWeights } = await import('../weights/index.js');
  const otherwise =
    options.otherwise ?? `name a model of your own instead of ${source}, such as the folder of a run of train`;
  const { file, named } = await locateModel(source, options.arch ?? DEFAULT_ARCHITECTURE, { ...options, otherwise });
  const { tensors: found, metadata } = await readWeights(file);
  const card = parseCard(file, metadata);

  // Guessed only where the file does not say.
  const arch = card.arch ?? named?.arch ?? architectureOf(found);
  const outputs = outputsOf(found);
  if (arch === undefined || outputs === undefined) {
    throw new ResnetFtError('WEIGHTS_MISMATCH', `weights ${file}: not a state dict of a torchvision ResNet`);
  }
  if (options.arch !== undefined && options.arch !== arch) {
    throw new ResnetFtError('WEIGHTS_MISMATCH', `weights ${file} are of ${arch}, not of ${options.arch}`, {
      hint: 'Leave --arch out: a file says what it is of',
    });
  }
  const { network, tensors } = fitNetwork(arch, outputs, found, file);
  const classes = await classNames(options.classes, card.classes, outputs, file, imagenetClasses);
  const imagenet = named !== undefined || areThoseOf(imagenetClasses(), classes);
  const preprocessing = card.preprocessing ?? named?.preprocessing ?? DEFAULT_PREPROCESSING;
  const { temperature, unknown } = card;
  return { source, file, arch, classes, preprocessing, temperature, unknown, network, tensors, imagenet };
}

/** Whether most classes have the names of these, as lists of ImageNet's differ in the spelling of some, and in a few names. */
function areThoseOf(names: readonly string[], classes: readonly string[]): boolean {
  const same = classes.filter((name, i) => looseKey(name) === looseKey(names[i] ?? ''));
  return classes.length === names.length && same.length > names.length / 2;
}

async function classNames(
  given: string | undefined,
  carried: string[] | undefined,
  outputs: number,
  file: string,
  imagenetClasses: () => readonly string[],
): Promise<string[]> {
  let classes: readonly string[];
  let from = file;
  if (given !== undefined) {
    const { readClassList } = await import('./class-list.js');
    classes = await readClassList(given);
    from = given;
  } else {
    // A state dict of another program may have any classes: they are known by their numbers.
    classes =
      carried ??
      (outputs === IMAGENET_OUTPUTS ? imagenetClasses() : Array.from({ length: outputs }, (_, i) => `class ${i}`));
  }
  if (classes.length !== outputs) {
    throw new ResnetFtError(
      'WEIGHTS_MISMATCH',
      `${from} names ${classes.length} classes, but the model of ${file} has ${outputs} outputs`,
    );
  }
  return [...classes];
}
