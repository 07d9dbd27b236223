import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { ANTS_BEES, ROOT, run, scratch } from './run';
import { shell } from './shell';
import { SMALL_RUN, startRun } from '../train/small-run';

// Signals, and a working directory that is gone.

const tmp = scratch();
const unix = process.platform === 'win32' ? describe.skip : describe;

/** How a process ended: its exit code, or the signal. */
async function endOf(child: ChildProcess): Promise<number | NodeJS.Signals> {
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return code ?? signal ?? -1;
}

unix('a signal', () => {
  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const)('%s stops a training, saves it, and ends with %i', async (signal, code) => {
    const output = path.join(tmp, signal);
    const child = await startRun(['--epochs', '1000', '--output', output], '"kind":"step"');
    child.kill(signal);
    expect(await endOf(child)).toBe(code);
    expect(fs.existsSync(path.join(output, 'last.safetensors'))).toBe(true);
  });

  describe('in a start-up that hangs', () => {
    // Reading the first folder never ends, as on a file server that is gone.
    const hook = path.join(tmp, 'hang.cjs');
    beforeAll(() =>
      fs.writeFileSync(
        hook,
        `setInterval(() => {}, 1000);
         require('node:fs').promises.readdir = () => { process.stdout.write('hangs'); return new Promise(() => {}); };`,
      ),
    );

    async function hanging(): Promise<ChildProcess> {
      const args = [...SMALL_RUN, '--output', path.join(tmp, 'hung')];
      const env = { ...process.env, NODE_OPTIONS: `--require ${JSON.stringify(hook)}` };
      const child = spawn(process.execPath, [path.join(ROOT, 'bin', 'resnet-ft.js'), ...args], { env });
      await once(child.stdout, 'data');
      return child;
    }

    test('twice ends it at once', async () => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) {
        const child = await hanging();
        child.kill(signal);
        await new Promise((resolve) => setTimeout(resolve, 300));
        child.kill(signal);
        expect(await endOf(child)).toBe(signal);
      }
    });

    test('once ends it after a while, since there is nothing to save', async () => {
      const child = await hanging();
      child.kill('SIGTERM');
      expect(await endOf(child)).toBe('SIGTERM');
    });
  });

  test('twice ends with 143 for a shell, also in the midst of a training', async () => {
    const output = path.join(tmp, 'twice');
    const args = [...SMALL_RUN, '--crop-cache', '0', '--epochs', '1000', '--output', output].join(' ');
    const metrics = path.join(output, 'metrics.jsonl');
    const ran = await shell(`resnet-ft ${args} > /dev/null & pid=$(pgrep -P $! node || echo $!)
      until [ -s ${metrics} ]; do sleep 0.1; done
      kill -TERM $(pgrep -P $!); kill -TERM $(pgrep -P $!) 2> /dev/null; wait $!; echo $?`);
    expect(ran.stdout).toBe('143\n');
  });
});

unix('a working directory that was removed', () => {
  const model = path.join(tmp, 'js');
  beforeAll(async () => {
    const ran = await run([...SMALL_RUN, '--steps', '1', '--output', model]);
    expect(ran.code).toBe(0);
  });
  const gone = (command: string) =>
    shell(`mkdir ${tmp}/gone && cd ${tmp}/gone && rmdir ${tmp}/gone && resnet-ft ${command}`);

  test.each([['--help'], ['train --help'], ['--version'], ['weights list'], ['summary imagenet-v1 --arch resnet18']])(
    'does not keep %s from working',
    async (command) => {
      const ran = await gone(command);
      if (command.startsWith('summary')) return expect(ran.stderr).not.toMatch(/uv_cwd|at /);
      expect([ran.code, ran.stderr]).toEqual([0, '']);
    },
  );

  test('nor a prediction of absolute paths by js, nor an export', async () => {
    const image = path.join(ANTS_BEES, 'val', 'bees', 'abeja.jpg');
    const predicted = await gone(`predict ${model} ${image} --backend js`);
    expect(predicted).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining(image) as string });
    const exported = await gone(`export ${model} --format onnx --output ${tmp}/model.onnx`);
    expect(exported).toMatchObject({ code: 0, stderr: '' });
  });

  test('is one of the things that doctor finds', async () => {
    const ran = await gone('doctor');
    expect(ran.stderr).toBe('');
    expect(ran.stdout).toMatch(/disk here +the working directory was removed/);
  });

  test('is named in one line where it is needed', async () => {
    const relative = await gone(`export ${model} --format onnx`);
    expect(relative.code).toBe(1);
    expect(relative.stderr).toMatch(/^resnet-ft: [^\n]*working directory was removed[^\n]*\n$/);
    // LibTorch's MKL would end the process.
    const native = await gone(`predict ${model} ${ANTS_BEES}/val/bees/abeja.jpg`);
    expect(native.code).toBe(1);
    expect(native.stderr).toMatch(/^resnet-ft: LibTorch needs a working directory, [^\n]*removed[^\n]*\n$/);
  });
});
