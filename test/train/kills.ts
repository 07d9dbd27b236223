import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT, run } from '../cli/run';
import { SMALL_RUN } from './small-run';

/**
 * Kills trainings at moments that are spread over their whole length, with one cache of crops and a folder each, and runs again into
 * each of these folders. Gives what was left half-written after the kills, and after the runs.
 */
export async function killRuns(folder: string, kills: number): Promise<{ before: string[]; after: string[] }> {
  const cache = path.join(folder, 'cache');
  const args = [...SMALL_RUN, '--train-from', 'fc', '--threads', '1', '--steps', '4', '--cache-dir', cache, '--output'];
  const begun = performance.now();
  const whole = await run([...args, path.join(folder, 'whole')]);
  if (whole.code !== 0) throw new Error(whole.stderr);
  const length = performance.now() - begun;

  const outputs = Array.from({ length: kills }, (_, i) => path.join(folder, `run-${i}`));
  for (const [i, output] of outputs.entries()) {
    forgetCrops(cache);
    const child = spawn(process.execPath, [path.join(ROOT, 'bin', 'resnet-ft.js'), ...args, output], {
      stdio: 'ignore',
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), (length * (i + 1)) / (kills + 1));
    await once(child, 'close');
    clearTimeout(timer);
  }
  const folders = [cache, ...outputs];
  const before = halfWritten(folders);
  for (const output of outputs) {
    const { code, stderr } = await run([...args, output]);
    // A folder that holds a run is refused.
    if (code !== 0 && !stderr.includes('holds a run')) throw new Error(stderr);
  }
  const last = await run([...args, path.join(folder, 'last')]);
  if (last.code !== 0) throw new Error(last.stderr);
  return { before, after: halfWritten(folders) };
}

/** Lets the next run make its crops anew; what is half-written stays. */
function forgetCrops(cache: string): void {
  for (const name of fs.readdirSync(cache)) if (/^[0-9a-f]+\.crops$/.test(name)) fs.rmSync(path.join(cache, name));
}

/** Hidden files and folders, as everything half-written is, and what marks a folder as in use. */
const halfWritten = (folders: string[]): string[] =>
  folders.flatMap((folder) =>
    fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => name.startsWith('.') || name.endsWith('.tmp')) : [],
  );
