import os from 'node:os';

/** Milliseconds that a command which has nothing to save may take to stop; then the process ends without it. */
const GRACE = 10_000;

/** SIGHUP is what a terminal sends that is closed, or whose connection is lost. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Signal = (typeof SIGNALS)[number];

/** Milliseconds of it that are left in any case for what is still to be printed, where saving has taken all. */
const LEAST_FLUSH = 500;

let stoppedBy: Signal = 'SIGINT';
let stoppedAt: number | undefined;

/** The exit code of a command that was stopped, as a shell gives it: 130 of SIGINT, 143 of SIGTERM, 129 of SIGHUP. */
export const stopCode = (): number => 128 + os.constants.signals[stoppedBy];

/** Milliseconds that what a command has printed may still take to be read; undefined where no signal has stopped it: a reader may be slow. */
export function flushTime(): number | undefined {
  return stoppedAt === undefined ? undefined : Math.max(stoppedAt + GRACE - performance.now(), LEAST_FLUSH);
}

/** What the signals of the process mean while a command runs. */
export interface StopWatch {
  /** Aborts on the first signal. */
  signal: AbortSignal;
  /** Aborts it without a signal. */
  stop(): void;
  /** From here on stopping may take its time: there are results to save. */
  takeTime(): void;
  close(): void;
}

/** Watches for signals: the first stops the command, the second the process, as does the time that stopping takes. */
export function watchSignals(): StopWatch {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let unhurried = false;
  let seen = false;
  const onSignal = (signal: Signal): void => {
    stoppedBy = signal;
    if (seen) return end(signal);
    seen = true;
    stoppedAt = performance.now();
    if (!unhurried) timer = setTimeout(end, GRACE, signal).unref();
    abort.abort();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    signal: abort.signal,
    stop: () => abort.abort(),
    takeTime() {
      unhurried = true;
      clearTimeout(timer);
    },
    close() {
      clearTimeout(timer);
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}

/** Ends the process by the signal itself. process.exit would wait for file operations that hang. */
function end(signal: Signal): void {
  try {
    if (process.stdout.isTTY) process.stdout.write('\x1b[?25h'); // a progress bar hides the cursor
    process.emit('exit', stopCode());
  } finally {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    // The first process of a container is not ended by a signal.
    process.exit(stopCode());
  }
}
