import fs from 'node:fs';
import path from 'node:path';
import { buildNetwork } from '../../lib/network/architecture';
import type { Architecture } from '../../lib/options';
import { FILES } from '../backend/images';
import { records, run, scratch } from '../cli/run';
import { madeWeights } from '../made-weights';

const folder = scratch();
const image = FILES[0] ?? '';

async function weights(arch: Architecture): Promise<string> {
  const file = path.join(folder, `${arch}.safetensors`);
  if (!fs.existsSync(file)) await madeWeights(file, { network: buildNetwork(arch, 3) });
  return file;
}

test.each<[Architecture, string]>([
  ['resnext50_32x4d', 'fp64'],
  ['resnet18', 'fp64'],
  ['resnet50', 'fp32'],
])('a state dict of %s in %s', async (arch, precision) => {
  const maps = path.join(folder, `${arch}-${precision}`);
  const options = ['--device', 'cpu', '--precision', precision, '--layer', 'layer4.1', '--class', '2', '--json'];
  const { code, stdout, stderr } = await run(['explain', await weights(arch), image, ...options, '--output', maps]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(records(stdout)[0]).toMatchObject({ explained: { class: 'class 2' }, map: { width: 7, height: 7 } });
  expect(fs.readdirSync(maps)).toEqual([`${path.basename(image, '.jpg')}.layer4.1.class 2.png`]);
});

test('without LibTorch it is refused before any image is read', async () => {
  const without = { LIBTORCH: '', XDG_CACHE_HOME: path.join(folder, 'empty-cache'), PATH: path.join(folder, 'no-bin') };
  const maps = path.join(folder, 'none');
  const file = await weights('resnet18');
  const { code, stdout, stderr } = await run(['explain', file, path.join(folder, 'no.jpg'), '--output', maps], {
    env: without,
  });
  expect([code, stdout, fs.existsSync(maps)]).toEqual([1, '', false]);
  const [note, line, ...others] = stderr.trimEnd().split('\n');
  expect(note).toMatch(/no LibTorch found/);
  expect(line).toMatch(
    /^resnet-ft: The backend js \(\w+\) has no gradients for Grad-CAM\. Use --backend native; npx resnet-ft doctor says whether it can be loaded$/,
  );
  expect(others).toEqual([]);
});
