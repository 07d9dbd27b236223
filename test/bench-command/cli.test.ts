import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import type { BenchReport } from '../../lib/bench/types';
import { temporaryName } from '../../lib/files/stale';
import { resolveBenchOptions } from '../../lib/options';
import { ANTS_BEES, ROOT, run, scratch } from '../cli/run';

const folder = scratch();
const QUICK = ['bench', '--arch', 'resnet18', '--duration', '0.2', '--repeats', '1', '--batch-sizes', '1'];
const FAST = ['--backends', 'native,js-wasm,onnxruntime,native-cuda'];

const temporaryFolders = (): string[] => fs.readdirSync(folder).filter((name) => name.includes('resnet-ft-bench'));
const env = { TMPDIR: folder };

test('js stands for both of its kinds', () => {
  expect(resolveBenchOptions({ backends: 'js,native' }).backends).toEqual(['native', 'js-wasm', 'js-cpu']);
});

test('the report: each backend agrees with native and is measured', async () => {
  const page = path.join(folder, 'report.html');
  const { code, stdout, stderr } = await run([...QUICK, ...FAST, '--images', ANTS_BEES, '--json', '--output', page], {
    env,
  });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const report = JSON.parse(stdout) as BenchReport;
  expect(report).toMatchObject({
    schema: 1,
    interrupted: false,
    model: { source: null, arch: 'resnet18', classes: 1000, size: 224 },
    settings: { duration: 0.2, repeats: 1, batchSizes: [1], threads: null, precision: 'fp32' },
    images: { folder: ANTS_BEES, count: 32 },
    check: { reference: 'native', tolerance: 0.01 },
  });
  expect(report.check.images[0]).toMatchObject({ predicted: expect.stringMatching(/^class \d+$/) });
  const byName = new Map(report.backends.map((backend) => [backend.backend, backend]));
  expect([...byName.keys()]).toEqual(['native', 'native-cuda', 'js-wasm', 'onnxruntime']);
  for (const name of ['native', 'js-wasm'] as const) {
    expect(byName.get(name)).toMatchObject({
      status: 'measured',
      inference: [{ batchSize: 1, imagesPerSecond: expect.any(Number), spread: null }],
      headStep: { batchSize: 32, imagesPerSecond: expect.any(Number) },
      fullStep: { batchSize: expect.any(Number) },
    });
    const { load, memory } = byName.get(name) ?? {};
    expect(load?.openSeconds).toBeGreaterThan(0);
    expect(load?.modelSeconds).toBeGreaterThan(0);
    expect(memory?.peakBytes).toBeGreaterThanOrEqual(memory?.inferenceBytes ?? Infinity);
    // The weights alone are 45 MB.
    expect(memory?.inferenceBytes).toBeGreaterThan(45e6);
  }
  const wasm = byName.get('js-wasm')?.agreement;
  expect(wasm).toMatchObject({ reference: 'native', ok: true });
  expect(wasm?.difference).toBeLessThan(1e-3);

  // Installed or not, with a GPU or not: neither makes the benchmark fail.
  const onnx = byName.get('onnxruntime');
  expect(['measured', 'unavailable']).toContain(onnx?.status);
  if (onnx?.status === 'measured') {
    expect(onnx.agreement?.difference).toBeLessThan(1e-3);
    expect(onnx.headStep).toEqual({ batchSize: 32, skipped: 'onnxruntime does not train' });
  }
  const cuda = byName.get('native-cuda');
  expect(['measured', 'unavailable']).toContain(cuda?.status);
  if (cuda?.status === 'unavailable') expect(cuda.reason).not.toBe('');

  expect(stderr).toMatch(/^js \(wasm\): its logits differ by up to \S+ of the largest logit from those of native/m);
  expect(fs.readFileSync(page, 'utf8')).toMatch(/inference, batch 1/);
  expect(temporaryFolders()).toEqual([]);
});

test('Ctrl-C: what is there so far is shown, and nothing is left behind', async () => {
  const args = ['bench', '--arch', 'resnet18', '--backends', 'js-wasm,js-cpu', '--duration', '60'];
  const child = spawn(process.execPath, [path.join(ROOT, 'bin', 'resnet-ft.js'), ...args], {
    env: { ...process.env, ...env },
  });
  let stdout = '';
  let stderr = '';
  let sent = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    // Loaded, and a minute of inference before it.
    if (!sent && stderr.includes('loaded in')) sent = child.kill('SIGINT');
  });
  const [code] = (await once(child, 'close')) as [number | null];
  expect(code).toBe(130);
  expect(stdout).toMatch(/^loading the model +js \(wasm\) +[\d.]+ s/m);
  expect(stdout).toMatch(/^js \(wasm\): interrupted$/m);
  expect(stdout).toMatch(/^js-cpu: not measured$/m);
  const last = 'resnet-ft: the benchmark was stopped; the report has what was measured so far\n';
  expect(stderr.endsWith(last)).toBe(true);
  expect(temporaryFolders()).toEqual([]);
});

test('a backend that crashes is a line; with nothing measured the benchmark fails; what a killed one left is gone', async () => {
  // As of a process whose id another has by now.
  const left = temporaryName(path.join(folder, 'resnet-ft-bench')).replace(/-\d+-([0-9a-f]{8}\.tmp)$/, '-1-$1');
  if (process.platform === 'linux') fs.mkdirSync(path.join(left, 'below'), { recursive: true });
  const crash = path.join(folder, 'crash.js');
  fs.writeFileSync(crash, "if (process.argv[1].endsWith('worker.js')) process.kill(process.pid, 'SIGSEGV');");
  const options = { env: { ...env, NODE_OPTIONS: `--require ${crash}` } };
  const { code, stdout, stderr } = await run([...QUICK, '--backends', 'js-cpu'], options);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^js-cpu: failed: it crashed in its start \(SIGSEGV\)$/m);
  expect(stdout).toMatch(/^js-cpu: failed: it crashed in its start \(SIGSEGV\)$/m);
  expect(temporaryFolders()).toEqual([]);
});

test.each([
  [
    ['--backends', 'native,tensorflow'],
    /Expected a list of any of native, native-cuda, js-wasm, js-cpu, onnxruntime, js for --backends but received native,tensorflow/,
  ],
  [['--backends', ','], /for --backends but received ,/],
  [['--batch-sizes', '1,0'], /Expected a list of .* for --batch-sizes but received 1,0/],
  [['--duration', '0'], /Expected a number of at least 0\.05 and at most 600 for --duration but received 0/],
  [['--output', 'report.txt'], /Expected a file name ending in \.html for --output but received report\.txt/],
])('%j is refused', async (args, message) => {
  const { code, stdout, stderr } = await run(['bench', ...args]);
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toMatch(message);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});

test('what can not be read or written is told before anything is measured', async () => {
  const cases: [string[], RegExp][] = [
    [['--output', path.join(folder, 'none', 'report.html')], /cannot write .*: there is no folder/],
    [['--images', path.join(folder, 'none')], /no such folder/],
    [['--model', path.join(folder, 'none.pth')], /none\.pth/],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await run([...QUICK, ...args], { env });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(message);
  }
});
