import { printable } from './text/printable';

/** Stable codes of the errors that this package throws; a program may switch on them. */
export type ErrorCode =
  | 'INVALID_OPTION'
  | 'DATA_NOT_FOUND'
  | 'DATA_INVALID'
  | 'IMAGE_UNREADABLE'
  | 'WEIGHTS_INVALID'
  | 'WEIGHTS_MISMATCH'
  | 'DOWNLOAD_FAILED'
  | 'OUTPUT_NOT_WRITABLE'
  | 'ADDRESS_UNAVAILABLE'
  | 'CHECKPOINT_INVALID'
  | 'TRAINING_DIVERGED'
  | 'LIBTORCH_NOT_FOUND'
  | 'LIBTORCH_INVALID'
  | 'LIBTORCH_INSTALL_FAILED'
  | 'ADDON_NOT_LOADED'
  | 'ADDON_BUILD_FAILED'
  | 'BACKEND_UNAVAILABLE'
  | 'DEVICE_UNAVAILABLE'
  | 'MODEL_CLOSED'
  | 'OUT_OF_MEMORY'
  | 'TEAM_INVALID'
  | 'TEAM_LOST'
  | 'ABORTED'
  | 'NATIVE_ERROR';

/**
 * The one error class of the package: `code` is stable, `message` is one line that names the file or option and says what
 * is wrong, and `hint`, where there is one, says what to do. Both are printable whatever the names in them are: a line break in
 * the name of a file is shown as `\x0a`.
 */
export class ResnetFtError extends Error {
  /** Stable: a program may switch on it. */
  readonly code: ErrorCode;
  /** What to do, as a sentence; undefined where nothing is known. */
  readonly hint: string | undefined;

  /**
   * Control characters in the texts are shown escaped.
   *
   * @param message one line, without a full stop
   * @param options.hint a sentence that begins with a capital
   */
  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(printable(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ResnetFtError';
    this.code = code;
    this.hint = options.hint === undefined ? undefined : printable(options.hint);
  }

  /** For `JSON.stringify`, which leaves out the message of every Error. */
  toJSON(): { name: string; code: ErrorCode; message: string; hint: string | undefined } {
    const { name, code, message, hint } = this;
    return { name, code, message, hint };
  }
}

/**
 * The error of work that was stopped: its cause is what the signal was aborted with.
 *
 * @param message what was stopped, as a sentence
 */
export function aborted(signal: AbortSignal | undefined, message: string): ResnetFtError {
  return new ResnetFtError('ABORTED', message, { cause: signal?.reason });
}

/** The same error with another hint: its cause, but that of work that was stopped stays what the signal was aborted with. */
export function withHint(error: ResnetFtError, hint: string, cause: unknown = error): ResnetFtError {
  return new ResnetFtError(error.code, error.message, { hint, cause: error.code === 'ABORTED' ? error.cause : cause });
}

/**
 * @param message what was stopped, as a sentence
 * @throws ResnetFtError ABORTED where the signal has fired
 */
export function throwIfAborted(signal: AbortSignal | undefined, message: string): void {
  if (signal?.aborted === true) throw aborted(signal, message);
}

/** A text that is not ours, such as another program's message, on one line. */
export function oneLine(text: string): string {
  return text
    .split(/[\r\n]/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ');
}
