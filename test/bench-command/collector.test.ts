import { agrees, predictedClasses, relativeDifference } from '../../lib/bench/agreement';
import { succeeded } from '../../lib/bench/bench';
import { Collector } from '../../lib/bench/collector';
import { formatTable } from '../../lib/bench/table';
import type { WorkerRecord } from '../../lib/bench/types';
import { pending, reportOf, throughput } from './report';

const LOADED: WorkerRecord = {
  kind: 'loaded',
  label: 'native',
  versions: { torch: '2.13.0' },
  load: { openSeconds: 0.5, modelSeconds: 0.25, spread: null },
};

const logits = (...values: number[]): WorkerRecord => ({
  kind: 'logits',
  base64: Buffer.from(Float32Array.from(values).buffer).toString('base64'),
});

function collect() {
  const report = reportOf([pending('native'), pending('js-wasm'), pending('js-cpu')]);
  const lines: string[] = [];
  const names = ['a.jpg', 'b.jpg'];
  const collector = new Collector(report, { classes: ['ants', 'bees'] }, { names }, (line) => lines.push(line));
  for (const { backend } of report.backends) collector.begin(backend);
  return { report, lines, collector };
}

describe('comparing logits', () => {
  const reference = Float32Array.of(1, -4, 2, 3);

  test('the difference is relative to the largest logit', () => {
    expect(relativeDifference(reference, Float32Array.of(1, -4, 2, 3.04), 2)).toEqual({
      images: 2,
      difference: expect.closeTo(0.01, 6),
    });
    expect(relativeDifference(reference, reference, 2)).toEqual({ images: 2, difference: 0 });
  });

  test('as many images as both have', () => {
    expect(relativeDifference(reference, Float32Array.of(1, -4), 2)).toEqual({ images: 1, difference: 0 });
  });

  test('what is no number, or nothing, does not agree', () => {
    for (const values of [[], [1, NaN], [Infinity, -4]]) {
      expect(agrees(relativeDifference(reference, Float32Array.from(values), 2).difference)).toBe(false);
    }
    expect(agrees(relativeDifference(new Float32Array(2), Float32Array.of(0, 1), 2).difference)).toBe(false);
  });

  test('up to a hundredth agrees', () => {
    expect([0, 1e-6, 0.01, 0.0101, 1].map(agrees)).toEqual([true, true, true, false, false]);
  });

  test('the class is that of the largest logit', () => {
    expect(predictedClasses(reference, 2)).toEqual([0, 1]);
  });
});

describe('what becomes of a backend', () => {
  test('one whose logits differ is wrong: it is stopped, and the benchmark fails', () => {
    const { report, lines, collector } = collect();
    collector.take('native', LOADED);
    expect(collector.take('native', logits(1, 2, 4, 3))).toBe(true);
    collector.end('native', undefined, false);
    expect(succeeded(report)).toBe(true);
    expect(collector.take('js-wasm', logits(1, 2, 4, 3.2))).toBe(false);
    collector.end('js-wasm', undefined, false);
    expect(report.backends[1]).toMatchObject({
      status: 'wrong',
      agreement: { reference: 'native', images: 2, difference: expect.closeTo(0.05, 6), ok: false },
    });
    expect(report.check).toMatchObject({ reference: 'native', largestDifference: expect.closeTo(0.05, 6) });
    expect(report.check.images).toEqual([
      { name: 'a.jpg', predicted: 'bees' },
      { name: 'b.jpg', predicted: 'ants' },
    ]);
    expect(succeeded(report)).toBe(false);
    expect(lines.at(-1)).toBe(
      'js-wasm: wrong: its logits differ by up to 5.0e-2 of the largest logit from those of native, over 2 images, more than 0.01',
    );
    expect(formatTable(report)).toContain('not all backends agree with native');
  });

  test('one without finite logits is wrong, and no reference', () => {
    const { report, collector } = collect();
    expect(collector.take('native', logits(NaN, 1))).toBe(false);
    expect(collector.take('js-wasm', logits(1, 2))).toBe(true);
    expect(report.check.reference).toBe('js-wasm');
    expect(report.backends[0]).toMatchObject({ status: 'wrong', reason: 'its logits are not finite numbers' });
  });

  test('one that crashes keeps what was measured, and the others count', () => {
    const { report, collector } = collect();
    collector.take('native', logits(1, 2));
    collector.end('native', undefined, false);
    collector.take('js-wasm', { ...LOADED, label: 'js (wasm)' });
    collector.take('js-wasm', logits(1, 2));
    collector.take('js-wasm', { kind: 'inference', figure: throughput(1, 4) });
    collector.end('js-wasm', 'it crashed in inference in batches of 8 (SIGSEGV)', false);
    collector.take('js-cpu', { kind: 'unavailable', message: 'it is not installed.', hint: 'Run: npm install it' });
    collector.end('js-cpu', undefined, false);
    expect(succeeded(report)).toBe(true);
    const table = formatTable(report);
    expect(table).toMatch(/^inference, batch 1 +js \(wasm\) +4\.00 images\/s/m);
    expect(table).toContain('js (wasm): failed: it crashed in inference in batches of 8 (SIGSEGV)');
    expect(table).toContain('js-cpu: unavailable: it is not installed. Run: npm install it');
  });

  test('one that is stopped on the way is interrupted, one that was done is not', () => {
    const { report, collector } = collect();
    collector.take('native', { kind: 'memory', when: 'inference', bytes: 1 });
    collector.take('native', { kind: 'memory', when: 'end', bytes: 2 });
    collector.end('native', undefined, true);
    collector.end('js-wasm', undefined, true);
    expect(report.backends.map(({ status }) => status)).toEqual(['measured', 'interrupted', 'interrupted']);
  });
});
