import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { ROOT, scratch } from '../cli/run';

const folder = scratch();
let count = 0;

const IDENTITY = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@b' };
// The repository is one of its own, whatever the hook or the settings of this one say.
const env = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'))),
  ...IDENTITY,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
};

const CHANGELOG = '# Changelog\n\n## Unreleased\n\n- Something new.\n\n## 0.1.0 (2026-01-02)\n\n- The first.\n';
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** A repository with a package, one in packages/ that goes with it, and one that has a version of its own. */
class Repository {
  readonly root = path.join(folder, `repository-${++count}`);

  constructor(files: Record<string, string> = {}) {
    const together = { name: '@resnet-ft/runtime', version: '0.1.0' };
    const apart = { name: '@resnet-ft/libtorch', version: '2.13.0' };
    const main = {
      ...{ name: 'resnet-ft', version: '0.1.0', workspaces: ['packages/runtime', 'packages/libtorch'] },
      optionalDependencies: { '@resnet-ft/libtorch': '2.13.0', '@resnet-ft/runtime': '0.1.0', semver: '0.1.0' },
    };
    const lock = {
      ...{ name: 'resnet-ft', version: '0.1.0', lockfileVersion: 3 },
      packages: {
        '': main,
        'packages/runtime': together,
        'packages/libtorch': apart,
        'node_modules/x': { version: '0.1.0' },
      },
    };
    const all = {
      ...{ 'package.json': json(main), 'package-lock.json': json(lock), 'CHANGELOG.md': CHANGELOG },
      ...{ 'packages/runtime/package.json': json(together), 'packages/libtorch/package.json': json(apart) },
      ...files,
    };
    for (const [name, text] of Object.entries(all)) this.write(name, text);
    this.git('init', '--quiet', '--initial-branch', 'main');
    this.git('add', '.');
    this.git('commit', '--quiet', '-m', 'begin');
  }

  write(name: string, text: string, mode = 0o644): void {
    const file = path.join(this.root, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text, { mode });
  }

  read(name: string): string {
    return fs.readFileSync(path.join(this.root, name), 'utf8');
  }

  git(...args: string[]): string {
    return execFileSync('git', args, { cwd: this.root, env, encoding: 'utf8' }).trim();
  }

