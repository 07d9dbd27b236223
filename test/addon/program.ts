import { spawn } from 'node:child_process';
import path from 'node:path';

export interface ProgramOutcome {
  /** Exit code, or the signal that ended the process. */
  end: number | string | null;
  stdout: string;
  stderr: string;
}

/** Runs a program of this folder, which uses the built package; `under` is a command that starts it. */
export function runProgram(
  name: string,
  options: { args?: string[]; flags?: string[]; env?: NodeJS.ProcessEnv; under?: string[] } = {},
): Promise<ProgramOutcome> {
  return new Promise((resolve, reject) => {
    const { args = [], flags = [], env = {}, under = [] } = options;
    const [command = '', ...rest] = [...under, process.execPath, ...flags, path.join(__dirname, name), ...args];
    const child = spawn(command, rest, {
      env: { ...process.env, ...env },
      timeout: 1_200_000,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject).on('close', (code, signal) => resolve({ end: signal ?? code, stdout, stderr }));
  });
}
