import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import type { LrFindEvent } from '../../lib';
import { temporaryName } from '../../lib/files/stale';
import { resolveLrFindOptions } from '../../lib/options';
import { ANTS_BEES, records, run, scratch } from '../cli/run';
import { shell, testWithMounts } from '../cli/shell';
import { callApi } from '../predict/call-api';

const tmp = scratch();
const system = path.join(tmp, 'system');
fs.mkdirSync(system);
const env = { TMPDIR: system };
/** What is left in the system's temporary folder. */
const left = (): string[] => fs.readdirSync(system);

const CHEAP = [
  ...['--weights', 'none', '--arch', 'resnet18', '--image-size', '64', '--device', 'cpu', '--precision', 'fp32'],
  ...['--threads', '1'],
];
const HEAD = [...CHEAP, '--train-from', 'fc', '--batch-size', '4'];
/** For the API. */
const OPTIONS = {
  ...({ data: ANTS_BEES, weights: 'none', arch: 'resnet18', imageSize: 64, trainFrom: 'fc', batchSize: 4 } as const),
  ...({ device: 'cpu', precision: 'fp32', cropCache: '0', threads: 1 } as const),
};

/** Of a curve that falls and explodes. */
const FALLS = [...CHEAP, '--train-from', 'fc', '--batch-size', '12'];

const lossesOf = (text: string, kind: string): number[] =>
  records(text)
    .filter((record) => record['kind'] === kind)
    .map(({ loss }) => loss as number);

