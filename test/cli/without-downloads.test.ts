import fs from 'node:fs';
import path from 'node:path';
import { ANTS_BEES, records, ROOT, run, scratch } from './run';

// A machine that reaches no server: each command says where to put the file, and what works without it.

const folder = scratch();
const env = {
  XDG_CACHE_HOME: path.join(folder, 'cache'),
  TORCH_HOME: path.join(folder, 'torch'),
  RESNET_FT_OFFLINE: '1',
};
const weights = path.join(env.TORCH_HOME, 'hub', 'checkpoints', 'resnet50-0676ba61.pth');
const zip = path.join(env.XDG_CACHE_HOME, 'resnet-ft', 'data', 'hymenoptera_data.zip');
const image = path.join(ANTS_BEES, 'val', 'bees', fs.readdirSync(path.join(ANTS_BEES, 'val', 'bees'))[0] as string);
// LibTorch may be in the cache that is not looked at here.
const backend = ['--backend', 'js'];

test.each([
  ['train', [ANTS_BEES, ...backend], weights, 'train from scratch instead: the same command with --weights none'],
  [
    'train',
    ['hymenoptera'],
    zip,
    'train on its excerpt in the checkout: npx resnet-ft train test/fixtures/ants-bees --weights none --arch resnet18',
  ],
  ['eval', ['imagenet-v1', 'hymenoptera'], zip, 'name a folder of your own instead of hymenoptera'],
  ['eval', ['imagenet-v1', ANTS_BEES], weights, 'name a model of your own instead of imagenet-v1, such as the folder'],
  ['predict', ['imagenet-v1', image], weights, 'name a model of your own instead of imagenet-v1, such as the folder'],
  ['export', ['imagenet-v1', '--output', path.join(folder, 'a.pth')], weights, 'name a model of your own instead of'],
  ['bench', ['--model', 'imagenet-v1'], weights, 'measure random weights instead: the same command without --model'],
  ['compare', ['hymenoptera', '--output', path.join(folder, 'a')], zip, 'name a folder of your own instead of'],
  ['compare', [ANTS_BEES, '--output', path.join(folder, 'b')], weights, 'run only the row that needs none: the same'],
  ['data', ['hymenoptera'], zip, undefined],
  ['weights', ['download', 'imagenet-v1'], weights, undefined],
])('%s %j', async (command, args, file, otherwise) => {
  const { code, stderr } = await run([command, ...args], { env });
  expect(code).toBe(1);
  const npm = file === weights ? ', or take it from npm (npm install @resnet-ft/weights-resnet50-imagenet-v1)' : '';
  const end = npm === '' ? '.\n' : '\n';
  const rest = otherwise === undefined ? end : `, or ${otherwise}`;
  expect(stderr).toContain(`Put the file at ${file} by hand${npm}${rest}`);
});

test('the command that is named for a checkout works as it stands', async () => {
  const { stderr } = await run(['train', 'hymenoptera'], { env });
  const args = /npx resnet-ft (train .*)$/m.exec(stderr)?.[1]?.trim().split(' ') ?? [];
  expect(path.resolve(ROOT, args[1] ?? '')).toBe(ANTS_BEES);
  const output = path.join(folder, 'run');
  const short = ['--steps', '1', '--batch-size', '4', '--output', output, '--json'];
  const { code, stdout } = await run([...args, ...short], {
    env: { RESNET_FT_OFFLINE: '1', TORCH_HOME: env.TORCH_HOME },
  });
  expect(code).toBe(0);
  expect(records(stdout).length).toBeGreaterThan(0);
  expect(fs.existsSync(path.join(output, 'model.safetensors'))).toBe(true);
});
