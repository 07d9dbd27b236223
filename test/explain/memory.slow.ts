import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { buildNetwork } from '../../lib/network/architecture';
import { FILES } from '../backend/images';
import { ROOT, scratch } from '../cli/run';
import { madeWeights } from '../made-weights';

const folder = scratch();

test('memory does not grow with the number of images', async () => {
  const weights = path.join(folder, 'resnet18.safetensors');
  await madeWeights(weights, { network: buildNetwork('resnet18', 3) });
  const args = [path.join(__dirname, 'many-images.js'), ROOT, weights, path.join(folder, 'many'), ...FILES];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1e6 });
  const { done, memory } = JSON.parse(stdout) as { done: number; memory: number[] };
  expect([done, memory.length]).toEqual([200, 4]);
  // The decoded image, the crop and the picture of 150 images would be as many megabytes.
  expect(Math.max(...memory.slice(1)) - (memory[0] ?? 0)).toBeLessThan(100);
});
