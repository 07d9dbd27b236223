import type { BackendReport, BenchReport, Throughput } from '../../lib/bench/types';

/** Images per second that were measured. */
export function throughput(batchSize: number, imagesPerSecond: number, more: Partial<Throughput> = {}): Throughput {
  return { batchSize, imagesPerSecond, spread: null, repeats: [imagesPerSecond], sample: false, ...more };
}

/** A backend as the report has it before anything is known of it. */
export function pending(backend: BackendReport['backend']): BackendReport {
  return { backend, label: backend, status: 'pending', inference: [] };
}

/** A report of these backends. */
export function reportOf(backends: BackendReport[], more: Partial<BenchReport> = {}): BenchReport {
  return {
    schema: 1,
    version: '1.2.3',
    date: '2026-01-02T03:04:05.000Z',
    interrupted: false,
    machine: { cpu: 'A CPU', processors: 2, memoryBytes: 8e9, platform: 'linux x64', node: 'v22.0.0', load: 0.1 },
    model: { source: null, arch: 'resnet18', classes: 2, size: 224 },
    settings: { duration: 3, repeats: 3, batchSizes: [1, 8], threads: null, precision: 'fp32' },
    images: { folder: null, count: 32 },
    check: { reference: null, tolerance: 0.01, largestDifference: null, images: [] },
    backends,
    ...more,
  };
}
