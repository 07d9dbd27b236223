import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { openTrainingImages, type Dataset } from '../data/dataset';
import { fingerprint, requireSameData, type DataPrint } from '../data/fingerprint';
import { resolveDataFolder } from '../data/hymenoptera';
import type { DownloadEvent } from '../download/types';
import { MODEL_FILE } from '../model/locate';
import { rejectUse } from '../options';
import { openData, whereMoved } from '../train/open-data';
import { readConfig, type RunConfig } from '../train/run-config';

/** The images that a model was trained on and validated with. */
export interface RunData {
  /** Folder of the run. */
  folder: string;
  dataset: Dataset;
  print: DataPrint;
}

export interface RunDataOptions {
  /** Where the data set is now; default where it was. */
  data?: string | undefined;
  offline: boolean;
  signal: AbortSignal;
  onProgress: (event: DownloadEvent) => void;
  /** The option for which the images are needed. */
  option: string;
  /** Classes of the model, in order, where they must be those of the run. */
  classes?: readonly string[];
  /** Validation images are not needed: where they have a folder of their own, it may be gone. */
  trainingAlone?: boolean;
}

/**
 * Finds the images of the run that a model is of, by the `config.json` beside its file.
 *
 * @param file of the model
 * @throws ResnetFtError INVALID_OPTION where there is no run, or the model has other classes than it; DATA_NOT_FOUND or DATA_INVALID where its images are not there, or are others
 */
export async function openRunData(file: string, options: RunDataOptions): Promise<RunData> {
  const folder = path.dirname(path.resolve(file));
  const config = await requireRun(file, options.option);
  const { data = config.options.data, offline, signal, onProgress } = options;
  const download = { offline, signal, onProgress };
  const { valSplit, fold } = config.options;
  const alone = options.trainingAlone === true && valSplit === undefined && fold === undefined;
  const open = async (): Promise<Dataset> =>
    alone
      ? openTrainingImages(await resolveDataFolder(data, download))
      : openData({ ...config.options, data }, { emit: () => {}, download });
  const dataset = await open().catch((error: unknown) => {
    throw options.data === undefined ? whereMoved(error, '--data FOLDER') : error;
  });
  if (options.classes !== undefined && !isDeepStrictEqual(dataset.classes, options.classes)) {
    const hint = `The folder's own model is ${MODEL_FILE}`;
    rejectUse(`${file} is no model of the run in ${folder}: its classes are others`, hint);
  }
  const { print: found, unseen } = await fingerprint(dataset);
  const print = alone ? { ...found, val: config.data.val } : found;
  requireSameData(config.data, print, unseen);
  return { folder, dataset, print };
}

/**
 * The configuration of the run that a model is of.
 *
 * @throws ResnetFtError INVALID_OPTION where there is no run beside it
 */
export async function requireRun(file: string, option: string): Promise<RunConfig> {
  const folder = path.dirname(path.resolve(file));
  const config = await readConfig(folder);
  if (config !== undefined) return config;
  const hint = `It needs the images of training: ${folder} has no config.json`;
  rejectUse(`${option} needs the folder of a run of train, and ${file} is in none`, hint);
}
