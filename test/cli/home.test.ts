import { spawnSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { ROOT } from './run';

interface Places {
  cache: string;
  weights: string;
}

/** Where things are kept under these variables, in a process of its own: its HOME is what the system sees. */
function places(env: Record<string, string | undefined>, before = ''): Places {
  const code = `${before}
    const say = (ask) => { try { return ask(); } catch (error) { return error.code + ' ' + error.message + ' ' + error.hint; } };
    const cache = say(() => require('./dist/machine/cache').cachePath('a'));
    const weights = say(() => require('./dist/weights/hub').checkpointFolder());
    console.log(JSON.stringify({ cache, weights }));`;
  const variables = { ...process.env, XDG_CACHE_HOME: undefined, TORCH_HOME: undefined, ...env };
  const { stdout } = spawnSync(process.execPath, ['-e', code], { cwd: ROOT, env: variables, encoding: 'utf8' });
  return JSON.parse(stdout) as Places;
}

const inFolder = (folder: string): Places => ({
  cache: path.join(folder, 'resnet-ft', 'a'),
  weights: path.join(folder, 'torch', 'hub', 'checkpoints'),
});

test.each([
  ['an empty HOME', ''],
  ['a relative HOME', 'somewhere'],
  ['no HOME', undefined],
])('with %s, caches are in the folder that the system has on record, not in the working directory', (_what, HOME) => {
  expect(places({ HOME })).toEqual(inFolder(path.join(os.userInfo().homedir, '.cache')));
});

test('where nobody knows a folder, it is an error that says what to set', () => {
  const unknown = "require('node:os').userInfo = () => { throw new Error('no such user'); };";
  const { cache, weights } = places({ HOME: '' }, unknown);
  expect(cache).toMatch(
    /^INVALID_OPTION Expected an absolute path for HOME but received nothing .*: set HOME, or XDG_CACHE_HOME/,
  );
  expect(weights).toBe(cache);
  const set = places({ HOME: '', XDG_CACHE_HOME: path.resolve('/cache') }, unknown);
  expect(set).toEqual(inFolder(path.resolve('/cache')));
});

test('a relative XDG_CACHE_HOME is ignored', () => {
  const HOME = path.resolve('/home/me');
  expect(places({ HOME, XDG_CACHE_HOME: 'cache' })).toEqual(inFolder(path.join(HOME, '.cache')));
});
