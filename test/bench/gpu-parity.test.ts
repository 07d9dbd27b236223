import fs from 'node:fs';
import path from 'node:path';
import { scratch } from '../cli/run';
import { DEVICE, testOnGpu } from '../device';
import { slowTest } from '../slow';
import { failed, parity, REFERENCE } from './gpu-parity';

// The script that holds a GPU against PyTorch's figures and the CPU: on the CPU, and on the GPU where there is one.

const tmp = scratch();

slowTest('what is cheap holds on the CPU', async () => {
  const only = 'draws,resume,ragged,targets';
  const { code, checks, stderr } = await parity('--device', 'cpu', '--reference', REFERENCE, '--only', only);
  expect([code, stderr, failed(checks)]).toEqual([0, '', []]);
  for (const name of only.split(',')) {
    expect([name, checks.some(({ name: made }) => String(made).startsWith(`${name}: `))]).toEqual([name, true]);
  }
});

test('figures that differ are told, and end it with 1', async () => {
  const changed = path.join(tmp, 'changed');
  fs.cpSync(REFERENCE, changed, { recursive: true });
  const file = path.join(changed, 'train_full.json');
  const figures = JSON.parse(fs.readFileSync(file, 'utf8')) as { order: number[]; init_logits_eval: number[][] };
  figures.order.reverse();
  (figures.init_logits_eval[0] as number[])[0] = 40;
  fs.writeFileSync(file, JSON.stringify(figures));
  const { code, checks } = await parity('--device', 'cpu', '--reference', changed, '--only', 'draws,weights');
  expect(code).toBe(1);
  expect(failed(checks).map(({ name }) => name)).toEqual([
    'draws: order of train_full.json',
    'weights: logits of the initial weights',
  ]);
});

test('what is missing is an error', async () => {
  const { code, stderr } = await parity('--device', 'cpu', '--reference', REFERENCE, '--only', 'speed');
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^there is no check speed: draws, /)]);
  const gone = await parity('--device', 'cpu', '--reference', tmp, '--only', 'draws');
  expect([gone.code, failed(gone.checks)]).toMatchObject([
    1,
    [{ name: 'draws', found: expect.stringMatching('ENOENT') }],
  ]);
});

testOnGpu('everything holds on the GPU', async () => {
  const { code, checks, stderr } = await parity('--device', DEVICE, '--reference', REFERENCE);
  expect([code, stderr, failed(checks)]).toEqual([0, '', []]);
});
