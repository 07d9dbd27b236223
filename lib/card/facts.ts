import path from 'node:path';
import { DEFAULT_ARCHITECTURE } from '../options';
import { parseCard, type ModelCard } from '../model/describe';
import { MODEL_FILE } from '../model/locate';
import { readRun } from '../report/read-run';
import { metadataIfWhole } from '../weights/safetensors';
import type { CardFacts } from './card';

/**
 * What the card in a run's folder tells.
 *
 * @throws ResnetFtError as readRun
 */
export async function runFacts(folder: string): Promise<CardFacts> {
  const run = await readRun(folder);
  const { classes, preprocessing, options } = run.config;
  const { temperature } = run;
  const unknown = await ruleIn(path.join(run.folder, MODEL_FILE));
  const model = { arch: options.arch ?? DEFAULT_ARCHITECTURE, classes, preprocessing, temperature, unknown };
  return { name: path.basename(run.folder), model, beside: 'run', run };
}

/** When a model says "none of these"; a run may have no model yet, and a damaged one is no matter of its card. */
async function ruleIn(file: string): Promise<ModelCard['unknown']> {
  const metadata = await metadataIfWhole(file);
  try {
    return metadata === undefined ? undefined : parseCard(file, metadata).unknown;
  } catch {
    return undefined;
  }
}

/**
 * What the card beside an exported model tells; that of a run has its figures.
 *
 * @param source what the model was exported from
 * @throws ResnetFtError DATA_INVALID where the files of a run can't be read
 */
export async function exportFacts(folder: string, model: ModelCard, source: string): Promise<CardFacts> {
  // A file of weights and named weights have none, and a damaged run's would be those of something else.
  const run = await readRun(source).catch((error: Error) => {
    // A card without the figures that there are would look as if all were well.
    if ((error.cause as NodeJS.ErrnoException | undefined)?.syscall !== undefined) throw error;
    return undefined;
  });
  const same = run?.config.classes.length === model.classes.length;
  return { name: path.basename(folder), model, beside: 'onnx', run: same ? run : undefined };
}
