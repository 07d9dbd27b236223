import type { BenchBackend } from '../options';
import { agrees, predictedClasses, relativeDifference } from './agreement';
import { amount, figureText } from './format';
import type { BenchImages, BenchModel } from './prepare';
import type { BackendReport, BenchReport, Figure, WorkerRecord } from './types';
import { counted } from '../text/count';

/** Puts the records of workers into the report as they come, and compares the logits. */
export class Collector {
  private reference: { backend: BenchBackend; label: string; logits: Float32Array } | undefined;

  constructor(
    private readonly report: BenchReport,
    private readonly model: Pick<BenchModel, 'classes'>,
    private readonly images: Pick<BenchImages, 'names'>,
    private readonly onLine: (line: string) => void,
  ) {}

  begin(backend: BenchBackend): void {
    this.of(backend).status = 'interrupted';
  }

  /** @returns false where the rest of the backend is not wanted */
  take(backend: BenchBackend, record: WorkerRecord): boolean {
    const entry = this.of(backend);
    switch (record.kind) {
      case 'stage':
        return true;
      case 'loaded': {
        const { label, versions, load } = record;
        Object.assign(entry, { label, versions, load });
        this.tell(entry, `loaded in ${amount(load.openSeconds + load.modelSeconds, 's')}`);
        return true;
      }
      case 'logits':
        return this.compare(entry, floats(record.base64));
      case 'inference':
        entry.inference.push(record.figure);
        return this.tellFigure(entry, `inference, batch ${record.figure.batchSize}`, record.figure);
      case 'headStep':
      case 'fullStep':
        entry[record.kind] = record.figure;
        return this.tellFigure(entry, record.kind === 'headStep' ? 'training of fc' : 'full training', record.figure);
      case 'memory':
        if (record.when === 'inference') entry.memory = { inferenceBytes: record.bytes };
        else if (entry.memory !== undefined) entry.memory.peakBytes = record.bytes;
        return true;
      case 'unavailable':
      case 'failed': {
        const { kind, message, hint } = record;
        this.finish(entry, kind, hint === undefined ? message : `${message.replace(/\.$/, '')}. ${hint}`);
        return true;
      }
    }
  }

  /** @param failure why the worker did not end by itself */
  end(backend: BenchBackend, failure: string | undefined, aborted: boolean): void {
    const entry = this.of(backend);
    if (entry.status !== 'interrupted') return;
    if (failure !== undefined) this.finish(entry, 'failed', failure);
    else if (!aborted || entry.memory?.peakBytes !== undefined) entry.status = 'measured';
  }

  private compare(entry: BackendReport, logits: Float32Array): boolean {
    const { check } = this.report;
    const { classes } = this.model;
    const { backend, label } = entry;
    const against = this.reference ?? { backend, label, logits };
    const { images, difference } = relativeDifference(against.logits, logits, classes.length);
    const ok = agrees(difference);
    if (this.reference === undefined) {
      if (!ok) return this.wrong(entry, 'its logits are not finite numbers');
      this.reference = { backend, label, logits };
      check.reference = backend;
      check.images = predictedClasses(logits, classes.length).map((index, i) => {
        return { name: this.images.names[i] ?? '', predicted: classes[index] ?? '' };
      });
      return true;
    }
    const finite = Number.isFinite(difference);
    entry.agreement = { reference: against.backend, images, difference: finite ? difference : null, ok };
    if (finite) check.largestDifference = Math.max(check.largestDifference ?? 0, difference);
    const text = `${agreementText(difference)} from those of ${against.label}, over ${counted(images, 'image')}`;
    if (!ok) return this.wrong(entry, `its logits differ ${text}, more than ${check.tolerance}`);
    this.tell(entry, `its logits differ ${text}`);
    return true;
  }

  private wrong(entry: BackendReport, reason: string): false {
    this.finish(entry, 'wrong', reason);
    return false;
  }

  private finish(entry: BackendReport, status: BackendReport['status'], reason: string): void {
    Object.assign(entry, { status, reason });
    this.tell(entry, `${status}: ${reason}`);
  }

  private tellFigure(entry: BackendReport, what: string, figure: Figure): true {
    this.tell(entry, `${what}: ${figureText(figure)}`);
    return true;
  }

  private tell({ label }: BackendReport, text: string): void {
    this.onLine(`${label}: ${text}`);
  }

  private of(backend: BenchBackend): BackendReport {
    const entry = this.report.backends.find((one) => one.backend === backend);
    if (entry === undefined) throw new Error(`${backend} is not measured`);
    return entry;
  }
}

/** `by up to 2.1e-6 of the largest logit`. */
function agreementText(difference: number): string {
  return Number.isFinite(difference)
    ? `by up to ${difference.toExponential(1)} of the largest logit`
    : 'by a difference that is not a number';
}

/** A copy, for Node.js's own buffers begin anywhere. */
function floats(base64: string): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'));
  return new Float32Array(bytes.buffer);
}
