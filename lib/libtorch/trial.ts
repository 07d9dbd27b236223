import { execFile } from 'node:child_process';
import { findLoader, hasAddon } from './loader';

/** Seconds in which the libraries are open, also those of CUDA from a slow disk. */
const SECONDS = 120;

// The reason goes to the end of standard output, for libraries may print there; the destructors of LibTorch are left out.
const MARK = 'resnet-ft: opened: ';
const PROGRAM = `
const [loader, ...libraries] = process.argv.slice(1);
require(loader).open(libraries).then((reason) => {
  require('fs').writeSync(1, ${JSON.stringify(`\n${MARK}`)} + JSON.stringify(reason));
  process.kill(process.pid, 'SIGKILL');
});`;

/**
 * Opens libraries in a process of its own: one that is damaged may end it.
 *
 * @returns why they can't be opened; undefined where they can, or where there is no addon that could try
 */
export async function whyNotOpened(libraries: readonly string[], signal?: AbortSignal): Promise<string | undefined> {
  if (!hasAddon()) return undefined;
  const { stdout, failure } = await new Promise<{ stdout: string; failure: string }>((resolve) => {
    const args = ['-e', PROGRAM, findLoader(), ...libraries];
    const options = { timeout: SECONDS * 1000, killSignal: 'SIGKILL' as const, windowsHide: true, signal };
    execFile(process.execPath, args, options, (error, out) => {
      const ended = error?.signal ?? `exit code ${error?.code ?? 0}`;
      resolve({ stdout: out, failure: `the process that opened them ended (${ended})` });
    });
  });
  const at = stdout.lastIndexOf(MARK);
  if (at < 0) return failure;
  const reason = JSON.parse(stdout.slice(at + MARK.length)) as string;
  return reason === '' ? undefined : reason;
}
