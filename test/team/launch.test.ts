import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { left } from '../cli/processes';
import type { Outcome } from '../cli/run';

/** Runs two processes that do what is named; `onStarted` is called once both run. */
function runTwo(
  actions: [string, string],
  onStarted?: (launcher: ChildProcess) => void,
): Promise<Outcome & { pids: number[] }> {
  return new Promise((resolve) => {
    const launcher = spawn(process.execPath, [path.join(__dirname, 'launcher.js')], {
      env: { ...process.env, MEMBER_0: actions[0], MEMBER_1: actions[1] },
    });
    let stdout = '';
    let stderr = '';
    const pids = (): number[] => [...stdout.matchAll(/^pid \d (\d+)\n/gm)].map(([, pid]) => Number(pid));
    let told = false;
    launcher.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (told || pids().length < 2) return;
      told = true;
      // Listeners are added in the same turn as this is written.
      setTimeout(() => onStarted?.(launcher), 100);
    });
    launcher.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    // Its streams are those of the processes: this comes once all of them have ended.
    launcher.on('close', (code) => resolve({ code, stdout, stderr, pids: pids() }));
  });
}

test.each<[string, [string, string], RegExp, number]>([
  ['nothing where all end well', ['done', 'done'], /^$/, 0],
  ['the error of the one that fails', ['work', 'fail'], /^no such folder: photos\n$/, 2],
  ['one error of two', ['fail', 'fail'], /^no such folder: photos\n$/, 2],
  ['the error behind the complaint of another', ['lost', 'fail'], /^no such folder: photos\n$/, 2],
  ['the one that was killed', ['work', 'killed'], /^Process 2 of 2 \(pid \d+\) was killed by SIGKILL\n$/, 137],
  [
    'how the run of one that was killed goes on',
    ['work', 'killed in its run'],
    /^Process 2 of 2 \(pid \d+\) was killed by SIGKILL\. Go on from its last checkpoint: go on in runs\/1\n$/,
    137,
  ],
  [
    'the one that was killed, not who misses it',
    ['lost', 'late'],
    /^Process 2 of 2 \(pid \d+\) was killed by SIGKILL\n$/,
    137,
  ],
  ['who misses another, and ends that', ['lost', 'work'], /^process 2 has gone\n$/, 1],
  ['an exit code without an error', ['exit', 'work'], /^Process 1 of 2 \(pid \d+\) ended with exit code 3\n$/, 3],
  ['a complaint, where there is nothing else', ['lost', 'done'], /^process 2 has gone\n$/, 1],
  ['a process that does not stop', ['deaf', 'fail'], /^no such folder: photos\n$/, 2],
])(
  'the launcher tells %s',
  async (_, actions, line, code) => {
    const ran = await runTwo(actions);
    expect(ran.stderr).toMatch(line);
    expect(ran.stderr.split('\n').length).toBeLessThan(3);
    expect(ran.code).toBe(code);
    expect(await left(ran.pids)).toEqual([]);
  },
  30_000,
);

test.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)('%s is handed on, and the processes stop by themselves', async (signal, code) => {
  const ran = await runTwo(['work', 'work'], (launcher) => launcher.kill(signal));
  expect(ran).toMatchObject({ code, stderr: 'training was stopped\n' });
  expect(await left(ran.pids)).toEqual([]);
});

test('processes go with a launcher that is killed', async () => {
  const ran = await runTwo(['work', 'deaf'], (launcher) => launcher.kill('SIGKILL'));
  expect(ran.pids).toHaveLength(2);
  expect(await left(ran.pids)).toEqual([]);
}, 30_000);
