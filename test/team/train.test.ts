import type { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { freePort } from '../../lib/team/start';
import { ANTS_BEES as FIXTURE, records, ROOT, run, scratch } from '../cli/run';
import { describeWithTorch } from '../python-torch';
import { BUILT_FOR_SEVERAL } from './built';

const tmp = scratch();
const MAIN = path.join(ROOT, 'bin', 'resnet-ft.js');
/** Small, and to the last digits the same for any number of processes. */
const SMALL = [
  ...['train', FIXTURE, '--arch', 'resnet18', '--weights', 'none', '--image-size', '64', '--batch-size', '4'],
  ...['--threads', '1', '--precision', 'fp64', '--device', 'cpu', '--sync-batch-norm', '--lr', '0.001'],
];

const folderOf = (name: string): string => path.join(tmp, name);
const output = (name: string): string[] => ['--output', folderOf(name)];

const recordsOf = (name: string) => records(fs.readFileSync(path.join(folderOf(name), 'metrics.jsonl'), 'utf8'));

/** The figures of a run, without its times. */
const figures = (folder: string): number[] =>
  recordsOf(folder).flatMap(({ loss, trainLoss, valLoss, valAccuracy }) =>
    [loss, trainLoss, valLoss, valAccuracy].filter((value) => typeof value === 'number'),
  );

function expectSame(folder: string, expected: string): void {
  const [own, other] = [figures(folder), figures(expected)];
  expect(own).toHaveLength(other.length);
  for (const [i, value] of own.entries()) expect(Math.abs(value - (other[i] ?? NaN))).toBeLessThan(1e-6);
}

/** Waits until a run has done so many steps. */
async function stepsDone(folder: string, count: number): Promise<void> {
  for (;;) {
    const file = path.join(folderOf(folder), 'metrics.jsonl');
    if (fs.existsSync(file) && fs.readFileSync(file, 'utf8').split('\n').length > count) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const childrenOf = (pid: number | undefined): number[] =>
  fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);

const onLinux = BUILT_FOR_SEVERAL ? describe : describe.skip;
onLinux('several processes by --nproc', () => {
  test('come to what one comes to, and one of them speaks and writes', async () => {
    const alone = await run([...SMALL, '--epochs', '2', ...output('alone')]);
    expect(alone.code).toBe(0);
    const both = await run([...SMALL, '--epochs', '2', ...output('both'), '--nproc', '2']);
    expect({ code: both.code, err: both.stderr.includes('Warning') }).toEqual({ code: 0, err: false });
    expectSame('both', 'alone');
    expect(fs.readdirSync(folderOf('both')).sort()).toEqual(fs.readdirSync(folderOf('alone')).sort());
    expect(both.stdout.split('\n').filter((line) => line.startsWith('best epoch'))).toHaveLength(1);
    const predictions = (folder: string) =>
      fs.readFileSync(path.join(folderOf(folder), 'predictions.jsonl'), 'utf8').split('\n');
    expect(predictions('both')).toHaveLength(predictions('alone').length);
  });

  test('go on with what one began, and one with what they began', async () => {
    const steps = (count: number) => ['--epochs', '2', '--steps', String(count)];
    expect((await run([...SMALL, ...steps(2), ...output('moved'), '--nproc', '2'])).code).toBe(0);
    expect((await run(['train', '--resume', folderOf('moved'), '--steps', '4'])).code).toBe(0);
    expect((await run(['train', '--resume', folderOf('moved'), '--steps', '6', '--nproc', '2'])).code).toBe(0);
    const stepsOf = (folder: string) => recordsOf(folder).filter(({ kind }) => kind === 'step');
    const [moved, whole] = [stepsOf('moved'), stepsOf('alone')];
    expect(moved).toHaveLength(6);
    for (const [i, { loss }] of moved.entries()) {
      expect(Math.abs(Number(loss) - Number(whole[i]?.['loss']))).toBeLessThan(1e-6);
    }
  });

  test.each([
    ['SIGKILL', 1, /^resnet-ft: Process 2 of 2 \(pid \d+\) was killed by SIGKILL$/],
    ['SIGKILL', 0, /^resnet-ft: Process 1 of 2 \(pid \d+\) was killed by SIGKILL$/],
    ['SIGSTOP', 1, /^resnet-ft: Process 2 of 2 \(.*, pid \d+\) is gone, or does not answer\. /],
    ['SIGSTOP', 0, /^resnet-ft: Process 1 of 2 \(.*, pid \d+\) has given no sign of life for \d+ s\. /],
  ] as const)('%s of process %i ends all with one line, and the run can go on', async (signal, which, line) => {
    const folder = `${signal}-${which}`;
    const long = ['--epochs', '400', ...output(folder), '--process-timeout', '5', '--nproc', '2'];
    let child: ChildProcess | undefined;
    const ended = run([...SMALL, ...long], { onStdout: (_, of) => (child = of) });
    await stepsDone(folder, 8);
    const children = childrenOf(child?.pid);
    process.kill(children[which] as number, signal);
    const { code, stderr } = await ended;
    expect(code).not.toBe(0);
    expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(line)]);
    for (const pid of children) expect(() => process.kill(pid, 0)).toThrow();
    expect(fs.readdirSync(path.join(folderOf(folder), 'checkpoints'))).not.toEqual([]);
  });

  test('other options, other data and a batch that is too small are named', async () => {
    const place = async () => ({ WORLD_SIZE: '2', MASTER_ADDR: '127.0.0.1', MASTER_PORT: String(await freePort()) });
    const two = async (first: string[], second: string[]) => {
      const env = await place();
      const as = (rank: string) => ({ env: { ...env, RANK: rank } });
      return Promise.all([run(first, as('0')), run(second, as('1'))]);
    };
    const [options] = await two([...SMALL, ...output('no-1')], [...SMALL, ...output('no-1'), '--momentum', '0.3']);
    expect(options).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/Process 2 \(.*\) has --momentum 0\.3, and process 1 has 0\.5/),
    });
    const other = path.join(tmp, 'other');
    fs.cpSync(FIXTURE, other, { recursive: true });
    const left = path.join(other, 'train', 'ants');
    fs.rmSync(path.join(left, fs.readdirSync(left)[0] as string));
    const [data] = await two([...SMALL, ...output('no-2')], [...SMALL.with(1, other), ...output('no-2')]);
    expect(data).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/has other images than process 1: class ants of the training images/),
    });
    expect(fs.existsSync(folderOf('no-1')) || fs.existsSync(folderOf('no-2'))).toBe(false);
    const small = await run([...SMALL, '--batch-size', '1', '--nproc', '2', ...output('no-3')]);
    expect(small).toMatchObject({ code: 2, stderr: expect.stringContaining('--batch-size') });
  });
});

describeWithTorch('torchrun', (torch) => {
  (BUILT_FOR_SEVERAL ? test : test.skip)('starts them, with a store of its own', () => {
    const torchrun = ['--standalone', '--nproc-per-node', '2', '--no-python'];
    torch.run('from torch.distributed.run import main\nmain(sys.argv[1:])', [
      ...torchrun,
      ...[process.execPath, MAIN, ...SMALL, '--epochs', '2', ...output('torchrun')],
    ]);
    expectSame('torchrun', 'alone');
  });
});
