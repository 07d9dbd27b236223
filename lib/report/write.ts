import path from 'node:path';
import { writeAtomically } from '../files/atomic-file';
import { evidenceOf } from './overlays';
import { reportPage } from './page';
import { lackingOf } from './lacking';
import { readRun, type Run } from './read-run';
import { REPORT, type EpochRecord } from './records';
import { LARGE, notable } from './sections/gallery';
import { Thumbnails } from './thumbnails';

/** Seconds that pictures of images may take, and what explains them. */
const PICTURE_SECONDS = 30;
const EVIDENCE_SECONDS = 30;

/** What a model said of the validation images, as lines of `predictions.jsonl`, and its mean cross entropy on them. */
export interface Validation {
  predictions: readonly unknown[];
  loss: EpochRecord['valLoss'];
}

/**
 * Writes `report.html` into a run's folder, or to `file`.
 *
 * @param validation of a run that has not come to its end: its predictions so far, and their loss
 * @returns what was read and written, and what the page lacks: {@link lackingOf}
 * @throws ResnetFtError as readRun, and OUTPUT_NOT_WRITABLE
 */
export async function writeReport(
  folder: string,
  { file, validation }: { file?: string; validation?: Validation | undefined } = {},
): Promise<{ run: Run; file: string; lacking: string[] }> {
  const run = await readRun(folder);
  if (run.scores.images.length === 0 && validation !== undefined) {
    validation.predictions.forEach((one) => run.scores.add(one));
    run.scores.measuredLoss = validation.loss;
  }
  const to = file ?? path.join(run.folder, REPORT);
  const { wrong, unsure } = notable(run.scores);
  // What a run that was stopped has as its model need not be what made these predictions.
  const explained = run.result === undefined ? [] : [...wrong, ...unsure];
  const evidence = await evidenceOf(run.folder, explained, { side: LARGE, seconds: EVIDENCE_SECONDS });
  const thumbnails = new Thumbnails(PICTURE_SECONDS, run.config.preprocessing.exifRotate);
  const context = { run, thumbnails, evidence };
  const text = await reportPage(context);
  await writeAtomically(to, [Buffer.from(text)]);
  return { run, file: to, lacking: lackingOf(context) };
}
