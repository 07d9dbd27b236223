import { calibrate, isTold, type Pause } from './calibration';

/** A temperature, and what it does. */
export interface CalibrationFigures {
  /** What logits are divided by. */
  temperature: number;
  /** Validation images that it was fitted on. */
  images: number;
  /** Mean negative log-likelihood, natural logarithm; `after` is of images that the temperature was not fitted on, in five parts. */
  loss: { before: number; after: number };
  /** Expected calibration error, likewise. */
  error: { before: number; after: number };
}

/** Why there is no temperature. */
export interface NoCalibration {
  none: string;
  /** Whether no other images would tell one. */
  never?: true;
}

/** Images below which a temperature is mere chance. */
export const FEWEST_IMAGES = 20;

/**
 * Fits a temperature on what a model says of validation images; those of which it says no numbers are left out.
 *
 * @returns why there is none, where these images tell none
 * @throws what `pause` does
 */
export async function fitCalibration(
  logits: readonly ArrayLike<number>[],
  targets: readonly number[],
  pause?: Pause,
): Promise<CalibrationFigures | NoCalibration> {
  // At any temperature its probability is 1.
  if (logits.some((row) => row.length === 1)) return { none: 'a model of one class has no temperature', never: true };
  const rows = logits.flatMap((row, i) => (Array.prototype.every.call(row, Number.isFinite) ? [i] : []));
  if (rows.length === 0) return { none: 'there are no validation images of which the model says anything' };
  const { temperature, loss, before, after } = await calibrate(
    rows.map((i) => logits[i] ?? []),
    rows.map((i) => targets[i] ?? 0),
    pause,
  );
  const images = rows.length;
  if (!isTold(temperature)) {
    const what = temperature < 1 ? 'right about all of them' : 'no better than chance on them';
    const count = `${images} validation ${images === 1 ? 'image' : 'images'}`;
    return { none: `${count} tell no temperature: the model is ${what}` };
  }
  return { temperature, images, loss, error: { before: before.error, after: after.error } };
}
