import type { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { freePort } from '../../lib/team/start';
import { ANTS_BEES as FIXTURE, run } from '../cli/run';
import { describeWithTorch } from '../python-torch';
import { slowRows, slowTest } from '../slow';
import { BUILT_FOR_SEVERAL } from './built';
import { expectSame, folderOf, MAIN, output, recordsOf, SMALL } from './small-runs';

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
    const alone = await run([...SMALL, '--nproc', '1', '--epochs', '2', ...output('alone')]);
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

  /** What ends a training of which a process gets a signal, and the processes that there were. */
  async function ended(signal: NodeJS.Signals, which: number) {
    const folder = `${signal}-${which}`;
    const long = ['--epochs', '400', ...output(folder), '--process-timeout', '5', '--nproc', '2'];
    let child: ChildProcess | undefined;
    const ending = run([...SMALL, ...long], { onStdout: (_, of) => (child = of) });
    await stepsDone(folder, 8);
    const children = childrenOf(child?.pid);
    process.kill(children[which] as number, signal);
    return { ...(await ending), children, folder };
  }

  // Two at the same time: most of it is waiting.
  test.each<[NodeJS.Signals, RegExp[], RegExp[]]>([
    [
      'SIGKILL',
      [/^resnet-ft: Process 1 of 2 \(pid \d+\) was killed by SIGKILL\. Go on from its last checkpoint: /],
      [/^resnet-ft: Process 2 of 2 \(pid \d+\) was killed by SIGKILL\. Go on from its last checkpoint: /],
    ],
    ...slowRows<[NodeJS.Signals, RegExp[], RegExp[]]>([
      'SIGSTOP',
      [/^resnet-ft: Process 1 of 2 \(.*, pid \d+\) has given no sign of life for \d+ s\. /],
      [/^resnet-ft: Process 2 of 2 \(.*, pid \d+\) is gone, or does not answer\. /],
    ]),
  ])('%s of a process ends all with one line, and the run can go on', async (signal, ...lines) => {
    const both = await Promise.all(lines.map((_, which) => ended(signal, which)));
    for (const [which, { code, stderr, children, folder }] of both.entries()) {
      expect(code).not.toBe(0);
      expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(lines[which]?.[0] as RegExp)]);
      for (const pid of children) expect(() => process.kill(pid, 0)).toThrow();
      expect(fs.readdirSync(path.join(folderOf(folder), 'checkpoints'))).not.toEqual([]);
      if (signal === 'SIGKILL') expect(stderr).toContain(`--resume ${folderOf(folder)} --nproc 2`);
    }
  });

  slowTest('a stop that only the second process hears of is one that the run goes on from', async () => {
    const { code, stderr, folder } = await ended('SIGTERM', 1);
    // That of the signal, or of an interrupt where the first process ends before its own signal has come.
    expect([130, 143]).toContain(code);
    expect(stderr).toMatch(/^resnet-ft: The training was stopped\.[^\n]*\n$/);
    const steps = recordsOf(folder).filter(({ kind }) => kind === 'step').length + 4;
    const goneOn = await run(['train', '--resume', folderOf(folder), '--steps', String(steps)]);
    expect([goneOn.code, goneOn.stderr]).toEqual([0, '']);
  });

  /** Two processes with environments of their own, as other programs start them. */
  async function two(first: string[], second: string[], env: (rank: number) => Record<string, string> = () => ({})) {
    const port = String(await freePort());
    const place = { WORLD_SIZE: '2', MASTER_ADDR: '127.0.0.1', MASTER_PORT: port };
    const as = (rank: number) => ({ env: { ...place, RANK: String(rank), ...env(rank) } });
    return Promise.all([run(first, as(0)), run(second, as(1))]);
  }

  /** Machines without files in common. */
  const apart = (rank: number) => ({ RESNET_FT_MACHINE: `m${rank}` });
  const scratchOf = (rank: number) => ['--cache-dir', folderOf(`cache-${rank}`), '--crop-cache', '0'];

  test.each<[string, string, string[]]>([
    ['windows of images, and crops of them for the head,', 'head', ['--crop-scale', '0.5..1', '--head-epochs', '1']],
    ...slowRows<[string, string, string[]]>(
      ['crops', 'whole', []],
      ['windows of images', 'windows', ['--crop-scale', '0.5..1']],
    ),
  ])('machines that share no files make %s of their own', async (_, expected, more) => {
    const alone = ['--epochs', '1', ...more];
    expect((await run([...SMALL, '--nproc', '1', ...alone, ...output(expected)])).code).toBe(0);
    const args = (rank: number) => [...SMALL, ...alone, ...output(`${expected}-${rank}`), ...scratchOf(rank)];
    const both = await two(args(0), args(1), apart);
    expect(both.map(({ code, stderr }) => [code, stderr.replace(/^.*skipped.*\n/gm, '')])).toEqual([
      [0, ''],
      [0, ''],
    ]);
    expectSame(`${expected}-0`, expected);
    // The other machine writes nothing that stays.
    expect(fs.existsSync(folderOf(`${expected}-1`))).toBe(false);
    expect(fs.readdirSync(folderOf('cache-1'))).toEqual([]);
  });

  test('an image that only one machine can read is named', async () => {
    const broken = folderOf('broken');
    fs.cpSync(FIXTURE, broken, { recursive: true });
    const left = path.join(broken, 'train', 'ants');
    const name = fs.readdirSync(left)[1] as string;
    // Of the same name and size.
    fs.writeFileSync(path.join(left, name), Buffer.alloc(fs.statSync(path.join(left, name)).size, 7));
    const args = (data: string, rank: number) => [
      ...[...SMALL.with(1, data), '--skip-unreadable', ...output('unread'), '--epochs', '1', ...scratchOf(rank)],
    ];
    const [first, second] = await two(args(FIXTURE, 0), args(broken, 1), apart);
    const line = `train/ants/${name}: an image that process 1 can read, and this machine can not`;
    expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining(line) });
    expect(first).toMatchObject({ code: 1, stderr: expect.stringContaining(line) });
  });

  slowTest('features of frozen modules are kept once on a machine', async () => {
    const frozen = [...SMALL, '--train-from', 'layer4', '--nproc', '2', '--epochs', '3', ...output('frozen')];
    let kept: string[] = [];
    const running = run(frozen, {
      onStdout: () => {
        if (!fs.existsSync(folderOf('frozen'))) return;
        const folders = fs.readdirSync(folderOf('frozen')).filter((name) => name.startsWith('.features'));
        if (kept.length === 0) kept = folders.flatMap((name) => fs.readdirSync(path.join(folderOf('frozen'), name)));
      },
    });
    expect(await running).toMatchObject({ code: 0, stderr: expect.not.stringContaining('not shared') });
    // One file for each split.
    expect(kept).toHaveLength(2);
    expect(fs.readdirSync(folderOf('frozen')).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('other options, other data and a batch that is too small are named', async () => {
    const [options] = await two([...SMALL, ...output('no-1')], [...SMALL, ...output('no-1'), '--momentum', '0.3']);
    expect(options).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/Process 2 of 2 \(.*\) has --momentum 0\.3, and process 1 has 0\.5/),
    });
    const other = folderOf('other');
    fs.cpSync(FIXTURE, other, { recursive: true });
    const left = path.join(other, 'train', 'ants');
    fs.rmSync(path.join(left, fs.readdirSync(left)[0] as string));
    const [data] = await two([...SMALL, ...output('no-2')], [...SMALL.with(1, other), ...output('no-2')]);
    expect(data).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/has other images than process 1: class ants of the training images/),
    });
    expect(fs.existsSync(folderOf('no-1')) || fs.existsSync(folderOf('no-2'))).toBe(false);
    const env = { GLOO_SOCKET_IFNAME: 'nowhere' };
    const nowhere = await run([...SMALL, '--nproc', '2', ...output('no-4')], { env });
    expect(nowhere).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^resnet-ft: The environment variable GLOO_SOCKET_IFNAME names nowhere, and [^\n]*\n$/,
      ),
    });
    const small = await run([...SMALL, '--batch-size', '1', '--nproc', '2', ...output('no-3')]);
    expect(small).toMatchObject({ code: 2, stderr: expect.stringContaining('--batch-size') });
  });
});

describeWithTorch('torchrun', (torch) => {
  const start = 'from torch.distributed.run import main\nmain(sys.argv[1:])';

  (BUILT_FOR_SEVERAL ? test : test.skip)('starts them, with a store of its own', () => {
    const torchrun = ['--standalone', '--nproc-per-node', '2', '--no-python'];
    torch.run(start, [...torchrun, ...[process.execPath, MAIN, ...SMALL, '--epochs', '2', ...output('torchrun')]]);
    expectSame('torchrun', 'alone');
  });
});
