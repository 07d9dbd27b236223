import type { WorkerJob } from './types';

/** What a worker measures. */
export interface Subject {
  /** What a person would call it: `js (wasm)`. */
  label: string;
  /** The libraries that compute, and their versions. */
  versions: Record<string, string>;
  /** Reads the file of weights and makes a model ready for use of it. */
  load(): Promise<LoadedModel>;
  /** A model in training, with its first trained module, and the weights of the file. */
  train?(from: 'fc' | 'conv1'): Promise<Trainer>;
}

export interface LoadedModel {
  /** Runs the first `images` crops. The logits are float32, row-major, images x classes. */
  infer(images: number, batchSize: number): Promise<Float32Array>;
  close(): Promise<void>;
}

export interface Trainer {
  /** Steps on `images` samples, the first `distinct` crops again and again. */
  steps(images: number, batchSize: number, distinct: number): Promise<void>;
  /** Seconds of one step, roughly; undefined where the backend can't tell. */
  estimate(batchSize: number): Promise<number | undefined>;
  close(): Promise<void>;
}

/** A subject that can't be had on this machine: no failure of the benchmark. */
export class Unavailable extends Error {
  constructor(
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

/** Opens the libraries of the job's backend. */
export async function openSubject(job: WorkerJob, crops: Buffer): Promise<Subject> {
  if (job.backend === 'onnxruntime') {
    const { openOnnxSubject } = await import('./onnx-subject.js');
    return openOnnxSubject(job, crops);
  }
  const { openBackendSubject } = await import('./backend-subject.js');
  return openBackendSubject(job, crops);
}