  release(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    return promisify(execFile)(process.execPath, [path.join(ROOT, 'scripts', 'release.js'), ...args], {
      ...{ cwd: this.root, env },
    }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
  }
}

test('a release moves the changelog, bumps what belongs together, commits and tags; nothing else changes', async () => {
  const repository = new Repository();
  const outcome = await repository.release('minor');
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  expect(outcome.stdout).toBe('released 0.2.0 here; to publish it: git push --follow-tags\n');

  const today = new Date().toISOString().slice(0, 10);
  expect(repository.read('CHANGELOG.md')).toBe(
    `# Changelog\n\n## Unreleased\n\n## 0.2.0 (${today})\n\n- Something new.\n\n## 0.1.0 (2026-01-02)\n\n- The first.\n`,
  );
  const dependencies = { '@resnet-ft/libtorch': '2.13.0', '@resnet-ft/runtime': '0.2.0', semver: '0.1.0' };
  expect(JSON.parse(repository.read('package.json'))).toMatchObject({
    version: '0.2.0',
    optionalDependencies: dependencies,
  });
  expect(JSON.parse(repository.read('packages/runtime/package.json'))).toMatchObject({ version: '0.2.0' });
  expect(JSON.parse(repository.read('packages/libtorch/package.json'))).toMatchObject({ version: '2.13.0' });
  expect(JSON.parse(repository.read('package-lock.json'))).toMatchObject({
    version: '0.2.0',
    packages: {
      '': { version: '0.2.0', optionalDependencies: dependencies },
      'packages/runtime': { version: '0.2.0' },
      'packages/libtorch': { version: '2.13.0' },
      'node_modules/x': { version: '0.1.0' },
    },
  });
  expect(repository.git('status', '--porcelain')).toBe('');
  expect(repository.git('log', '--format=%s')).toBe('Release 0.2.0\nbegin');
  expect(repository.git('describe', '--exact-match')).toBe('v0.2.0');
  expect(repository.git('cat-file', '-t', 'v0.2.0')).toBe('tag');

  // Until something is new, there is nothing to release.
  const again = await repository.release('patch');
  expect(again).toMatchObject({ code: 1, stderr: 'release: CHANGELOG.md has nothing under "## Unreleased"\n' });
});

test('the version that is there can be released while it has no tag, and prereleases too', async () => {
  const repository = new Repository();
  expect(await repository.release('0.1.0', '--dry-run')).toMatchObject({
    code: 0,
    stdout: 'would release 0.1.0: package.json, packages/runtime/package.json, package-lock.json, CHANGELOG.md\n',
  });
  expect(repository.git('status', '--porcelain')).toBe('');
  expect(await repository.release('0.2.0-rc.1')).toMatchObject({ code: 0 });
  expect(repository.git('tag')).toBe('v0.2.0-rc.1');
});

test.each([
  [[], /^release: expected one of major, minor, patch or a version\n$/],
  [['minor', 'patch'], /^release: expected one of major, minor, patch or a version\n$/],
  [['big'], /^release: expected major, minor, patch or a version such as 1\.2\.3, but received big\n$/],
  [['0.0.9'], /^release: 0\.0\.9 is before 0\.1\.0, the version of package\.json\n$/],
])('%j is an error, and nothing changes', async (args, message) => {
  const repository = new Repository();
  const { code, stderr } = await repository.release(...args);
  expect(code).toBe(1);
  expect(stderr).toMatch(message);
  expect(repository.git('log', '--format=%s')).toBe('begin');
  expect(repository.git('tag')).toBe('');
});

test('a checkout with changes, a tag that is there, and a changelog without the heading are errors', async () => {
  const repository = new Repository();
  repository.write('new.txt', '');
  expect((await repository.release('patch')).stderr).toBe(
    'release: the checkout is not clean: ?? new.txt; commit or stash it first\n',
  );
  fs.rmSync(path.join(repository.root, 'new.txt'));
  repository.git('tag', 'v0.1.1');
  expect((await repository.release('patch')).stderr).toBe('release: v0.1.1 is tagged already\n');
  const without = new Repository({ 'CHANGELOG.md': '# Changelog\n' });
  expect((await without.release('patch')).stderr).toBe('release: CHANGELOG.md has no heading "## Unreleased"\n');
});

test('a commit that a hook refuses leaves the checkout as it was', async () => {
  const repository = new Repository();
  repository.write('.git/hooks/pre-commit', '#!/bin/sh\necho "not today" >&2\nexit 1\n', 0o755);
  const { code, stderr } = await repository.release('patch');
  expect([code, stderr]).toEqual([1, 'release: git commit failed: not today\n']);
  expect(repository.git('status', '--porcelain')).toBe('');
  expect(JSON.parse(repository.read('package.json'))).toMatchObject({ version: '0.1.0' });
});

test('a tag that can not be made leaves no release without one', async () => {
  const repository = new Repository();
  repository.git('config', 'tag.gpgSign', 'true');
  repository.git('config', 'gpg.program', '/bin/false');
  const before = repository.git('rev-parse', 'HEAD');
  const { code, stderr } = await repository.release('patch');
  expect([code, stderr.split(':', 2).join(':')]).toEqual([1, 'release: git tag failed']);
  expect([repository.git('rev-parse', 'HEAD'), repository.git('status', '--porcelain')]).toEqual([before, '']);
  repository.git('config', 'tag.gpgSign', 'false');
  expect((await repository.release('patch')).code).toBe(0);
});

test("this checkout's changelog and manifests are such that a release can be made", async () => {
  const names = ['package.json', 'package-lock.json', 'CHANGELOG.md'];
  const files = Object.fromEntries(names.map((name) => [name, fs.readFileSync(path.join(ROOT, name), 'utf8')]));
  const { workspaces } = JSON.parse(files['package.json'] ?? '') as { workspaces: string[] };
  for (const place of workspaces) {
    files[`${place}/package.json`] = fs.readFileSync(path.join(ROOT, place, 'package.json'), 'utf8');
  }
  const repository = new Repository(files);
  const outcome = await repository.release('major');
  if (/has nothing under/.test(outcome.stderr)) return;
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  // Only versions: no formatting, no order.
  const [, added, removed] = /(\d+) insertions?\(\+\), (\d+) deletions?/.exec(
    repository.git('diff', '--shortstat', 'HEAD~1', '--', 'package.json', 'package-lock.json', 'packages'),
  ) as unknown as [string, string, string];
  expect(added).toBe(removed);
  expect(Number(added)).toBeLessThan(10);
});
