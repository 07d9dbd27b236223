import type { Architecture, BenchBackend } from '../options';

/** Images per second of one measurement, by the median of its repeats. */
export interface Throughput {
  /** Images of a batch, or of a step of training. */
  batchSize: number;
  /** Median over `repeats`. */
  imagesPerSecond: number;
  /** Largest less smallest of the repeats, divided by the median; null where there is one repeat. */
  spread: number | null;
  /** Images per second of every repeat, in order. */
  repeats: number[];
  /** Whether it is less than was asked for, because the backend is slow: fewer repeats, or a smaller batch. */
  sample: boolean;
}

/** A measurement that was not made, and why. */
export interface Skipped {
  /** Images of a batch, or of a step of training. */
  batchSize: number;
  /** Why there is no figure, in one line. */
  skipped: string;
}

/** A figure, or why there is none. */
export type Figure = Throughput | Skipped;

/** What it takes until a model can be used. */
export interface LoadTime {
  /** Seconds in which the backend's libraries were opened: once in a process. */
  openSeconds: number;
  /** Seconds in which the file of weights was read and the model made of it: median of the repeats. */
  modelSeconds: number;
  /** As {@link Throughput.spread}, of `modelSeconds`. */
  spread: number | null;
}

/** How far the logits of a backend are from those of the reference. */
export interface Agreement {
  /** The backend that it was compared with. */
  reference: BenchBackend;
  /** Images that were compared. */
  images: number;
  /** Largest absolute difference of a logit, divided by the largest absolute logit of the reference; null where it is no number. */
  difference: number | null;
  /** Whether `difference` is at most {@link BenchReport.check}'s tolerance. */
  ok: boolean;
}

/**
 * How it went with a backend: `measured`; `wrong`, its logits are not those of the reference, so that it was not measured;
 * `unavailable`, it can't be loaded here; `failed`, it gave an error or crashed; `interrupted`, stopped on the way; `pending`, not
 * begun when the benchmark was interrupted.
 */
export type BenchStatus = 'measured' | 'wrong' | 'unavailable' | 'failed' | 'interrupted' | 'pending';

/** The findings about one backend; what was not reached is left out. */
export interface BackendReport {
  /** Its name as `--backends` takes it. */
  backend: BenchBackend;
  /** What a person would call it: `js (wasm)`. */
  label: string;
  /** How it went. */
  status: BenchStatus;
  /** One line that tells why it is not `measured`. */
  reason?: string;
  /** The libraries that compute, and their versions. */
  versions?: Record<string, string>;
  /** Time until a model can be used. */
  load?: LoadTime;
  /** Left out for the reference itself. */
  agreement?: Agreement;
  /** For each batch size, ascending. */
  inference: Figure[];
  /** Training of `fc` on features that are computed beforehand. */
  headStep?: Figure;
  /** Training of all weights: forward, backward, optimizer. */
  fullStep?: Figure;
  /** Largest resident memory of the backend's process so far, Node.js and all libraries included. */
  memory?: {
    /** Bytes, after inference. */
    inferenceBytes: number;
    /** Bytes, at the end, after training; left out where that was not reached. */
    peakBytes?: number;
  };
}

/**
 * What `resnet-ft bench --json` prints, one object. Within a `schema`, fields are added and never removed or changed.
 */
export interface BenchReport {
  /** Counts up where a field is removed or changes its meaning. */
  schema: 1;
  /** Version of resnet-ft. */
  version: string;
  /** When it began, ISO 8601. */
  date: string;
  /** Whether it was stopped on the way. */
  interrupted: boolean;
  /** The computer that was measured. */
  machine: {
    cpu: string;
    processors: number;
    memoryBytes: number;
    platform: string;
    node: string;
    /** Processes that wanted a processor, on average over the minute before it began; 0 where the system does not tell. */
    load: number;
  };
  /** The network that was measured. */
  model: {
    /** As the caller named it; null for random weights of seed 0. */
    source: string | null;
    arch: Architecture;
    /** Outputs. */
    classes: number;
    /** Side of the crops. */
    size: number;
  };
  /** How it was measured: seconds of a measurement, repeats of each, batch sizes, threads (null: the backend chose), arithmetic. */
  settings: { duration: number; repeats: number; batchSizes: number[]; threads: number | null; precision: 'fp32' };
  /** Folder of the images; null for made-up ones. `count` are in use. */
  images: { folder: string | null; count: number };
  /** How the logits of the backends agree. */
  check: {
    /** The backend that the others are compared with; null while none has run. */
    reference: BenchBackend | null;
    /** The largest `difference` of a backend's {@link BackendReport.agreement} that is taken for agreement. */
    tolerance: number;
    /** The largest that was seen; null where nothing was compared. */
    largestDifference: number | null;
    /** The images that the reference was checked on, and the class of its largest logit. */
    images: { name: string; predicted: string }[];
  };
  /** In the order of measurement. */
  backends: BackendReport[];
}

/** What a worker has to do; passed as a JSON file. */
export interface WorkerJob {
  backend: BenchBackend;
  arch: Architecture;
  classes: number;
  mean: number[];
  std: number[];
  /** State dict of all tensors, safetensors. */
  weightsFile: string;
  onnxFile: string;
  /** `count` crops of RGB bytes, `size` x `size` x 3, one after the other. */
  cropsFile: string;
  count: number;
  size: number;
  /** The most images that the check takes. */
  checkImages: number;
  batchSizes: number[];
  duration: number;
  repeats: number;
  /** 0 leaves the backend's choice. */
  threads: number;
}

/** What a worker finds in turn, without what the parent knows: one line of JSON each. */
export type WorkerRecord =
  /** Something begins: where it crashes, this is what it was. */
  | { kind: 'stage'; stage: string }
  | { kind: 'loaded'; label: string; versions: Record<string, string>; load: LoadTime }
  /** float32, row-major, images x classes, little-endian, as base64: JSON has no NaN. */
  | { kind: 'logits'; base64: string }
  | { kind: 'inference'; figure: Figure }
  | { kind: 'headStep'; figure: Figure }
  | { kind: 'fullStep'; figure: Figure }
  | { kind: 'memory'; when: 'inference' | 'end'; bytes: number }
  | { kind: 'unavailable' | 'failed'; message: string; hint?: string };
