import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { ROOT, scratch } from '../cli/run';
import { IMAGE, trainSmallModel } from './server';

const tmp = scratch();

interface Figures {
  lost: number;
  waiting: number;
  memoryMB: number[];
}

test('of 4,000 requests at 64 connections none is lost, none is left waiting, and memory stays as it is', async () => {
  const model = await trainSmallModel(tmp);
  const args = [path.join(ROOT, 'bench', 'serve-load.js'), model, IMAGE, '4000', '--device', 'cpu', '--threads', '1'];
  // Its exit code judges times too, which are not a test's to judge.
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(stderr.replace('resnet-ft: The server was stopped\n', '')).toBe('');
  const { lost, waiting, memoryMB } = JSON.parse(stdout) as Figures;
  expect({ lost, waiting }).toEqual({ lost: 0, waiting: 0 });
  expect(memoryMB.at(-1)).toBeLessThan((memoryMB[1] ?? 0) * 1.1);
});
