import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { scratch } from '../cli/run';

/* eslint-disable @typescript-eslint/no-require-imports -- the benchmarks are plain JavaScript */
const { kernelTimes } = require('../../bench/gpu/profile') as {
  kernelTimes: (text: string) => { name: string; runs: number; nanoseconds: number; share: number }[];
};
interface Stage {
  name: string;
  seconds: number;
  command(context: object): { command: string; args: string[] } | undefined;
  read(ran: { records: object[] }): object;
}
const { runStage } = require('../../bench/gpu/stage') as {
  runStage: (stage: Stage, context: object) => Promise<object>;
};
const { FIRST } = require('../../bench/gpu/stages') as { FIRST: Stage[] };
const { toMarkdown } = require('../../bench/gpu/table') as { toMarkdown: (result: object) => string };
/* eslint-enable @typescript-eslint/no-require-imports */

const folder = scratch();

test('kernels of a profile are summed up by name, the one that takes longest first', () => {
  const text = [
    '==PROF== Connected to process 1',
    '"ID","Kernel Name","gpu__time_duration.sum"',
    '"","","usecond"',
    '"0","void at::native::add<float, 4>(int, float *)","1.50"',
    '"1","sm90_xmma(…, ""x"")","1,000.00"',
    '"2","void at::native::add<float, 2>(int)","0.50"',
  ].join('\n');
  expect(kernelTimes(text)).toEqual([
    { name: 'sm90_xmma', runs: 1, nanoseconds: 1e6, share: 1e6 / 1.002e6 },
    { name: 'at::native::add', runs: 2, nanoseconds: 2000, share: 2000 / 1.002e6 },
  ]);
  expect(() => kernelTimes('no table')).toThrow('printed no table');
});

const script = (code: string, seconds = 20): Stage => ({
  ...{ name: 'made', seconds, command: () => ({ command: process.execPath, args: ['-e', code] }) },
  read: ({ records }) => ({ checks: records, ok: records.length > 0 }),
});

test('a stage keeps what its command printed, also where that fails or takes too long', async () => {
  const line = `console.log('{"name":"loss","ok":true,"expected":1,"found":1}');`;
  const context = { output: folder };
  const checks = [{ name: 'loss', ok: true, expected: 1, found: 1 }];
  expect(await runStage(script(`${line} console.log('text')`), context)).toMatchObject({ ok: true, checks });
  expect(fs.readFileSync(path.join(folder, 'made.log'), 'utf8')).toContain('text\n');
  expect(await runStage(script(`${line} process.exitCode = 3`), context)).toMatchObject({
    ...{ ok: false, why: 'exit code 3', checks },
  });
  const late = await runStage(script(`${line} setInterval(() => {}, 1000)`, 2), context);
  expect(late).toMatchObject({ ok: false, why: 'not done within 2 s', checks });
  expect(await runStage(script(''), context)).toMatchObject({ ok: false, checks: [] });
  const shown = toMarkdown({
    ...{ gpu: 'NVIDIA Made', date: '2026-01-02T03:04:05Z', versions: { torch: '2.14.1' } },
    stages: [late],
  });
  expect(shown).toContain('# NVIDIA Made, 2026-01-02');
  expect(shown).toContain('**failed**: not done within 2 s');
  expect(shown).toContain('| loss | yes | 1 | 1 |');
});

test('the first loan fits in eight minutes', () => {
  expect(FIRST.reduce((sum, { seconds }) => sum + seconds, 0)).toBeLessThan(8 * 60);
});

test.each([
  ['no data', [], /^bench: --data is missing\. See bash bench\/gpu\.sh --help\n$/],
  ['a folder that is not there', ['--data', '/nowhere'], /^bench: --data: there is no \/nowhere\n$/],
  [
    'a Python that is not there',
    ['--data', folder, '--python', '/nowhere/python'],
    /^bench: cannot start .*python.*\n$/,
  ],
])('bench/gpu.sh with %s says so in one line', (_what, args, message) => {
  const ran = spawnSync('bash', [path.join(__dirname, '..', '..', 'bench', 'gpu.sh'), ...args], { encoding: 'utf8' });
  expect(ran).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(message) as string });
});

test('on a CPU no CUDA kernel and no convolution of cuDNN is used, which is told, and steps can be recorded', () => {
  const script = path.join(__dirname, '..', '..', 'bench', 'gpu', 'fast-ways.js');
  const { stdout, stderr } = spawnSync(process.execPath, [script, '--device', 'cpu'], { encoding: 'utf8' });
  expect(stderr).toBe('');
  const lines = stdout.split('\n').filter((line) => line !== '');
  expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
    { name: 'CUDA kernels', ok: false, expected: 'taken', found: 'they are for CUDA' },
    { name: 'steps: written out', ok: true, expected: 'taken', found: 'taken' },
    { name: 'steps: recorded', ok: true, expected: 'taken', found: 'taken' },
    { name: "cuDNN's fused convolutions", ok: false, expected: 'taken', found: 'they were not tried' },
  ]);
});