test('--json: the steps with their rates, over several epochs, and the result', async () => {
  const svg = path.join(tmp, 'curve.svg');
  const { code, stdout, stderr } = await run(['lr-find', ANTS_BEES, ...FALLS, '--json', '--output', svg], { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const all = records(stdout);
  expect(all.find(({ kind }) => kind === 'lr-start')).toEqual({
    kind: 'lr-start',
    steps: 100,
    stepsPerEpoch: 1,
    images: 12,
  });
  const steps = all.filter(({ kind }) => kind === 'lr-step');
  const done = all.at(-1);
  expect(done).toMatchObject({
    ...{ kind: 'lr-done', data: ANTS_BEES, arch: 'resnet18', device: 'cpu', precision: 'fp32', images: 12 },
    ...{ ended: 'diverged', note: null, output: svg, seconds: expect.any(Number) },
    suggestion: { lr: expect.any(Number), tenthOfLeast: expect.any(Number) },
  });
  expect(done).not.toHaveProperty('points');
  expect(steps.length).toBeLessThan(100);
  steps.forEach(({ step, lr, loss, smoothed }, i) => {
    expect(step).toBe(i + 1);
    expect(Number(lr) / (1e-6 * 1e7 ** (i / 99))).toBeCloseTo(1, 9);
    // A network that knows an image well enough has none.
    expect(Number(loss)).toBeGreaterThanOrEqual(0);
    expect(Number(smoothed)).toBeGreaterThan(0);
  });
  const rates = steps.map(({ lr }) => lr);
  expect(rates).toContain((done?.['suggestion'] as { lr: number }).lr);
  expect(fs.readFileSync(svg, 'utf8')).toContain('ants-bees, resnet18');
  await expect(sharp(svg).metadata()).resolves.toMatchObject({ format: 'svg' });
  expect(left()).toEqual([]);
});

test.each([
  ['fc', HEAD, ['--lr', '0.001'], ['--lr-min', '0.001', '--lr-max', '0.00100000001']],
  [
    'parameter groups, momentum, AdamW and accumulated steps',
    [...CHEAP, '--train-from', 'layer4', '--batch-size', '2', '--accumulate', '2', '--optimizer', 'adamw'],
    ['--lr', '1e-4', '--lr-head', '2e-4'],
    ['--lr', '0.02', '--lr-head', '0.04', '--lr-min', '1e-4', '--lr-max', '1.00000001e-4'],
  ],
])('in a range of one rate, the steps are those of train: %s', async (_what, options, rate, range) => {
  const output = path.join(tmp, `train-${rate.length}`);
  const args = ['--steps', '20', '--json', '--checkpoint-every', 'never', '--output', output];
  const trained = await run(['train', ANTS_BEES, ...options, ...rate, ...args], { env });
  const found = await run(['lr-find', ANTS_BEES, ...options, ...range, '--lr-steps', '20', '--json'], { env });
  expect(found.stderr).toBe('');
  const expected = lossesOf(trained.stdout, 'step');
  const losses = lossesOf(found.stdout, 'lr-step');
  expect([expected.length, losses.length]).toEqual([20, 20]);
  losses.forEach((loss, i) => expect(loss / (expected[i] as number)).toBeCloseTo(1, 4));
  expect(Math.abs((losses.at(-1) as number) - (losses[0] as number))).toBeGreaterThan(1e-3);
});

test('for a person: the curve, the rate, and the command that trains with it, which works', async () => {
  const data = path.join(tmp, 'my ants');
  fs.symlinkSync(ANTS_BEES, data);
  const cwd = path.join(tmp, 'cwd');
  fs.mkdirSync(cwd);
  const options = `${FALLS.join(' ')} --no-decay-norm-bias --weight-decay 0.01 --lr 0.01 --lr-head 0.02 --crop-cache 0`;
  const found = await shell(`TMPDIR='${system}' resnet-ft lr-find '${data}' ${options}`, cwd);
  expect(found).toMatchObject({ code: 0, stderr: '' });
  expect(found.stdout).toMatch(/^smoothed loss$[^]*[\u2801-\u28ff]{3}[^]*learning rate \(logarithmic\)$/m);
  expect(found.stdout).toMatch(/^stopped after \d+ of 100 steps, where the smoothed loss was over 4 times its least$/m);
  const [, rate = ''] = /^▲ (\S+), where the loss falls most steeply$/m.exec(found.stdout) ?? [];
  expect(found.stdout).toMatch(/^△ \S+, a tenth of the rate of the least loss$/m);
  const [, command = ''] = /^To train with it: (.*)$/m.exec(found.stdout) ?? [];
  expect(command).toContain(`npx resnet-ft train '${data}' `);
  expect(command).toMatch(new RegExp(` --lr ${rate} .*--lr-head `));
  expect(command).not.toContain('--lr-steps');
  expect({ cwd: fs.readdirSync(cwd), system: left() }).toEqual({ cwd: [], system: [] });
  const trained = await shell(`npx() { "$@"; }\n${command} --steps 1 --output out`, cwd);
  expect(trained).toMatchObject({ code: 0, stderr: '' });
  const config = JSON.parse(fs.readFileSync(path.join(cwd, 'out', 'config.json'), 'utf8')) as { options: unknown };
  const lr = Number(rate);
  expect(config.options).toMatchObject({ lr, trainFrom: 'fc', imageSize: 64, batchSize: 12, decayNormBias: false });
  expect((config.options as { lrHead: number }).lrHead / lr).toBeCloseTo(2, 0);
});

test('--quiet prints the rate alone', async () => {
  const { code, stdout, stderr } = await run(['lr-find', ANTS_BEES, ...FALLS, '--quiet'], { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^[\d.e-]+\n$/);
  expect(Number(stdout)).toBeGreaterThan(1e-4);
});

describe('without a suggestion', () => {
  // Steps at such rates leave no finite loss.
  const FAR = [...HEAD, '--lr-min', '1e30', '--lr-max', '1e37'];

  test('the command says so and ends with 1', async () => {
    const { code, stdout } = await run(['lr-find', ANTS_BEES, ...FAR], { env });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^the curve gives no suggestion: .* too few/m);
    expect(stdout).not.toMatch(/To train with it|▲/);
    const json = await run(['lr-find', ANTS_BEES, ...FAR, '--json'], { env });
    expect(json.code).toBe(1);
    expect(records(json.stdout).at(-1)).toMatchObject({ kind: 'lr-done', suggestion: null });
    const quiet = await run(['lr-find', ANTS_BEES, ...FAR, '--quiet'], { env });
    expect(quiet).toMatchObject({ code: 1, stdout: '' });
    expect(quiet.stderr).toMatch(/^resnet-ft: the curve gives no suggestion/);
  });

  test('the API gives null, and why', async () => {
    const output = path.join(tmp, 'none.svg');
    const { result, events } = await callApi(
      async ({ api }, options) => {
        const told: LrFindEvent[] = [];
        const found = await api.findLearningRate(options, { onEvent: (event) => told.push(event) });
        return { result: found, events: told };
      },
      { ...OPTIONS, lrMin: 1e30, lrMax: 1e37, output },
      env,
    );
    expect(result).toMatchObject({ suggestion: null, note: expect.stringMatching(/too few/), output });
    expect(result.ended).not.toBe('steps');
    expect(result.points.length).toBeGreaterThan(0);
    for (const { loss } of result.points) expect(loss).toEqual(expect.any(Number));
    const { points, ...done } = result;
    expect(events.at(-1)).toEqual({ kind: 'lr-done', ...done });
    expect(events.filter(({ kind }) => kind === 'lr-step')).toHaveLength(points.length);
    expect(fs.readFileSync(output, 'utf8')).toContain('>no suggestion<');
  });
});

describe('nothing is left behind', () => {
  // So slow and so many that it is stopped in the middle.
  const LONG = ['lr-find', ANTS_BEES, ...HEAD, '--lr-min', '1e-9', '--lr-max', '1e-8', '--lr-steps', '10000', '--json'];

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by %s, which ends it with %i', async (signal, code) => {
    let during: string[] = [];
    let sent = false;
    const svg = path.join(tmp, `${signal}.svg`);
    const stopped = await run([...LONG, '--output', svg], {
      env,
      onStdout: (text, child) => {
        if (sent || !text.includes('"lr-step"')) return;
        sent = true;
        during = left();
        child.kill(signal);
      },
    });
    expect(stopped.code).toBe(code);
    expect(stopped.stderr).toMatch(/^resnet-ft: The learning-rate range test was stopped\n$/);
    expect(during).toEqual([expect.stringMatching(/resnet-ft-lr-find/)]);
    expect([left(), fs.existsSync(svg)]).toEqual([[], false]);
  });

  test('by a kill, once the next one begins', async () => {
    let sent = false;
    await run(LONG, {
      env,
      onStdout: (text, child) => {
        if (sent || !text.includes('"lr-step"')) return;
        sent = true;
        child.kill('SIGKILL');
      },
    });
    expect(left()).toHaveLength(1);
    const other = temporaryName(path.join(system, 'other'));
    fs.mkdirSync(other);
    expect((await run(['lr-find', ANTS_BEES, ...HEAD, '--lr-steps', '20', '--json'], { env })).stdout).toContain(
      'lr-done',
    );
    expect(left()).toEqual([path.basename(other)]);
    fs.rmdirSync(other);
  });

  test('by an error', async () => {
    const broken = path.join(tmp, 'broken');
    fs.cpSync(ANTS_BEES, broken, { recursive: true });
    fs.writeFileSync(path.join(broken, 'train', 'ants', 'no.jpg'), 'no image');
    const { code, stderr } = await run(['lr-find', broken, ...HEAD], { env });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^resnet-ft: 1 image could not be read: .*no\.jpg/);
    expect(left()).toEqual([]);
    const skipped = await run(['lr-find', broken, ...HEAD, '--lr-steps', '20', '--skip-unreadable', '--json'], { env });
    expect(skipped.stdout).toMatch(/"images":12/);
  });

  test('by a listener that throws, and by an abort of the API', async () => {
    const ends = await callApi(
      async ({ api, codeOf }, options) => {
        const throws = (event: LrFindEvent): void => {
          if (event.kind === 'lr-step') throw new Error('enough');
        };
        const abort = new AbortController();
        const stops = (event: LrFindEvent): void => {
          if (event.kind === 'lr-step') abort.abort();
        };
        const { signal } = abort;
        return [
          await codeOf(api.findLearningRate(options, { onEvent: throws })),
          await codeOf(api.findLearningRate(options, { signal, onEvent: stops })),
          await codeOf(api.findLearningRate(options, { signal })),
        ];
      },
      { ...OPTIONS, lrMin: 1e-9, lrMax: 1e-8, lrSteps: 10_000 },
      env,
    );
    expect(ends).toEqual(['Error: enough', 'ABORTED', 'ABORTED']);
    expect(left()).toEqual([]);
  });
});

