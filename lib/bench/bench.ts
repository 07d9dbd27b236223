import os from 'node:os';
import path from 'node:path';
import type { DownloadControl } from '../download/types';
import { throwIfAborted } from '../errors';
import { inTemporaryFolder } from '../files/temporary-folder';
import {
  controlled,
  rejectOption,
  resolveBenchOptions,
  type BenchBackend,
  type BenchOptions,
  type ResolvedBenchOptions,
} from '../options';
import { defaultThreads } from '../machine/threads';
import { packageVersion } from '../machine/version';
import { MODEL_FILE } from '../model/locate';
import { writeAtomically } from '../files/atomic-file';
import { writeStateDict } from '../weights/index';
import { TOLERANCE } from './agreement';
import { Collector } from './collector';
import { findOnnxruntime } from './onnx-subject';
import { OVERRUN, patience, type Budget } from './measure';
import { prepareImages, prepareModel, writeOnnx, type BenchImages, type BenchModel } from './prepare';
import { runWorker } from './run-worker';
import { warnings } from './table';
import type { BenchReport, WorkerJob } from './types';

/** Images on which backends are compared, at most. */
const CHECK_IMAGES = 4;
/** Least number of crops to measure with: a training step of the head takes this many. */
const LEAST_CROPS = 32;

/** How {@link bench} tells what happens and is stopped. */
export interface BenchControl extends Omit<DownloadControl, 'offline'> {
  /** A line for a person, of each thing that was found. */
  onLine?: ((line: string) => unknown) | undefined;
}

/**
 * Measures each backend in a process of its own, one after the other: whether its logits are those of the first one that loads, then
 * throughput, time to load and memory. All compute in float32. A backend that can't be loaded, crashes or is wrong is told in its place
 * of the report, and the others are measured all the same. Where `control.signal` aborts, the report has what was found so far.
 *
 * @throws ResnetFtError INVALID_OPTION; what opening the model and the images throws; OUTPUT_NOT_WRITABLE where there is no room for
 *   the files of the workers in the system's temporary folder; ABORTED where it is stopped before the first backend
 */
export async function bench(input: BenchOptions, control: BenchControl = {}): Promise<BenchReport> {
  const options = resolveBenchOptions(input);
  return controlled(control, (heard) => measure(options, heard));
}

async function measure(options: ResolvedBenchOptions, control: BenchControl): Promise<BenchReport> {
  const { signal, onLine = () => {}, ...download } = control;
  throwIfAborted(signal, 'The measurement was stopped');
  const date = new Date().toISOString();
  const model = await prepareModel(options, { ...download, signal });
  const count = Math.max(LEAST_CROPS, ...options.batchSizes);
  refuseTooManyCrops(count, model.preprocessing.crop, options);
  const images = await prepareImages(options.images, count, model.preprocessing, signal);
  const report = emptyReport(options, model, date, count);
  for (const line of warnings(report)) onLine(line);
  const collector = new Collector(report, model, images, onLine);
  await inTemporaryFolder('resnet-ft-bench', async (folder) => {
    const job = await writeFiles(folder, options, model, images);
    for (const backend of options.backends) {
      if (signal?.aborted === true) break;
      await measureBackend(backend, { folder, job, model, collector, signal });
    }
  });
  report.interrupted =
    signal?.aborted === true && report.backends.some(({ status }) => status === 'pending' || status === 'interrupted');
  return report;
}

/** Workers read the crops from one file, of which Node.js reads so much at once. */
const MOST_CROP_BYTES = 2 ** 31 - 1;

function refuseTooManyCrops(count: number, size: number, { batchSizes }: ResolvedBenchOptions): void {
  if (count * 3 * size ** 2 <= MOST_CROP_BYTES) return;
  const most = Math.floor(MOST_CROP_BYTES / (3 * size ** 2));
  const hint = 'Measure with smaller batches';
  rejectOption(`at most ${most}, of crops of ${size} x ${size},`, '--batch-sizes', batchSizes.join(','), hint);
}

/** Whether a report is one of success: something was measured, and nothing was wrong. */
export function succeeded({ backends }: BenchReport): boolean {
  return backends.some(({ status }) => status === 'measured') && !backends.some(({ status }) => status === 'wrong');
}

interface Run {
  folder: string;
  job: Omit<WorkerJob, 'backend'>;
  model: BenchModel;
  collector: Collector;
  signal: AbortSignal | undefined;
}

async function measureBackend(backend: BenchBackend, { folder, job, model, collector, signal }: Run): Promise<void> {
  if (backend === 'onnxruntime' && findOnnxruntime() !== undefined) await writeOnnx(job.onnxFile, model);
  const jobFile = path.join(folder, `${backend}.json`);
  await writeAtomically(jobFile, [Buffer.from(JSON.stringify({ ...job, backend } satisfies WorkerJob))]);
  collector.begin(backend);
  const { failure } = await runWorker(jobFile, {
    onRecord: (record) => collector.take(backend, record),
    silence: longestSilence(job),
    signal,
  });
  collector.end(backend, failure, signal?.aborted === true);
}

/** Seconds of silence after which a measurement is given up: far more than any takes, even the first image of a slow backend. */
function longestSilence({ duration, repeats }: Budget): number {
  const room = 600;
  return Math.ceil(room + 2 * (OVERRUN * repeats * duration + patience({ duration })));
}

async function writeFiles(
  folder: string,
  options: ResolvedBenchOptions,
  model: BenchModel,
  images: BenchImages,
): Promise<Run['job']> {
  const weightsFile = path.join(folder, MODEL_FILE);
  const cropsFile = path.join(folder, 'crops');
  await writeStateDict(weightsFile, model.tensors);
  await writeAtomically(cropsFile, [images.bytes]);
  const { mean, std, crop } = model.preprocessing;
  return {
    arch: model.arch,
    classes: model.classes.length,
    mean: [...mean],
    std: [...std],
    weightsFile,
    onnxFile: path.join(folder, 'model.onnx'),
    cropsFile,
    count: images.names.length,
    size: crop,
    checkImages: CHECK_IMAGES,
    batchSizes: options.batchSizes,
    duration: options.duration,
    repeats: options.repeats,
    threads: options.threads ?? defaultThreads(),
  };
}

function emptyReport(options: ResolvedBenchOptions, model: BenchModel, date: string, count: number): BenchReport {
  const { duration, repeats, batchSizes, threads = null } = options;
  return {
    schema: 1,
    version: packageVersion(),
    date,
    interrupted: false,
    machine: {
      cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
      processors: os.availableParallelism(),
      memoryBytes: os.totalmem(),
      platform: `${process.platform} ${process.arch}`,
      node: process.version,
      load: os.loadavg()[0] ?? 0,
    },
    model: {
      source: options.model ?? null,
      arch: model.arch,
      classes: model.classes.length,
      size: model.preprocessing.crop,
    },
    settings: { duration, repeats, batchSizes, threads, precision: 'fp32' },
    images: { folder: options.images ?? null, count },
    check: { reference: null, tolerance: TOLERANCE, largestDifference: null, images: [] },
    backends: options.backends.map((backend) => ({ backend, label: backend, status: 'pending', inference: [] })),
  };
}
