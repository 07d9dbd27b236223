import fs from 'node:fs';
import path from 'node:path';
import type { DataPrint } from '../data/fingerprint';
import { packageVersion } from '../machine/version';
import { resolveAgain, type ResolvedTrainOptions } from '../options';
import { WEIGHTS_NAMES } from '../weights/registry';
import { invalidCheckpoint } from './checkpoint-file';
import { namesOf, type Cropped } from './crop-data';
import type { SessionParts } from './open-session';
import { readOfRun } from './read-of-run';
import { CONFIG, SKIPPED, type RunConfig } from '../report/records';
import { isRunConfig } from '../report/shapes';
import { jsonText } from '../text/json';

/** The options with what the run has settled of them; folders and files by paths that hold wherever the run is gone on with. */
export function resolvedOptions({ options, trainer, start, folder }: SessionParts): ResolvedTrainOptions {
  const { backend, device, precision } = trainer;
  return {
    ...wholePaths(options),
    arch: start.arch,
    output: folder.path,
    backend: backend.name,
    device,
    precision,
  };
}

export type { RunConfig } from '../report/records';

/** Options that name a folder or a file of the caller's. */
const PATHS = ['data', 'weights', 'extend', 'val', 'classWeights', 'classMap'] as const;

/** What is no file to these options, whatever the working directory holds; a folder comes before the data set that shares its name. */
const WORDS: Partial<Record<(typeof PATHS)[number], readonly string[]>> = {
  weights: ['none', ...WEIGHTS_NAMES],
  classWeights: ['balanced'],
};

type Paths = { [name in (typeof PATHS)[number] | 'cacheDir']?: string | undefined };

/**
 * The options with paths that hold in any working directory.
 *
 * @param before those of what was begun, where it goes on: what they name need not be there any more
 */
export function wholePaths<T extends Paths>(options: T, before: Paths = {}): T {
  const whole = PATHS.filter((name) => options[name] !== undefined).map((name) => [
    name,
    absolute(name, options[name] ?? '', before[name]),
  ]);
  const { cacheDir } = options;
  // It is made where it is not there yet.
  const made = cacheDir === undefined ? {} : { cacheDir: path.resolve(cacheDir) };
  return { ...options, ...Object.fromEntries(whole), ...made } as T;
}

/** The path of what is there, or was; other words, such as the name of weights, mean something else. */
function absolute(option: (typeof PATHS)[number], given: string, before: string | undefined): string {
  const file = path.resolve(given);
  const isPath = WORDS[option]?.includes(given) !== true && (file === before || fs.existsSync(file));
  return isPath ? file : given;
}

/** Writes `config.json`, and the images that the run goes without. */
export async function writeConfig(
  { trainer, dataset, start, folder }: SessionParts,
  options: ResolvedTrainOptions,
  { unreadable }: Cropped,
  data: DataPrint,
): Promise<void> {
  const config: RunConfig = {
    options,
    versions: versionsOf(trainer),
    classes: dataset.classes,
    preprocessing: start.preprocessing,
    data,
    unreadable,
    unreadableNames: namesOf(dataset, unreadable),
    classWeights: fileWeights(options, trainer),
  };
  await folder.write(CONFIG, jsonText(config));
  if (unreadable.length > 0) await folder.writeLines(SKIPPED, unreadable);
}

/** What a file of class weights held; those that are balanced follow from the images. */
function fileWeights(
  { classWeights }: ResolvedTrainOptions,
  { recipe }: SessionParts['trainer'],
): number[] | undefined {
  return classWeights === undefined || classWeights === 'balanced' ? undefined : [...recipe.loss.classWeights];
}

/** Of this package, Node.js, and the libraries that compute. */
export function versionsOf({ backend }: Pick<SessionParts['trainer'], 'backend'>): RunConfig['versions'] {
  return { 'resnet-ft': packageVersion(), node: process.versions.node, ...backend.versions };
}

/**
 * Reads `config.json`.
 *
 * @returns undefined where the folder has none
 * @throws ResnetFtError CHECKPOINT_INVALID
 */
export async function readConfig(folder: string): Promise<RunConfig | undefined> {
  const file = path.join(folder, CONFIG);
  const bytes = await readOfRun(file);
  if (bytes === undefined) return undefined;
  try {
    const config = JSON.parse(bytes.toString()) as RunConfig;
    // A report does without these.
    const whole = isRunConfig(config) && config.data !== undefined && config.unreadable !== undefined;
    if (!whole) throw new Error('incomplete');
    return { ...config, options: resolveAgain(config.options) };
  } catch (cause) {
    throw invalidCheckpoint(file, 'is damaged, or of a version of resnet-ft that could not resume runs', {
      hint: 'Begin the run anew in another folder',
      cause,
    });
  }
}
