import path from 'node:path';
import { writeAtomically } from '../files/atomic-file';
import { formatHtml } from './html';
import type { BenchReport } from './types';

/**
 * Writes the report as a page, whole or not at all.
 *
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE
 */
export async function writeReport(output: string, report: BenchReport): Promise<void> {
  await writeAtomically(path.resolve(output), [Buffer.from(formatHtml(report))]);
}
