import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT, scratch } from '../cli/run';

const { setUpHooks } = jest.requireActual<{ setUpHooks: (root: string, env?: NodeJS.ProcessEnv) => boolean }>(
  '../../scripts/set-up-hooks.js',
);

const tmp = scratch();
// Neither this machine's configuration of git nor the repository around counts.
const alone = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null', GIT_CEILING_DIRECTORIES: tmp };
const before = { ...process.env };
beforeAll(() => Object.assign(process.env, alone));
afterAll(() => void (process.env = before));

const git = (folder: string, ...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.org', ...args], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();

const hooksPath = (folder: string): string =>
  spawnSync('git', ['config', 'core.hooksPath'], { cwd: folder }).stdout.toString();

function checkout(name: string): string {
  const folder = path.join(tmp, name);
  fs.mkdirSync(folder);
  git(folder, 'init', '--quiet');
  fs.rmSync(path.join(folder, '.git', 'hooks'), { recursive: true, force: true });
  return folder;
}

describe('hooks are set up', () => {
  test('in a checkout, once', () => {
    const folder = checkout('fresh');
    expect(setUpHooks(folder, {})).toBe(true);
    expect(hooksPath(folder)).toBe('.githooks\n');
    expect(setUpHooks(folder, {})).toBe(false);
  });

  test('not in CI, not beside hooks that are there, not within another checkout, and not outside of any', () => {
    const folder = checkout('not');
    expect(setUpHooks(folder, { CI: 'true' })).toBe(false);
    const within = path.join(folder, 'node_modules', 'resnet-ft');
    fs.mkdirSync(within, { recursive: true });
    expect(setUpHooks(within, {})).toBe(false);
    fs.mkdirSync(path.join(folder, '.git', 'hooks'));
    fs.writeFileSync(path.join(folder, '.git', 'hooks', 'pre-commit'), '');
    expect(setUpHooks(folder, {})).toBe(false);
    expect(hooksPath(folder)).toBe('');
    const outside = path.join(tmp, 'outside');
    fs.mkdirSync(outside);
    expect(setUpHooks(outside, {})).toBe(false);
    expect(setUpHooks(path.join(tmp, 'missing'), {})).toBe(false);
  });
});

describe('a commit', () => {
  /** A checkout with the hook, the tools and their settings of this one. */
  function project(name: string): string {
    const folder = checkout(name);
    for (const file of ['.githooks', '.prettierrc.json', '.prettierignore', 'lint-staged.config.js', 'package.json']) {
      fs.cpSync(path.join(ROOT, file), path.join(folder, file), { recursive: true });
    }
    fs.writeFileSync(
      path.join(folder, 'eslint.config.js'),
      `module.exports = require(${JSON.stringify(path.join(ROOT, 'eslint.config.js'))});`,
    );
    fs.symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
    fs.writeFileSync(path.join(folder, '.gitignore'), 'node_modules\n');
    git(folder, 'add', '--all');
    git(folder, 'commit', '--quiet', '--message', 'all');
    expect(setUpHooks(folder, {})).toBe(true);
    return folder;
  }

  test('has its files formatted', () => {
    const folder = project('format');
    fs.writeFileSync(path.join(folder, 'script.js'), '\'use strict\'\nmodule.exports = {a: "b"}\n');
    git(folder, 'add', 'script.js');
    git(folder, 'commit', '--message', 'one');
    expect(git(folder, 'show', 'HEAD:script.js')).toBe("'use strict';\nmodule.exports = { a: 'b' };");
  });

  test('is refused where the linter finds something', () => {
    const folder = project('lint');
    fs.writeFileSync(path.join(folder, 'script.js'), 'const unused = 1;\n');
    git(folder, 'add', 'script.js');
    expect(() => git(folder, 'commit', '--message', 'one')).toThrow();
    expect(git(folder, 'log', '--format=%s')).toBe('all');
  });
});
