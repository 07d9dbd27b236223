import { buildNetwork, IMAGENET_OUTPUTS, type Container } from '../network/architecture';
import { DEFAULT_PREPROCESSING } from '../model/describe';
import {
  DEFAULT_ARCHITECTURE,
  resolveSummaryOptions,
  type Architecture,
  type ResolvedSummaryOptions,
  type SummaryOptions,
} from '../options';
import { measure, type SummaryRow, type SummaryTotals } from './measure';
import { printTree } from './tree';

/** What a model consists of. */
export interface Summary {
  /** As the caller named it; null where only an architecture was asked for. */
  model: string | null;
  /** Architecture of the model. */
  arch: Architecture;
  /** Outputs of `fc`. */
  outputs: number;
  /** Shape of one image: channels, height, width. The model's crop, or 224. */
  input: number[];
  /** What counts as trained: this module and all after it. */
  trainFrom: ResolvedSummaryOptions['trainFrom'];
  /** Each module without children, in the order of the tree. */
  rows: SummaryRow[];
  /** Sums over the whole network. */
  totals: SummaryTotals;
  /** The module tree as Python's print(model) shows it, without a newline at the end. */
  tree: string;
}

interface Described {
  arch: Architecture;
  network: Container;
  outputs: number;
  crop: number;
}

/**
 * Describes a model: a file of weights, the folder of a run, named weights, which are not downloaded for it, or just an
 * architecture. Needs no LibTorch.
 *
 * @throws ResnetFtError INVALID_OPTION; WEIGHTS_INVALID or WEIGHTS_MISMATCH naming a file that does not fit
 */
export async function summarize(input: SummaryOptions = {}): Promise<Summary> {
  const options = resolveSummaryOptions(input);
  const { arch, network, outputs, crop } = await describe(options);
  const shape = [3, crop, crop];
  return {
    model: options.model ?? null,
    arch,
    outputs,
    input: shape,
    trainFrom: options.trainFrom,
    ...measure(network, shape, options.trainFrom),
    tree: printTree(network),
  };
}

async function describe({ model, outputs, ...options }: ResolvedSummaryOptions): Promise<Described> {
  const arch = options.arch ?? DEFAULT_ARCHITECTURE;
  const build = (count: number, crop: number): Described => {
    return { arch, network: buildNetwork(arch, count), outputs: count, crop };
  };
  if (model === undefined) return build(outputs ?? IMAGENET_OUTPUTS, DEFAULT_PREPROCESSING.crop);
  const { namedWeights } = await import('../weights/registry.js');
  const named = namedWeights(model, arch);
  if (named !== undefined) return build(IMAGENET_OUTPUTS, named.preprocessing.crop);
  const { openModel } = await import('../model/open.js');
  const opened = await openModel(model, { arch: options.arch });
  return {
    arch: opened.arch,
    network: opened.network,
    outputs: opened.classes.length,
    crop: opened.preprocessing.crop,
  };
}