describe('room in the temporary folder', () => {
  const onDisk = (size: string, options: string) =>
    shell(`export -f resnet-ft; unshare --mount bash -c '
      mount -t tmpfs -o size=${size} none ${system}
      TMPDIR=${system} resnet-ft lr-find ${ANTS_BEES} ${[...HEAD, options].join(' ')} --crop-cache 0 --json'`);

  testWithMounts('is needed for no weights: none are saved', async () => {
    const found = await onDisk('2m', '--crop-memory 0 --lr-steps 20');
    expect(found.stderr).toBe('');
    expect(found.stdout).toMatch(/crops \([^)]*\) are kept in a file[^]*"kind":"lr-done"/);
  });

  testWithMounts('that is missing is told, with what helps', async () => {
    const { code, stderr } = await onDisk('100k', '--crop-memory 0');
    expect(code).toBe(1);
    expect(stderr).toMatch(/12 crops need 0\.1 MB of disk [^\n]*TMPDIR, or allow more memory with --crop-memory\n$/);
  });
});

describe('wrong options', () => {
  test.each<[string, object, RegExp]>([
    ['an empty range', { lrMin: 1, lrMax: 1 }, /^--lr-min must be below --lr-max, and 1 is not below 1$/],
    ['a range backwards', { lrMin: 20 }, /^--lr-min must be below --lr-max, and 20 is not below 10$/],
    [
      'a rate of 0',
      { lrMin: 0 },
      /^Expected a number of at least 1e-38 and at most 1e\+38 for --lr-min but received 0$/,
    ],
    [
      'a rate that is none as a weight has it',
      { lrMin: 1e-310 },
      /at least 1e-38 .* for --lr-min but received 1e-310$/,
    ],
    ['a rate beyond', { lrMax: 1e305 }, /at most 1e\+38 for --lr-max but received 1e\+305$/],
    [
      'a rate of the head beyond',
      { lr: 1e-5, lrHead: 10, lrMax: 1e37 },
      /^--lr-head 10 beside --lr 0\.00001 can't be kept up to --lr-max 1e\+37: it comes to over 1e\+38$/,
    ],
    ['no rate of the head', { lr: 1e-300, lrHead: 0, lrMax: 1e38 }, /^--lr-head 0 beside/],
    ['too few steps', { lrSteps: 5 }, /^Expected an integer of at least 20 .* for --lr-steps but received 5$/],
    [
      'no drawing',
      { output: 'curve.png' },
      /^Expected a file name ending in \.svg for --output but received curve\.png$/,
    ],
    ['a rate', { lr: 0.1 }, /^--lr needs --lr-head$/],
    ['a schedule', { schedule: 'cosine' }, /^Expected an option for lr-find but received schedule$/],
    ['checkpoints', { resume: 'runs/x' }, /^Expected an option for lr-find but received resume$/],
    ['what train refuses', { mixup: 0.2, draws: 'torch' }, /for --draws but received torch$/],
    ['no data', { data: '' }, /^Expected a folder for data but received nothing$/],
  ])('%s is refused', (_what, options, message) => {
    const resolve = (): unknown => resolveLrFindOptions({ data: 'photos', ...options });
    expect(resolve).toThrow(message);
    expect(resolve).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
  });

  test('--crop-scale none is what its help says: the fixed crop', () => {
    expect(resolveLrFindOptions({ data: 'photos', cropScale: 'none' }).train.cropScale).toBeUndefined();
  });

  test('the command line ends with 2, and before any work where the drawing has no place', async () => {
    const backwards = await run(['lr-find', ANTS_BEES, '--lr-min', '1', '--lr-max', '0.1']);
    expect(backwards).toMatchObject({ code: 2, stdout: '' });
    expect(backwards.stderr).toMatch(/^resnet-ft: --lr-min must be below --lr-max, and 1 is not below 0\.1\. /);
    const nowhere = await run(['lr-find', ANTS_BEES, ...HEAD, '--output', path.join(tmp, 'none', 'curve.svg')]);
    expect(nowhere).toMatchObject({ code: 1, stdout: '' });
    expect(nowhere.stderr).toMatch(/curve\.svg/);
  });
});
