import path from 'node:path';
import { writeAtomically } from '../files/atomic-file';
import type { ReportContext } from './context';
import { reportPage } from './page';
import { readRun, type Run } from './read-run';
import { REPORT } from './records';
import { Thumbnails } from './thumbnails';

/** Seconds that pictures of images may take. */
const PICTURE_SECONDS = 30;

/** What a report may have beside what the run's folder holds. */
export interface ReportParts {
  overlay?: ReportContext['overlay'];
  /** Predictions of a run that has none in its folder yet. */
  predictions?: readonly unknown[] | undefined;
}

/**
 * Writes `report.html` into a run's folder, or to `file`.
 *
 * @throws ResnetFtError as readRun, and OUTPUT_NOT_WRITABLE
 */
export async function writeReport(
  folder: string,
  { overlay, predictions = [] }: ReportParts = {},
  file?: string,
): Promise<{ run: Run; file: string }> {
  const run = await readRun(folder);
  if (run.scores.images.length === 0) predictions.forEach((one) => run.scores.add(one));
  const to = file ?? path.join(run.folder, REPORT);
  const text = await reportPage({ run, thumbnails: new Thumbnails(PICTURE_SECONDS), overlay });
  await writeAtomically(to, [Buffer.from(text)]);
  return { run, file: to };
}
