import type { TrainingSession } from '../backend/types';
import type { DownloadControl } from '../download/types';
import { architectureOf, DEFAULT_PREPROCESSING, parseCard } from '../model/describe';
import { locateModel } from '../model/locate';
import {
  DEFAULT_ARCHITECTURE,
  preprocessingOf,
  type Architecture,
  type Preprocessing,
  type ResolvedTrainOptions,
} from '../options';
import type { StateDict } from '../weights/state-dict';
import type { TrainEvent } from './events';
import { readExtended, withClasses } from './extend';

/** What a run starts from. */
export interface Start {
  arch: Architecture;
  /** That of the weights, since they were trained on images prepared like this, where the options say nothing else. */
  preprocessing: Preprocessing;
  /** Undefined where the weights are drawn. */
  weights: StartWeights | undefined;
}

interface StartWeights {
  file: string;
  tensors: StateDict;
  /** Of a model that is extended: what each row of its `fc` is for. */
  classes?: string[];
}

/**
 * Finds and reads the weights to start from. The architecture is the one asked for, else the one that the file names, else the one that
 * its tensors are of.
 *
 * @throws ResnetFtError WEIGHTS_INVALID, INVALID_OPTION, or what the download of named weights throws
 */
export async function readStart(options: ResolvedTrainOptions, control: DownloadControl): Promise<Start> {
  if (options.extend !== undefined) {
    const { arch, preprocessing, ...weights } = await readExtended(options.extend, options.arch);
    return { arch, preprocessing: preprocessingOf(options, preprocessing), weights };
  }
  const wanted = options.arch ?? DEFAULT_ARCHITECTURE;
  if (options.weights === 'none') {
    return { arch: wanted, preprocessing: preprocessingOf(options, DEFAULT_PREPROCESSING), weights: undefined };
  }
  const otherwise = control.otherwise ?? 'train from scratch instead: the same command with --weights none';
  const { file, named } = await locateModel(options.weights, wanted, { ...control, otherwise }, ['none']);
  const { readWeights } = await import('../weights/index.js');
  const { tensors, metadata } = await readWeights(file);
  const card = parseCard(file, metadata);
  return {
    arch: options.arch ?? card.arch ?? named?.arch ?? architectureOf(tensors) ?? DEFAULT_ARCHITECTURE,
    preprocessing: preprocessingOf(options, card.preprocessing ?? named?.preprocessing ?? DEFAULT_PREPROCESSING),
    weights: { file, tensors },
  };
}

/**
 * Loads what fits of the weights into a session of these classes.
 *
 * @throws ResnetFtError WEIGHTS_MISMATCH, or WEIGHTS_INVALID where a tensor's values are none to compute with; DATA_INVALID where a model is
 *   extended that knows none of the classes
 */
export async function loadStart(
  session: TrainingSession,
  weights: StartWeights,
  arch: Architecture,
  classes: readonly string[],
): Promise<TrainEvent> {
  const { buildNetwork, tensorsOf } = await import('../network/architecture.js');
  const { matchForTransfer } = await import('../weights/transfer.js');
  const { checkValues } = await import('../weights/values.js');
  const { file } = weights;
  const extended = weights.classes === undefined ? undefined : await extend(session, weights, classes);
  const match = matchForTransfer(
    tensorsOf(buildNetwork(arch, classes.length)),
    extended?.tensors ?? weights.tensors,
    file,
  );
  checkValues(
    file,
    match.load.map(({ name, ...tensor }) => [name, tensor]),
  );
  await session.loadStateDict(match.load.map((tensor) => ({ ...tensor, lent: true })));
  return { kind: 'weights', file, note: extended === undefined ? match.note : `${match.note}; ${extended.note}` };
}

async function extend(
  session: TrainingSession,
  { classes: known = [], ...weights }: StartWeights,
  classes: readonly string[],
): Promise<ReturnType<typeof withClasses>> {
  const drawn = (await session.stateDict()).map(({ name, ...tensor }) => [name, tensor] as const);
  return withClasses({ ...weights, classes: known }, new Map(drawn), classes);
}
