import fs from 'node:fs';
import path from 'node:path';
import { makeFolder } from '../../lib/files/make-folder';
import { run, scratch, ANTS_BEES } from '../cli/run';

const tmp = scratch();
const linux = process.platform === 'linux';

test('every missing level is made, the last with the mode, and the outermost is told', async () => {
  const folder = path.join(tmp, 'a', 'b', 'c');
  expect(await makeFolder(folder, 0o700)).toBe(path.join(tmp, 'a'));
  expect(fs.statSync(folder).isDirectory()).toBe(true);
  if (process.platform !== 'win32') {
    expect(fs.statSync(folder).mode & 0o077).toBe(0);
    // Others may have something to do with what is above.
    expect(fs.statSync(path.join(tmp, 'a')).mode & 0o055).toBe(0o055);
  }
  expect(await makeFolder(folder)).toBeUndefined();
  expect(await makeFolder(path.join(folder, 'd'))).toBe(path.join(folder, 'd'));
});

test('many at once make it once', async () => {
  const folder = path.join(tmp, 'many', 'x', 'y', 'z');
  const made = await Promise.all(Array.from({ length: 20 }, () => makeFolder(folder)));
  expect(fs.statSync(folder).isDirectory()).toBe(true);
  expect(made.filter((one) => one === path.join(tmp, 'many'))).toHaveLength(1);
});

test('a file in the way, or a link to nowhere, is an error', async () => {
  const file = path.join(tmp, 'file');
  fs.writeFileSync(file, '');
  await expect(makeFolder(file)).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(makeFolder(path.join(file, 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  if (process.platform === 'win32') return;
  fs.symlinkSync(path.join(tmp, 'nowhere'), path.join(tmp, 'link'));
  await expect(makeFolder(path.join(tmp, 'link', 'below'))).rejects.toMatchObject({ code: 'EEXIST' });
});

// Node's recursive mkdir never ends there.
(linux ? describe : describe.skip)('where no folder can be made, commands end with an error', () => {
  const nowhere = '/proc/nope';
  const training = ['--weights', 'none', '--arch', 'resnet18', '--device', 'cpu', '--batch-size', '4', '--steps', '1'];
  const comparing = ['--rows', 'scratch', '--arch', 'resnet18', '--epochs', '1'];

  test.each<[string, string[], NodeJS.ProcessEnv]>([
    ['train', ['train', ANTS_BEES, ...training, '--output', `${nowhere}/run`], {}],
    ['compare', ['compare', ANTS_BEES, ...comparing, '--output', `${nowhere}/run`], {}],
    ['weights download', ['weights', 'download', 'imagenet-v1'], { TORCH_HOME: nowhere }],
    ['data', ['data', 'hymenoptera'], { XDG_CACHE_HOME: nowhere }],
    ['libtorch install', ['libtorch', 'install'], { XDG_CACHE_HOME: nowhere, LIBTORCH: '' }],
  ])(
    '%s',
    async (_name, args, env) => {
      const ran = await run(args, { env });
      expect(ran.stderr).toMatch(/^resnet-ft: [^\n]+\n$/);
      expect(ran.stderr).toContain('ENOENT');
      expect(ran.stderr).toContain(nowhere);
      expect(ran.code).toBe(1);
    },
    60_000,
  );

  test('a cache of crops there is told, and the training goes on', async () => {
    const output = path.join(tmp, 'run');
    const ran = await run(['train', ANTS_BEES, ...training, '--cache-dir', nowhere, '--output', output]);
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(ran.stdout).toMatch(/crops are not kept for later runs: \/proc\/nope can't be written \(ENOENT\)/);
  });
});
