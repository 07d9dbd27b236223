import { spawn } from 'node:child_process';
import path from 'node:path';
import type { Readable } from 'node:stream';
import type { WorkerRecord } from './types';

/** How a worker ended: `failure` is one line that says why it did not end by itself. */
export interface WorkerEnd {
  failure?: string;
}

/** Bytes of standard error that are kept to explain a crash. */
const STDERR_BYTES = 16_384;

/**
 * Runs a worker (worker.ts) in a process of its own and hands on its records as they come. A crash is told in the result; it never
 * rejects but for what `onRecord` throws.
 *
 * @param options.onRecord gives false to end the worker
 * @param options.silence seconds without a record after which the worker is taken to hang, and is killed
 */
export function runWorker(
  jobFile: string,
  options: { onRecord: (record: WorkerRecord) => boolean; silence: number; signal?: AbortSignal | undefined },
): Promise<WorkerEnd> {
  const { onRecord, silence, signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return resolve({});
    let stage = 'its start';
    let pending = '';
    let stderr = '';
    let ended = false;
    let hung = false;

    const child = spawn(process.execPath, [path.join(__dirname, 'worker.js'), jobFile], {
      stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    const end = (): void => {
      ended = true;
      child.kill('SIGKILL');
    };
    const watchdog = setTimeout(() => {
      hung = true;
      child.kill('SIGKILL');
    }, silence * 1000);
    const records = child.stdio[3] as Readable;
    const read = (text: string): void => {
      watchdog.refresh();
      const lines = (pending + text).split('\n');
      pending = lines.pop() ?? '';
      for (const line of lines) {
        if (ended) return;
        try {
          const record = JSON.parse(line) as WorkerRecord;
          if (record.kind === 'stage') stage = record.stage;
          if (!onRecord(record)) end();
        } catch (error) {
          end();
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      }
    };
    const finish = (failure?: string): void => {
      signal?.removeEventListener('abort', end);
      process.off('exit', end);
      clearTimeout(watchdog);
      if (failure === undefined || ended) return resolve({});
      const said = stderr.split('\n').find((line) => line.trim() !== '');
      resolve({ failure: said === undefined ? failure : `${failure}: ${said.trim().slice(0, 300)}` });
    };
    signal?.addEventListener('abort', end, { once: true });
    // A second Ctrl-C ends this process at once.
    process.on('exit', end);

    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(0, STDERR_BYTES)));
    records.setEncoding('utf8').on('data', read);
    child.stdin?.on('error', () => {});
    child.on('error', (error) => finish(`its process does not start: ${error.message}`));
    child.on('close', (code, killedBy) => {
      if (hung) finish(`it hangs in ${stage}: no sign of life for ${silence} s`);
      else if (killedBy !== null) finish(`it crashed in ${stage} (${killedBy})`);
      else finish(code === 0 ? undefined : `it ended in ${stage} with exit code ${code}`);
    });
  });
}
