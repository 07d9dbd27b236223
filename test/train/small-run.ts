import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { ANTS_BEES, ROOT } from '../cli/run';

/** A run from scratch on small images that takes a second or two, the same on every CPU. Options that are given after these count. */
export const SMALL_RUN = [
  ...['train', ANTS_BEES, '--weights', 'none', '--arch', 'resnet18', '--batch-size', '4'],
  ...['--image-size', '64', '--device', 'cpu', '--precision', 'fp32'],
];

/** Options of a single step from scratch on small images, whatever the folder. Options that are given after these count. */
export const ONE_STEP = [
  ...['--arch', 'resnet18', '--weights', 'none', '--batch-size', '4', '--steps', '1'],
  ...['--image-size', '64', '--device', 'cpu'],
];

/** Starts {@link SMALL_RUN} without a crop cache, and gives its process once its standard output holds `until`. */
export async function startRun(
  args: string[],
  until: string,
  stderr: 'ignore' | 'pipe' = 'ignore',
): Promise<ChildProcess> {
  const command = [path.join(ROOT, 'bin', 'resnet-ft.js'), ...SMALL_RUN, '--crop-cache', '0', '--json', ...args];
  const child = spawn(process.execPath, command, { cwd: ROOT, stdio: ['ignore', 'pipe', stderr] });
  let text = '';
  child.stdout?.setEncoding('utf8');
  const ended = once(child, 'close').then(() => {
    throw new Error(`the run ended before ${until}`);
  });
  ended.catch(() => {});
  const seen = new Promise<void>((resolve) => {
    child.stdout?.on('data', (more: string) => {
      text += more;
      if (text.includes(until)) resolve();
    });
  });
  await Promise.race([seen, ended]);
  return child;
}
