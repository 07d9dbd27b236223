/** `problem`: something does not work; `warning`: it works, but slower or not everywhere; `ok`: neither. */
export type CheckStatus = 'ok' | 'warning' | 'problem';

/** One line of the doctor. */
export interface DoctorCheck {
  /**
   * What was looked at. Always there, in this order: `package`, `node`, `platform`, `cpu`, `threads`, `memory`, `libtorch`, `addon`,
   * `backend`, `precision`, `gpu`, `cuda`, `processes`, `sharp`, `js backend`, `weights`, `data`, `crops`, `disk caches`, `disk weights`,
   * `disk here`, `network`. `libtorch <rung>` follows `libtorch` for each place that was passed over, `cuda convolutions` and `cuda kernels`
   * follow `processes` where there is a GPU that works, and `weights <name> <arch>` follows `weights` for each file that `verify` read or
   * that is damaged.
   */
  name: string;
  /** How it went. */
  status: CheckStatus;
  /** What was found, in one line. */
  found: string;
  /** The command or the change that fixes it; only where `status` is not `ok`. */
  fix?: string;
  /** The same as numbers and paths, for programs: sizes in bytes. */
  data?: Record<string, string | number | boolean | null | string[]>;
}

/** What `doctor` returns and `resnet-ft doctor --json` prints. Later versions may add keys; `schema` counts up where one changes. */
export interface DoctorReport {
  /** Counts up where a key changes. */
  schema: 1;
  /** Version of resnet-ft. */
  version: string;
  /** Whether there is no problem; the command's exit code is then 0, else 1. */
  ok: boolean;
  /** Checks whose status is `problem`. */
  problems: number;
  /** Checks whose status is `warning`. */
  warnings: number;
  /** In the order that {@link DoctorCheck.name} tells. */
  checks: DoctorCheck[];
}

/** A check without a complaint. */
export function fine(name: string, found: string, data?: DoctorCheck['data']): DoctorCheck {
  return { name, status: 'ok', found, ...(data === undefined ? {} : { data }) };
}

/** A check that found a warning or a problem. */
export function unwell(
  status: 'warning' | 'problem',
  name: string,
  found: string,
  fix: string | undefined,
  data?: DoctorCheck['data'],
): DoctorCheck {
  return { name, status, found, ...(fix === undefined ? {} : { fix }), ...(data === undefined ? {} : { data }) };
}
