import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ANTS_BEES, ROOT, run, scratch } from './run';
import { shell } from './shell';
import { SMALL_RUN } from '../train/small-run';

// Standard streams whose reader goes away, or that are full, with real pipes and devices.

const tmp = scratch();
const training = [...SMALL_RUN, '--crop-cache', '0'].join(' ');
const model = path.join(tmp, 'model');
const FILES = fs.existsSync('/dev/full') ? describe : describe.skip;
const unix = process.platform === 'win32' ? describe.skip : describe;
const FULL = "standard output can't be written to: no space left on device (ENOSPC)";

beforeAll(async () => {
  const ran = await run([...SMALL_RUN, '--steps', '1', '--output', model]);
  expect(ran.code).toBe(0);
});

const saved = (output: string): boolean =>
  ['model.safetensors', 'last.safetensors', 'result.json'].every((name) => fs.existsSync(path.join(output, name)));

unix('a reader that goes away', () => {
  test('does not end a training', async () => {
    const output = path.join(tmp, 'unread');
    const ran = await shell(
      `resnet-ft ${training} --epochs 2 --output ${output} | head -n 1; echo "\${PIPESTATUS[0]}"`,
    );
    expect(ran).toEqual({ code: 0, stdout: expect.stringMatching(/^12 training .*\n0\n$/) as string, stderr: '' });
    expect(saved(output)).toBe(true);
  });

  test('ends a prediction quietly, as SIGPIPE would', async () => {
    const images = Array.from({ length: 40 }, () => `${ANTS_BEES}/val`).join(' ');
    const ran = await shell(`resnet-ft predict ${model} ${images} | head -n 1; echo "\${PIPESTATUS[0]}"`);
    expect(ran).toEqual({ code: 0, stdout: expect.stringMatching(/^.*\.jpg\t.*\n141\n$/) as string, stderr: '' });
  });

  test('ends an evaluation, unless it writes predictions', async () => {
    const evaluating = `resnet-ft eval ${model} ${ANTS_BEES} --batch-size 1`;
    const ran = await shell(`${evaluating} | head -n 1; echo "\${PIPESTATUS[0]}"`);
    expect(ran).toEqual({ code: 0, stdout: expect.stringMatching(/^model .*\n141\n$/) as string, stderr: '' });
    const file = path.join(tmp, 'predictions.csv');
    const written = await shell(`${evaluating} --predictions ${file} | head -n 1; echo "\${PIPESTATUS[0]}"`);
    expect(written).toEqual({ code: 0, stdout: expect.stringMatching(/^model .*\n0\n$/) as string, stderr: '' });
    expect(fs.readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(9);
  });

  test('on standard error changes nothing', async () => {
    const ran = await shell(`resnet-ft predict ${model} missing.jpg ${ANTS_BEES}/val/ants 2> >(exec true); echo $?`);
    expect(ran.stdout).toMatch(/^(.*\.jpg\t.*\n){4}1\n$/);
    expect(ran.stderr).toBe('');
  });

  test('streams that are closed change nothing', async () => {
    const output = path.join(tmp, 'closed');
    const ran = await shell(`resnet-ft ${training} --steps 1 --output ${output} >&- 2>&-; echo $?`);
    expect(ran).toEqual({ code: 0, stdout: '0\n', stderr: '' });
    expect(saved(output)).toBe(true);
  });
});

unix('a reader that stops reading', () => {
  const started: ChildProcess[] = [];
  afterEach(() => started.forEach((child) => child.kill('SIGKILL')));

  /** Starts a prediction that prints far more than a pipe takes, and gives it once it has printed something, of which nothing is read any more. */
  async function stalled(folders: number): Promise<ChildProcess> {
    const images = Array.from({ length: folders }, () => `${ANTS_BEES}/val`);
    const predicting = ['predict', model, ...images, '--json', '--features', '--device', 'cpu'];
    const command = [path.join(ROOT, 'bin', 'resnet-ft.js'), ...predicting];
    const child = spawn(process.execPath, command, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    started.push(child);
    await once(child.stdout, 'readable');
    // For it to fill the pipe; where it is stopped before, it is the easier.
    await sleep(3000);
    return child;
  }

  async function stopped(): Promise<void> {
    const child = await stalled(100);
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(143);
    expect(stderr).toMatch(/^resnet-ft: The [a-z]+ was stopped\n$/);
    child.stdout?.destroy();
  }

  async function waitedFor(): Promise<void> {
    const slow = await stalled(30);
    expect([slow.exitCode, slow.signalCode]).toEqual([null, null]);
    let text = '';
    slow.stdout?.setEncoding('utf8').on('data', (more: string) => (text += more));
    expect(await once(slow, 'close')).toEqual([0, null]);
    expect(text.trimEnd().split('\n')).toHaveLength(30 * 8);
  }

  // At the same time, for most of it is waiting: ten seconds alone are what a reader has after a signal.
  test('does not keep a command from being stopped, by one signal, and is waited for where nobody stops it', async () => {
    await Promise.all([stopped(), waitedFor()]);
  });
});

FILES('/dev/full', () => {
  test('as the output of a training: one line, exit code 1, and the results are there', async () => {
    const output = path.join(tmp, 'full');
    const ran = await shell(`resnet-ft ${training} --steps 1 --output ${output} > /dev/full`);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toBe(`resnet-ft: ${FULL}. The files that the command wrote are complete all the same\n`);
    expect(saved(output)).toBe(true);
  });

  test.each([
    [`predict ${model} ${ANTS_BEES}/val`],
    [`eval ${model} ${ANTS_BEES}`],
    ['weights list'],
    ['--help'],
    ['--version'],
  ])('as the output of %s: one line and exit code 1', async (command) => {
    const ran = await shell(`resnet-ft ${command} > /dev/full`);
    expect(ran).toEqual({ code: 1, stdout: '', stderr: `resnet-ft: ${FULL}\n` });
  });

  test('as standard error: the exit code tells', async () => {
    const ran = await shell(`resnet-ft train ${tmp}/missing 2> /dev/full`);
    expect(ran).toEqual({ code: 1, stdout: '', stderr: '' });
  });
});
