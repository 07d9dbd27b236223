import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { ANTS_BEES, records, ROOT } from '../cli/run';

export const REFERENCE = path.join(ROOT, 'test', 'fixtures', 'reference');
const SCRIPT = path.join(ROOT, 'bench', 'gpu', 'parity.js');

/** The checks that were made; `code` is that of the process. */
export async function parity(
  ...args: string[]
): Promise<{ code: number; checks: Record<string, unknown>[]; stderr: string }> {
  const all = [SCRIPT, '--data', ANTS_BEES, ...args];
  const { stdout, stderr, code } = await promisify(execFile)(process.execPath, all).then(
    (ran) => ({ ...ran, code: 0 }),
    (error: { stdout: string; stderr: string; code: number }) => error,
  );
  return { code, checks: records(stdout).filter((record) => 'name' in record), stderr };
}

/** Those that do not hold. */
export const failed = (checks: Record<string, unknown>[]) => checks.filter(({ ok }) => ok !== true);
