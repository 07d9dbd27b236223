import path from 'node:path';
import { DEFAULT_ARCHITECTURE } from '../options';
import { readRun } from '../report/read-run';
import type { CardFacts } from './card';

/**
 * What the card in a run's folder tells.
 *
 * @throws ResnetFtError as readRun
 */
export async function runFacts(folder: string): Promise<CardFacts> {
  const run = await readRun(folder);
  const { classes, preprocessing, options } = run.config;
  const model = { arch: options.arch ?? DEFAULT_ARCHITECTURE, classes, preprocessing };
  return { name: path.basename(run.folder), model, beside: 'run', run };
}
