import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ROOT, run, scratch } from '../cli/run';
import { IMAGE, predict, serve } from '../serve/server';
import { BUILT_FOR_SEVERAL } from '../team/built';
import { resultsOf, SHORT_RUN } from '../train/resume-runs';

// Ctrl-Z, `docker pause`, a laptop that is shut: processes stand still for a while, and go on.

const tmp = scratch();
const unix = process.platform === 'win32' ? test.skip : test;

/** Runs the command line in a group of its own, which stands still for so many milliseconds once it has trained some steps. */
async function suspended(args: string[], folder: string, pauses: number[]) {
  const child = spawn(process.execPath, [path.join(ROOT, 'bin', 'resnet-ft.js'), ...args, '--output', folder], {
    ...{ cwd: ROOT, detached: true, stdio: ['ignore', 'ignore', 'pipe'] as const },
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close') as Promise<[number | null]>;
  const metrics = path.join(folder, 'metrics.jsonl');
  while (!fs.existsSync(metrics) || fs.readFileSync(metrics, 'utf8') === '') await setTimeout(20);
  for (const pause of pauses) {
    process.kill(-(child.pid as number), 'SIGSTOP');
    await setTimeout(pause);
    process.kill(-(child.pid as number), 'SIGCONT');
    await setTimeout(100);
  }
  const [code] = await ended;
  return { code, stderr };
}

unix('a run that stood still comes to the same', async () => {
  const args = [...SHORT_RUN, '--epochs', '3', '--no-report'];
  expect((await run([...args, '--output', path.join(tmp, 'whole')])).code).toBe(0);
  expect(await suspended(args, path.join(tmp, 'stood'), [50, 1000, 300])).toEqual({ code: 0, stderr: '' });
  expect(await resultsOf(path.join(tmp, 'stood'))).toEqual(await resultsOf(path.join(tmp, 'whole')));
});

unix('a server that stood still answers what was asked meanwhile', async () => {
  const served = await serve(path.join(tmp, 'whole'));
  const image = fs.readFileSync(IMAGE);
  const { body: expected } = await predict(served, image);
  served.child.kill('SIGSTOP');
  const asked = Array.from({ length: 8 }, () => predict(served, image));
  await setTimeout(2000);
  served.child.kill('SIGCONT');
  for (const { status, body } of await Promise.all(asked)) {
    expect({ status, class: body.class }).toEqual({ status: 200, class: expected.class });
  }
  served.child.kill('SIGTERM');
  await served.ended;
});

(BUILT_FOR_SEVERAL ? unix : test.skip)(
  'processes that stood still together do not take one another for dead',
  async () => {
    const args = [...SHORT_RUN, '--epochs', '6', '--no-report', '--nproc', '2'];
    expect(await suspended(args, path.join(tmp, 'several'), [7000])).toEqual({ code: 0, stderr: '' });
  },
);
