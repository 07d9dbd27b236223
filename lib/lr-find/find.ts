import path from 'node:path';
import { isOutOfMemory } from '../backend/out-of-memory';
import { writeAtomically } from '../files/atomic-file';
import { ResnetFtError, throwIfAborted, withHint } from '../errors';
import { closing } from '../files/closing';
import { checkOutputFile } from '../files/output-file';
import { inTemporaryFolder } from '../files/temporary-folder';
import { controlled, resolveLrFindOptions, type LrFindOptions, type ResolvedLrFindOptions } from '../options';
import { duration } from '../text/duration';
import { trainSamplesOf } from '../train/fit';
import { openData } from '../train/open-data';
import { openTraining, type OpenTraining, type TrainingInput } from '../train/open-training';
import { outOfMemory } from '../train/out-of-memory';
import { parameterGroups } from '../train/parameter-groups';
import { runControl, type RunControl } from '../train/run';
import { RunFolder } from '../train/run-folder';
import { stepsPerEpoch } from '../train/steps';
import { LrCurve } from './curve';
import { atRate, ratesOfGroups, risingRates } from './rates';
import { suggestRate } from './suggest';
import type { LrFindControl, LrFindEvent, LrFindResult, LrSuggestion } from './types';
import { trainSteps } from '../train/train-steps';

/** The message of an abort. */
const STOPPED = 'The learning-rate range test was stopped';

/**
 * Finds a learning rate by a range test: the network is trained for some steps at rates that rise exponentially, until its smoothed loss is over
 * four times its least. What the curve suggests, and whose method it is, says `suggestRate`. The weights are thrown away; nothing is
 * left but the drawing, where `output` names one. Files that are needed meanwhile are in the system's temporary folder.
 *
 * @throws ResnetFtError with a stable `code`; that no rate can be suggested is no error
 */
export async function findLearningRate(input: LrFindOptions, control: LrFindControl = {}): Promise<LrFindResult> {
  const options = resolveLrFindOptions(input);
  return controlled(control, (heard) => find(options, heard));
}

async function find(options: ResolvedLrFindOptions, control: LrFindControl): Promise<LrFindResult> {
  const started = performance.now();
  const { train, lrSteps } = options;
  const emit = control.onEvent ?? ((): void => {});
  const run = runControl({ ...control, onEvent: emit }, train.offline);
  throwIfAborted(run.signal, STOPPED);
  const output = options.output === undefined ? undefined : path.resolve(options.output);
  if (output !== undefined) await checkOutputFile(output, '--output');
  const dataset = await openData(train, run);
  const { curve, ...where } = await inTemporaryFolder('resnet-ft-lr-find', async (scratch) => {
    const folder = await RunFolder.prepareFor(scratch, run);
    let open: OpenTraining | undefined;
    const close = (): Promise<void> =>
      closing(
        () => folder.close(),
        async () => open?.close(),
      );
    return closing(close, async () => {
      // Nothing is validated.
      open = await openScratch({ options: train, dataset: { ...dataset, val: [] }, folder, scratch: true }, run);
      const { trainer, start } = open.parts;
      const { device, precision } = trainer;
      await tellStart(open, options, emit);
      const measured = await measureCurve(open, options, run.signal, emit);
      return { curve: measured, arch: start.arch, device, precision, images: open.cropped.train.kept.length };
    });
  });
  const { points, ended } = curve;
  const { steepest, tenthOfLeast, note = null } = suggestRate(points, lrSteps, ended);
  const suggestion: LrSuggestion | null =
    steepest === undefined || tenthOfLeast === undefined
      ? null
      : { lr: steepest, ...headOf(atRate(train, steepest)), tenthOfLeast };
  const { data } = train;
  const result: LrFindResult = {
    ...{ data, ...where, ended, points, suggestion, note },
    output: output ?? null,
    seconds: Math.round(performance.now() - started) / 1000,
  };
  if (output !== undefined) {
    const { drawSvg } = await import('./svg.js');
    await writeAtomically(output, [Buffer.from(drawSvg(result))]);
  }
  const { points: _, ...done } = result;
  emit({ kind: 'lr-done', ...done });
  return result;
}

const headOf = ({ lrHead }: { lrHead?: number | undefined }): { lrHead?: number } =>
  lrHead === undefined ? {} : { lrHead };

/** As {@link openTraining}; where there is no room for scratch files, the error says what to do in terms of this command. */
async function openScratch(input: TrainingInput, run: RunControl): Promise<OpenTraining> {
  try {
    return await openTraining(input, run);
  } catch (error) {
    throwIfAborted(run.signal, STOPPED);
    if (!(error instanceof ResnetFtError && error.code === 'OUTPUT_NOT_WRITABLE')) throw error;
    const hint =
      'Name a folder with more room in the environment variable TMPDIR, or allow more memory with --crop-memory';
    throw withHint(error, hint);
  }
}

/** Tells how many steps there are at most, and how long they take where the backend is a slow one. */
async function tellStart(
  { session, parts, cropped }: OpenTraining,
  { train: options, lrSteps: steps }: ResolvedLrFindOptions,
  emit: (event: LrFindEvent) => void,
): Promise<void> {
  const images = cropped.train.kept.length;
  const perEpoch = stepsPerEpoch(images, options);
  if (session.estimateSeconds !== undefined) {
    const seconds = Math.round(
      await session.estimateSeconds({
        ...{ images, valImages: 0, size: parts.start.preprocessing.crop },
        epochs: steps / perEpoch,
        stepsPerEpoch: Math.ceil(images / options.batchSize),
      }),
    );
    const note = `about ${duration(seconds)} with the js backend; it is faster with LibTorch: --backend native`;
    emit({ kind: 'estimate', seconds, note });
  }
  emit({ kind: 'lr-start', steps, stepsPerEpoch: perEpoch, images });
}

/** Trains epoch after epoch, until the steps are done or the loss explodes. */
async function measureCurve(
  { session, cropped }: OpenTraining,
  { train: options, lrMin, lrMax, lrSteps }: ResolvedLrFindOptions,
  signal: AbortSignal,
  emit: (event: LrFindEvent) => void,
): Promise<LrCurve> {
  const { batchSize, accumulate } = options;
  const rates = risingRates(lrMin, lrMax, lrSteps);
  const perEpoch = stepsPerEpoch(cropped.train.kept.length, options);
  const samples = trainSamplesOf(cropped.train);
  const curve = new LrCurve();
  const cancel = (): void => session.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    for (let done = 0, epoch = 1; done < lrSteps && curve.ended === 'steps'; done += perEpoch, epoch++) {
      throwIfAborted(signal, STOPPED);
      const own = rates.slice(done, done + perEpoch);
      const learningRates = ratesOfGroups(options, own);
      const pass = { ...samples, batchSize, accumulate, epoch, learningRates, keepFrom: 0 };
      const { failure } = await trainSteps(session, pass, ({ step, loss }) => {
        const point = curve.add(own[step - 1] as number, loss);
        if (point !== undefined) emit({ kind: 'lr-step', ...point });
        if (curve.ended !== 'steps') session.cancel();
      });
      if (failure !== undefined) throw failure;
      throwIfAborted(signal, STOPPED);
    }
    return curve;
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    throw await outOfMemory(error, { session, cropped, groups: parameterGroups(options).length }, options);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
