import type { Sample } from '../data/image-folder';
import { fitCalibration } from '../eval/fit-calibration';
import { pauses } from '../machine/pauses';
import { MODEL_FILE } from '../model/locate';
import { rewriteCard } from '../model/rewrite-card';
import type { TrainEvent } from './events';
import type { RunFolder } from './run-folder';

const STOPPED = 'The training was stopped before its model was calibrated';

/**
 * Fits a temperature on what the kept weights say of the validation images, and writes it into the model. Where these tell none, a note says why and
 * the model stays as it was.
 *
 * @param logits of the samples (samples x classes)
 * @throws ResnetFtError ABORTED, the model as it was; OUTPUT_NOT_WRITABLE
 */
export async function calibrateKept(
  folder: RunFolder,
  samples: readonly Sample[],
  logits: Float32Array,
  signal: AbortSignal,
  emit: (event: TrainEvent) => void,
): Promise<void> {
  const classes = samples.length === 0 ? 0 : logits.length / samples.length;
  const figures = await fitCalibration(
    samples.map((_, row) => logits.subarray(row * classes, (row + 1) * classes)),
    samples.map(({ target }) => target),
    pauses(signal, STOPPED),
  );
  if ('none' in figures) {
    emit({ kind: 'note', note: `the model was not calibrated: ${figures.none}` });
    return;
  }
  await folder.guard(MODEL_FILE, () => rewriteCard(folder.file(MODEL_FILE), { temperature: figures.temperature }));
  emit({ kind: 'calibrated', ...figures });
}
