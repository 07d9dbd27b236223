import fs from 'node:fs';
import { resourceUsage } from 'node:process';
import { oneLine } from '../errors';
import { isOutOfMemory } from '../backend/out-of-memory';
import { doesNotFit, withRoom } from './out-of-memory';
import { measure, patience, seconds, type Budget } from './measure';
import { median, spread } from './statistics';
import { openSubject, Unavailable, type LoadedModel, type Subject } from './subject';
import type { Figure, LoadTime, WorkerJob, WorkerRecord } from './types';

// Run as a process of its own for each backend (see run-worker.ts): one that crashes takes no other with it, its peak of memory is its
// own, and LibTorch's symbols and onnxruntime's never meet.

/** Where the records go: libraries may print on standard output. */
const RECORDS = 3;
/** What the check may take: its first image is slower than others will be. */
const CHECK_DURATIONS = 4;
/** Samples of a step of training `fc` on kept features. */
const HEAD_BATCH = 32;
/** Samples of a step of training everything: the first whose step is expected to take no longer than a repeat, more or less. */
const FULL_BATCHES = [8, 2, 1] as const;
const FULL_STEP_DURATIONS = 4;
/** A step has the way there, and on the way back two products for each of those. */
const STEP_PASSES = 4;

function tell(record: WorkerRecord): void {
  fs.writeSync(RECORDS, `${JSON.stringify(record)}\n`);
}

const stage = (name: string): void => tell({ kind: 'stage', stage: name });
const now = (): number => performance.now() / 1000;

async function main(job: WorkerJob): Promise<void> {
  const crops = fs.readFileSync(job.cropsFile);
  stage('opening it');
  const begun = now();
  const subject = await openSubject(job, crops);
  const openSeconds = now() - begun;

  stage('loading the model');
  const { model, load } = await loadModel(subject, job, openSeconds);
  tell({ kind: 'loaded', label: subject.label, versions: subject.versions, load });

  stage('the check of its logits');
  const rate = await check(model, job);
  const inferenceRate = await measureInference(model, job, rate);
  await model.close();
  tell({ kind: 'memory', when: 'inference', bytes: peakBytes() });

  stage('the training step of the head');
  tell({ kind: 'headStep', figure: await orSkip(HEAD_BATCH, () => measureHead(subject, job, inferenceRate)) });
  stage('the full training step');
  tell({ kind: 'fullStep', figure: await orSkip(FULL_BATCHES[0], () => measureFull(subject, job, inferenceRate)) });
  tell({ kind: 'memory', when: 'end', bytes: peakBytes() });
}

async function loadModel(
  subject: Subject,
  { repeats, duration }: Budget,
  openSeconds: number,
): Promise<{ model: LoadedModel; load: LoadTime }> {
  const times: number[] = [];
  for (const begun = now(); ;) {
    const before = now();
    const model = await subject.load();
    times.push(now() - before);
    if (times.length >= repeats || now() - begun > duration) {
      return { model, load: { openSeconds, modelSeconds: median(times), spread: spread(times) } };
    }
    await model.close();
  }
}

/** Tells the logits of the first images: of fewer where one takes long or they don't fit into memory, at least one. Gives images per second. */
async function check(model: LoadedModel, job: WorkerJob): Promise<number> {
  const { checkImages, duration } = job;
  const first = now();
  let logits = await withRoom(1, job, () => model.infer(1, 1));
  const elapsed = now() - first;
  let rate = 1 / elapsed;
  const images = Math.min(checkImages, Math.max(1, Math.floor((CHECK_DURATIONS * duration) / elapsed)));
  if (images > 1) {
    const begun = now();
    try {
      logits = await model.infer(images, images);
      rate = images / (now() - begun);
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
    }
  }
  tell({ kind: 'logits', base64: Buffer.from(logits.buffer, logits.byteOffset, logits.byteLength).toString('base64') });
  return rate;
}

/** Gives the images per second of the last batch size that was measured. */
async function measureInference(model: LoadedModel, job: WorkerJob, rate: number): Promise<number> {
  let expected = rate;
  for (const batchSize of job.batchSizes) {
    stage(`inference in batches of ${batchSize}`);
    const run = async (images: number): Promise<void> => void (await model.infer(images, batchSize));
    let figure: Figure;
    try {
      figure = await measure({ run, batchSize, most: job.count, expected }, job);
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      figure = await doesNotFit(error, batchSize, job, (size) => model.infer(size, size));
    }
    // The check took one image anyway: better than nothing where all else takes too long.
    if ('skipped' in figure && batchSize === 1) {
      figure = { batchSize, imagesPerSecond: rate, spread: null, repeats: [rate], sample: true };
    }
    if (!('skipped' in figure)) expected = figure.imagesPerSecond;
    tell({ kind: 'inference', figure });
  }
  return expected;
}

