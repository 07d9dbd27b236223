import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT, run, records } from '../cli/run';
import { SMALL_RUN } from './small-run';

/** A run on one thread, which others on the machine disturb least. */
export const SHORT_RUN = [...SMALL_RUN, '--threads', '1', '--momentum', '0.9', '--lr', '0.05'];

/** All of a run's results that a run without a break has too. */
export function resultsOf(folder: string): Promise<Record<string, unknown>> {
  const lines = records(fs.readFileSync(path.join(folder, 'metrics.jsonl'), 'utf8'));
  const metrics = lines.map((record) => ({ ...record, seconds: undefined }));
  const result = JSON.parse(fs.readFileSync(path.join(folder, 'result.json'), 'utf8')) as Record<string, unknown>;
  return Promise.resolve({
    metrics,
    result: { ...result, output: undefined, seconds: undefined },
    predictions: fs.readFileSync(path.join(folder, 'predictions.jsonl'), 'utf8'),
    model: hashOf(path.join(folder, 'model.safetensors')),
    last: hashOf(path.join(folder, 'last.safetensors')),
  });
}

/** Of the tensors alone, their names, types and places: the metadata name the folder. */
function hashOf(file: string): string {
  const bytes = fs.readFileSync(file);
  const begin = 8 + Number(bytes.readBigUInt64LE(0));
  const { __metadata__, ...tensors } = JSON.parse(bytes.toString('utf8', 8, begin)) as Record<string, unknown>;
  expect(__metadata__).toBeDefined();
  return createHash('sha256').update(JSON.stringify(tensors)).update(bytes.subarray(begin)).digest('hex');
}

/** Kills a process of these arguments after so many milliseconds, unless it ends before; whether it was killed. */
async function killAfter(args: string[], milliseconds: number): Promise<boolean> {
  const child = spawn(process.execPath, [path.join(ROOT, 'bin', 'resnet-ft.js'), ...args], {
    stdio: 'ignore',
    cwd: ROOT,
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), milliseconds);
  const [, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  return signal === 'SIGKILL';
}

/**
 * Begins runs and kills them at random moments, goes on with each until it has come to its end, and begins the next, until so many were
 * killed. Gives the results of each.
 *
 * @param length milliseconds of a run without a break
 * @param random from 0 to below 1
 */
export async function killAndResume(
  folder: string,
  args: string[],
  { kills, length, random }: { kills: number; length: number; random: () => number },
): Promise<Record<string, unknown>[]> {
  const results: Record<string, unknown>[] = [];
  let killed = 0;
  for (let n = 0; killed < kills; n++) {
    const output = path.join(folder, `killed-${n}`);
    // A folder in which the run was killed before it began takes the same command again.
    const command = [...args, '--crop-cache', '0', '--checkpoint-every', '1', '--resume', output];
    for (let ended = false; !ended;) {
      ended = killed >= kills || !(await killAfter(command, length * random()));
      if (!ended) killed++;
    }
    const { code, stderr } = await run(command);
    if (code !== 0) throw new Error(stderr);
    results.push(await resultsOf(output));
  }
  return results;
}

/** A generator that a test can repeat: the 32-bit one of Numerical Recipes. */
export function repeatableRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
