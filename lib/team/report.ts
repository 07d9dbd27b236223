import { STARTED_BY } from './place';

/** The error that ends a process, as it tells whoever has started it. */
export interface ReportedError {
  /** Without the program's name. */
  line: string;
  /** The exit code. */
  code: number;
  /** Whether the process only complains that another one has gone. */
  lost: boolean;
}

const fromLauncher = (): boolean => process.env[STARTED_BY] === 'nproc' && process.connected === true;

/**
 * Tells `--nproc`, where it has started this process, which error ends it, so that of the errors of all processes one is printed.
 *
 * @returns false where nobody listens, and the process is to print the error itself
 */
export function reportToLauncher(error: ReportedError): boolean {
  if (!fromLauncher()) return false;
  process.send?.({ reported: error });
  return true;
}

/** Tells `--nproc` the folder of the run, to be named where the run ends by the death of a process. */
export function tellLauncherRun(folder: string): void {
  if (fromLauncher()) process.send?.({ run: folder });
}

/** Ends this process once the one that has started it is gone, which may have been killed. */
export function leaveWithLauncher(): void {
  if (!fromLauncher()) return;
  // process.exit would wait for a pass, and a stop for a checkpoint that nobody is left to write with.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  // Listening must not keep alive a process that is done.
  process.channel?.unref();
}
