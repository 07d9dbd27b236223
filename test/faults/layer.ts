import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { compileLibrary } from '../c-library';

/** One call that is spoilt. */
export interface Fault {
  /** Kinds of calls, as `faults.c` names them: `write`, or `write,create` for whichever comes. */
  call: string;
  /** Which of them, from 1. */
  number: number;
  /** The last of them; default the same. */
  last?: number;
  error?: keyof typeof os.constants.errno;
  action?: 'fail' | 'short' | 'cut' | 'full' | 'kill';
  /** Only on paths that hold this text. */
  file?: string;
}

/** A call as the layer wrote it down. */
export interface Call {
  kind: string;
  symbol: string;
  path: string;
}

/** Compiles the library that spoils calls: {@link compileLibrary}. */
export const compileLayer = (folder: string): string | undefined =>
  compileLibrary(path.join(__dirname, 'faults.c'), folder);

/** The environment in which a process meets the fault, and writes down its calls on files below the folder. */
export function faulty(library: string, folder: string, log: string, fault?: Fault): NodeJS.ProcessEnv {
  return {
    LD_PRELOAD: library,
    FAULT_FOLDER: folder,
    FAULT_LOG: log,
    // What io_uring does goes by no symbol; Node.js 20 may use it.
    UV_USE_IO_URING: '0',
    ...(fault === undefined
      ? {}
      : {
          FAULT_CALL: `${fault.call},`,
          FAULT_FROM: String(fault.number),
          FAULT_TO: String(fault.last ?? fault.number),
          FAULT_ERRNO: String(fault.error === undefined ? 0 : os.constants.errno[fault.error]),
          FAULT_ACTION: fault.action ?? 'fail',
          FAULT_FILE: fault.file ?? '',
        }),
  };
}

/** The calls that a process made; that which was spoilt is there a second time, as of kind `fault`. */
export function callsIn(log: string): Call[] {
  if (!fs.existsSync(log)) return [];
  const lines = fs.readFileSync(log, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => {
    const [kind = '', symbol = '', ...rest] = line.split('\t');
    return { kind, symbol, path: rest.join('\t') };
  });
}
