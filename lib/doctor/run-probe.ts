import { spawn } from 'node:child_process';
import path from 'node:path';
import type { Readable } from 'node:stream';

/** What is tried in a separate process: LibTorch and the addon, sharp, the js backend. */
export type ProbeKind = 'native' | 'sharp' | 'js';

/** One line of what such a process writes. */
export type ProbeRecord =
  | { stage: string; state: 'begun' }
  | { stage: string; state: 'done'; value?: unknown }
  | { stage: string; state: 'failed'; code: string; message: string; hint?: string };

/** How a stage ended; `code` is '' for a crash or a hang, and where the error has none. */
export type StageResult = { value: unknown; error?: undefined } | { value?: undefined; error: StageError };

/** Why a stage failed. */
export interface StageError {
  code: string;
  message: string;
  hint?: string;
}

/** The stages that were reached. */
export type ProbeResult = Map<string, StageResult>;

/** Bytes of standard error that are kept to explain a crash. */
const STDERR_BYTES = 16_384;

/**
 * Runs a probe (probe.ts) in a process of its own, so that a crash or a hang is a result like any other. Never rejects.
 *
 * @param seconds after which it is killed, with whatever it has started
 */
export function runProbe(kind: ProbeKind, seconds: number, signal?: AbortSignal): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const results: ProbeResult = new Map();
    let begun: string = kind;
    let records = '';
    let stderr = '';

    // In its own process group on POSIX, so that a hanging Python that it started is killed with it.
    const group = process.platform !== 'win32';
    const child = spawn(process.execPath, [path.join(__dirname, 'probe.js'), kind], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      detached: group,
      windowsHide: true,
    });
    const pipes = [child.stderr, child.stdio[3]] as [Readable, Readable];

    const kill = (): void => {
      try {
        if (group && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
        else child.kill('SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    };
    const finish = (failure?: string): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      read();
      if (failure !== undefined && !results.has(begun)) {
        const said = stderr.split('\n').find((line) => line.trim() !== '');
        const message = said === undefined ? failure : `${failure}: ${said.trim().slice(0, 300)}`;
        results.set(begun, { error: { code: '', message } });
      }
      resolve(results);
    };
    const read = (): void => {
      const lines = records.split('\n');
      records = lines.pop() ?? '';
      for (const line of lines) {
        const record = JSON.parse(line) as ProbeRecord;
        if (record.state === 'begun') begun = record.stage;
        else if (record.state === 'done') results.set(record.stage, { value: record.value });
        else results.set(record.stage, { error: record });
      }
    };
    const giveUp = (failure: string): void => {
      kill();
      // A process that waits for a disk or a driver does not end even so: it must not keep this one.
      child.unref();
      for (const pipe of pipes) pipe.destroy();
      finish(failure);
    };
    const abort = (): void => giveUp('it was stopped');
    const timer = setTimeout(() => giveUp(`no answer within ${seconds} s`), seconds * 1000);
    signal?.addEventListener('abort', abort, { once: true });

    pipes[0].setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(0, STDERR_BYTES)));
    pipes[1].setEncoding('utf8').on('data', (text: string) => (records += text));
    child.on('error', (error) => finish(`its process does not start: ${error.message}`));
    child.on('close', (code, killedBy) => {
      if (killedBy !== null) finish(`it crashed (${killedBy})`);
      else finish(code === 0 ? undefined : `its process ended with exit code ${code}`);
    });
  });
}
