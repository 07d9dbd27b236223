import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { readStateDict } from '../../lib/weights/index';
import { records, ROOT, run, scratch } from '../cli/run';
import { BUILT_FOR_SEVERAL } from '../team/built';
import { repeatableRandom, resultsOf, SHORT_RUN } from './resume-runs';

// A training is ended at any moment, from its first milliseconds to after its end: by a signal, or with the process that started it.

const TIMES = 200;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const tmp = scratch();
const random = repeatableRandom(19);

/** Processes that were started with this mark in their environment. */
const marked = (mark: string): string[] =>
  fs.readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && fs.readFileSync(`/proc/${pid}/environ`, 'utf8').includes(mark);
    } catch {
      return false; // of another user, or gone
    }
  });

/** Reads all that a run has left, as whoever goes on with it would; throws at the first half file. */
async function readAll(folder: string): Promise<void> {
  for (const entry of fs.existsSync(folder) ? fs.readdirSync(folder, { recursive: true, withFileTypes: true }) : []) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.name.startsWith('.') || entry.name.endsWith('.tmp')) throw new Error(`${file} was left`);
    if (entry.name.endsWith('.safetensors')) await readStateDict(file);
    if (entry.name.endsWith('.json')) JSON.parse(fs.readFileSync(file, 'utf8'));
    if (entry.name.endsWith('.jsonl')) records(fs.readFileSync(file, 'utf8'));
  }
}

/** Starts a training and ends it after so many milliseconds; how it ended, what it said, and who was left two seconds later. */
async function endedAfter(milliseconds: number, args: string[], end: (pid: number) => void) {
  const mark = `RESNET_FT_TEST_MARK=${Math.random()}`;
  const begun = performance.now();
  const [name = '', value] = mark.split('=');
  const child = spawn(process.execPath, [path.join(ROOT, 'bin', 'resnet-ft.js'), ...args], {
    ...{ cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] as const },
    env: { ...process.env, [name]: value },
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  await Promise.race([setTimeout(milliseconds), closed]);
  if (child.exitCode === null && child.signalCode === null) end(child.pid as number);
  const [code, signal] = await closed;
  const took = performance.now() - begun;
  for (let i = 0; i < 20 && marked(mark).length > 0; i++) await setTimeout(100);
  return { end: signal ?? code, lines: stderr.split('\n').filter((line) => line !== ''), left: marked(mark), took };
}

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux(
  `${TIMES} endings by a signal: the code of the signal, one line, whole files, and a run that goes on`,
  async () => {
    const args = [...SHORT_RUN, '--epochs', '3'];
    const begun = performance.now();
    expect((await run([...args, '--output', path.join(tmp, 'whole')])).code).toBe(0);
    let length = performance.now() - begun;
    const expected = await resultsOf(path.join(tmp, 'whole'));
    const counts: Record<string, number> = {};
    for (let i = 0; i < TIMES; i++) {
      const signal = SIGNALS[i % SIGNALS.length] as (typeof SIGNALS)[number];
      const output = path.join(tmp, `run-${i}`);
      const moment = random() * length;
      const given = [...args, '--output', output];
      const { end, lines, left, took } = await endedAfter(moment, given, (pid) => process.kill(pid, signal));
      // Before the command has begun to listen, the signal itself ends it; at the very end there is nothing to stop any more.
      const allowed = [128 + os.constants.signals[signal], signal, 0];
      if (!allowed.includes(end as never) || lines.length > (end === 0 || end === signal ? 0 : 1) || left.length > 0) {
        throw new Error(`${signal} after ${moment} ms: ${JSON.stringify({ end, lines, left })}`);
      }
      // The machine is not always as busy as at the beginning: most signals shall come before the end.
      if (end === 0) length = Math.min(length, took);
      counts[`${signal} ${end}`] = (counts[`${signal} ${end}`] ?? 0) + 1;
      await readAll(output).catch((error: Error) => {
        throw new Error(`${signal} after ${moment} of ${length} ms, ended by ${end}: ${error.message}`);
      });
      if (i % 10 === 0 && fs.existsSync(path.join(output, 'config.json'))) {
        const { code, stderr } = await run(['train', '--resume', output]);
        if (code !== 0 && !stderr.includes('no checkpoint')) throw new Error(stderr);
        if (code === 0) expect(await resultsOf(output)).toEqual(expected);
      }
      fs.rmSync(output, { recursive: true, force: true });
    }
    console.info(counts);
  },
);

(BUILT_FOR_SEVERAL ? onLinux : test.skip)(
  '50 times the process that started others is killed: none of them stays',
  async () => {
    for (let i = 0; i < 50; i++) {
      const args = [...SHORT_RUN, '--epochs', '50', '--nproc', '2', '--output', path.join(tmp, `several-${i}`)];
      const { end, left } = await endedAfter(100 + random() * 6000, args, (pid) => process.kill(pid, 'SIGKILL'));
      expect({ end, left }).toEqual({ end: 'SIGKILL', left: [] });
    }
  },
);
