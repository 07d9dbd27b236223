import fs from 'node:fs';
import path from 'node:path';
import { notWritable, writeAtomically } from '../weights/atomic-file';
import { formatHtml } from './html';
import type { BenchReport } from './types';

/**
 * Refuses what can't be written before anything is measured.
 *
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE
 */
export function checkReportFile(output: string): void {
  const file = path.resolve(output);
  const folder = path.dirname(file);
  if (fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw notWritable(file, `there is no folder ${folder}`, { hint: 'Make the folder first' });
  }
  if (fs.statSync(file, { throwIfNoEntry: false })?.isDirectory() === true) {
    throw notWritable(file, 'it is a folder', { hint: 'Give another name with --output' });
  }
}

/**
 * Writes the report as a page, whole or not at all.
 *
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE
 */
export async function writeReport(output: string, report: BenchReport): Promise<void> {
  await writeAtomically(path.resolve(output), [Buffer.from(formatHtml(report))]);
}