async function measureHead(subject: Subject, job: WorkerJob, rate: number): Promise<Figure> {
  const trainer = await subject.train?.('fc');
  if (trainer === undefined) return noTraining(subject, HEAD_BATCH);
  try {
    // Features are made beforehand; where that is slow, of few images, which come again and again: a step takes as long.
    const distinct = Math.max(1, Math.min(HEAD_BATCH, job.count, Math.floor(job.duration * rate)));
    await withRoom(distinct, job, () => trainer.steps(distinct, distinct, distinct));
    const run = (images: number): Promise<void> => trainer.steps(images, HEAD_BATCH, distinct);
    return await withRoom(HEAD_BATCH, job, async () => {
      const begun = now();
      await run(HEAD_BATCH);
      const expected = HEAD_BATCH / (now() - begun);
      return measure({ run, batchSize: HEAD_BATCH, most: 2 ** 20, expected }, job);
    });
  } finally {
    await trainer.close();
  }
}

async function measureFull(subject: Subject, job: WorkerJob, rate: number): Promise<Figure> {
  const largest = FULL_BATCHES[0];
  if (subject.train !== undefined && STEP_PASSES / rate > patience(job)) {
    // Even what is nothing but arithmetic takes too long; making a session to measure that would too.
    return tooSlow(STEP_PASSES / rate);
  }
  const trainer = await subject.train?.('conv1');
  if (trainer === undefined) return noTraining(subject, largest);
  try {
    let chosen = 1;
    let step = Infinity;
    for (const batchSize of FULL_BATCHES) {
      chosen = batchSize;
      // Its products alone, which is the least that it takes: an estimate takes a while itself.
      step = (STEP_PASSES * batchSize) / rate;
      if (batchSize > 1 && step > FULL_STEP_DURATIONS * job.duration) continue;
      step = (await withRoom(batchSize, job, () => trainer.estimate(batchSize))) ?? step;
      if (step <= FULL_STEP_DURATIONS * job.duration) break;
    }
    if (step > patience(job)) return tooSlow(step);
    const run = (images: number): Promise<void> => trainer.steps(images, chosen, Math.min(images, job.count));
    const work = { run, batchSize: chosen, most: 2 ** 20, expected: chosen / step };
    const figure = await withRoom(chosen, job, () => measure(work, job));
    return 'skipped' in figure ? figure : { ...figure, sample: figure.sample || chosen < largest };
  } finally {
    await trainer.close();
  }
}

const tooSlow = (step: number): Figure => ({
  batchSize: 1,
  skipped: `one step of one image would take about ${seconds(step)}`,
});

const noTraining = ({ label }: Subject, batchSize: number): Figure => ({
  batchSize,
  skipped: `${label} does not train`,
});

/** A failure in training is reported in its own place, since inference has been measured by then. */
async function orSkip(batchSize: number, work: () => Promise<Figure>): Promise<Figure> {
  try {
    return await work();
  } catch (error) {
    return { batchSize, skipped: oneLine((error as Error).message) };
  }
}

/** Largest resident memory of this process so far. */
function peakBytes(): number {
  try {
    // On Linux maxRSS counts the memory of the parent that was there when it started this process; VmHWM does not.
    const found = /^VmHWM:\s+(\d+) kB$/m.exec(fs.readFileSync('/proc/self/status', 'utf8'));
    if (found !== null) return Number(found[1]) * 1024;
  } catch {
    // Not Linux.
  }
  return resourceUsage().maxRSS * 1024;
}

// Ctrl-C in a terminal reaches this process too; it is for the parent to say what becomes of it. Without a parent it ends.
process.on('SIGINT', () => {});
process.stdin.on('end', () => process.exit(0)).on('error', () => process.exit(0));
process.stdin.resume();

main(JSON.parse(fs.readFileSync(process.argv[2] as string, 'utf8')) as WorkerJob).then(
  () => process.exit(0),
  (error: unknown) => {
    const message = oneLine(error instanceof Error ? error.message : String(error));
    const hint = error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? error.hint : undefined;
    const kind = error instanceof Unavailable ? 'unavailable' : 'failed';
    tell({ kind, message, ...(hint === undefined ? {} : { hint }) });
    process.exit(0);
  },
);
