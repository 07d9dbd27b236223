import fs from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { ResnetFtError } from '../errors';
import { freeBytes, shownBytes } from '../files/disk';
import { cardMetadata, type ModelCard } from '../model/describe';
import { MODEL_FILE } from '../model/locate';
import { buildNetwork, tensorsOf } from '../network/architecture';
import type { Architecture } from '../options';
import { METRICS } from '../report/records';
import { MAX_HEADER } from '../weights/safetensors';
import { byteLength } from '../weights/state-dict';
import { CHECKPOINTS, LAST, type RunFolder } from './run-folder';

/** What decides on the size of the files that a run leaves. */
export interface PlannedFiles {
  arch: Architecture;
  classes: readonly string[];
  precision: string;
  /** Optimizer steps, at most. */
  steps: number;
  /** Whether the run may end long before these steps are done. */
  endsEarly: boolean;
  /** Whether something is added to the model at the end. */
  calibrate: boolean;
  valImages: number;
  /** What a checkpoint holds for each weight: itself, and what the optimizer and the kept weights add; 0 where none are written. */
  checkpointCopies: number;
}

/** Files of weights at the same time, one of them under its temporary name: an older best one and the next, or the last one and the best. */
const MODEL_FILES = 2;
/** The last one and the best, which is written anew with what is added to it. */
const CALIBRATED_FILES = 3;
/** Checkpoints at the same time: the last one, that of the best epoch, and the one that is being written. */
const CHECKPOINT_FILES = 3;
/** Of a step in `metrics.jsonl`, and of an image and of a class of it in `predictions.jsonl`, names apart; `config.json` and the others. */
const STEP_BYTES = 120;
const IMAGE_BYTES = 300;
const CLASS_BYTES = 28;
const OTHER_BYTES = 1e6;
/** Room for the steps of a run that may end early: how many there will be is not known, and hardly more than these. */
const EARLY_STEPS_BYTES = 100e6;

/** Bytes that the files of a run take, at most and roughly. */
export function plannedBytes(planned: PlannedFiles): number {
  const { arch, classes, precision, steps, endsEarly, calibrate, valImages, checkpointCopies } = planned;
  const dtype = precision === 'fp64' ? 'F64' : 'F32';
  const weights = tensorsOf(buildNetwork(arch, classes.length)).reduce(
    (sum, tensor) => sum + (byteLength(tensor.dtype === 'F32' ? dtype : tensor.dtype, tensor.shape) ?? 0),
    0,
  );
  const names = classes.reduce((sum, name) => sum + CLASS_BYTES + Buffer.byteLength(name), 0);
  return (
    ((calibrate ? CALIBRATED_FILES : MODEL_FILES) + CHECKPOINT_FILES * checkpointCopies) * weights +
    Math.min(steps * STEP_BYTES, endsEarly ? EARLY_STEPS_BYTES : Infinity) +
    valImages * (IMAGE_BYTES + names) +
    OTHER_BYTES
  );
}

/**
 * Bytes that files of {@link plannedBytes} take already, in the folder of a run that goes on: it began with this room. Predictions are none
 * of them, for new ones are written beside the old.
 */
export async function takenBytes(folder: RunFolder): Promise<number> {
  const checkpoints = await readdir(folder.file(CHECKPOINTS)).catch((): string[] => []);
  const names = [MODEL_FILE, LAST, METRICS, ...checkpoints.map((name) => path.join(CHECKPOINTS, name))];
  return names.reduce((sum, name) => sum + sizeOf(folder.file(name)), 0);
}

/** What can't be looked at counts as nothing: then more room is asked for. */
function sizeOf(file: string): number {
  try {
    return fs.statSync(file).size;
  } catch {
    return 0;
  }
}

/** Of a header, what tensors take and what is added to a model later, such as a temperature. */
const OTHER_HEADER = 250_000;

/**
 * Checks that a model file has room for the names of the classes, which are in its header: a run whose model can't be written would be wasted.
 *
 * @throws ResnetFtError DATA_INVALID
 */
export function requireNames({ classes, arch, preprocessing }: Omit<ModelCard, 'temperature' | 'unknown'>): void {
  // As they stand there: JSON within JSON.
  const bytes = Buffer.byteLength(JSON.stringify(cardMetadata({ classes, arch, preprocessing })));
  const room = MAX_HEADER - OTHER_HEADER;
  if (bytes <= room) return;
  throw new ResnetFtError(
    'DATA_INVALID',
    `the names of the ${classes.length} classes take ${shownBytes(bytes)}, and a model file has room for ${shownBytes(room)} of them`,
    { hint: 'Give the folders of the classes shorter names' },
  );
}

/**
 * Checks that the disk has room for what a run leaves: a run that could not save anything would be wasted.
 *
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE
 */
export async function requireRoom(folder: RunFolder, bytes: number): Promise<void> {
  const free = await freeBytes(folder.path);
  if (free === undefined || free >= bytes) return;
  throw new ResnetFtError(
    'OUTPUT_NOT_WRITABLE',
    `The output folder ${folder.path} has too little space: the weights and other results need ${shownBytes(bytes)} of disk, and ${shownBytes(free)} are free`,
    { hint: 'Make room, or choose another folder with --output' },
  );
}
