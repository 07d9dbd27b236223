import { spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export const ROOT = path.join(__dirname, '..', '..');
export const ANTS_BEES = path.join(ROOT, 'test', 'fixtures', 'ants-bees');

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Crops that another version made, and kept in the user's cache, must not stand in for those that are tested. */
function withoutCropCache(args: string[]): string[] {
  const [command = '', ...rest] = args;
  const reads = ['train', 'compare', 'lr-find'].includes(command);
  return reads && !args.includes('--cache-dir') ? [command, '--crop-cache', '0', ...rest] : args;
}

/** Each of the hundreds of trainings would take a second longer with its page. */
function withoutReport(args: string[]): string[] {
  const [command = '', ...rest] = args;
  return command === 'train' && !args.includes('--report') ? [command, '--no-report', ...rest] : args;
}

/** Runs the built command line, without a crop cache unless one is named, nor a report unless it is asked for; `onStdout` sees the whole of standard output so far. */
export function run(
  args: string[],
  options: { env?: NodeJS.ProcessEnv; onStdout?: (text: string, child: ChildProcess) => void } = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [path.join(ROOT, 'bin', 'resnet-ft.js'), ...withoutReport(withoutCropCache(args))],
      {
        cwd: ROOT,
        env: { ...process.env, ...options.env },
      },
    );
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      options.onStdout?.(stdout, child);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** The records of a `--json` run or of a `.jsonl` file. */
export function records(text: string): Record<string, unknown>[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** A fresh folder that is removed after the test file. */
export function scratch(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'resnet-ft-test-'));
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}
