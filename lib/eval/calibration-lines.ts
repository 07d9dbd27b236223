import { counted } from '../text/count';
import { lossText } from '../text/loss';
import { percent } from '../text/percent';
import { FEWEST_IMAGES, type CalibrationFigures } from './fit-calibration';

/** What a temperature is and does, for a person. */
export function calibrationLines({ temperature, images, loss, error }: CalibrationFigures): string[] {
  const lines = [
    `temperature ${temperature.toFixed(3)}, fitted on ${counted(images, 'validation image')}`,
    `negative log-likelihood ${lossText(loss.before)} before, ${lossText(loss.after)} after`,
    `expected calibration error ${percent(error.before)} before, ${percent(error.after)} after`,
  ];
  const doubt = doubtOf(images, loss);
  return doubt === undefined ? lines : [...lines, doubt];
}

/** What speaks against using it. */
function doubtOf(images: number, { before, after }: CalibrationFigures['loss']): string | undefined {
  const worse = after > before;
  const few = images < FEWEST_IMAGES;
  if (!worse && !few) return undefined;
  const reasons = [
    ...(worse ? ['the figures after are cross-validated, and the likelihood got worse'] : []),
    ...(few ? [`fewer than ${FEWEST_IMAGES} images tell little`] : []),
  ];
  return `${reasons.join('; ')}: calibrate --forget takes the temperature out again`;
}
