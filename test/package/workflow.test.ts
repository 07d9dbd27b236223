import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { weightsPackageName } from '../../lib/weights/packaged';
import { isOnNpm, NAMED_WEIGHTS } from '../../lib/weights/registry';
import { ROOT, scratch } from '../cli/run';

// GitHub runs this, and nothing here can: what can be held against the checkout is.

interface Step {
  name?: string;
  uses?: string;
  run?: string;
  if?: string;
  env?: Record<string, string>;
}
interface Job {
  needs?: string | string[];
  if?: string;
  permissions?: Record<string, string>;
  steps: Step[];
}
const file = path.join(ROOT, '.github', 'workflows', 'release.yml');
const text = fs.readFileSync(file, 'utf8');
const workflow = parse(text) as {
  permissions: Record<string, string>;
  env: Record<string, string>;
  jobs: Record<string, Job>;
};
const jobs = Object.entries(workflow.jobs);
const steps = jobs.flatMap(([job, { steps: list }]) => list.map((step) => ({ job, ...step })));
const scripts = steps.flatMap(({ job, run }) => (run === undefined ? [] : [{ job, run }]));
const folder = scratch();

test('every action is pinned by a full commit, with its version beside it', () => {
  const lines = text.split('\n').filter((line) => /^\s*(- )?uses:/.test(line));
  expect(lines.length).toBe(steps.filter(({ uses }) => uses !== undefined).length);
  for (const line of lines) expect(line).toMatch(/uses: actions\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  const pages = fs.readFileSync(path.join(ROOT, 'docs', 'releasing.md'), 'utf8');
  for (const line of lines) expect(pages).toContain(/@([0-9a-f]{40})/.exec(line)?.[1]);
});

test('every script that is run exists, and every file', () => {
  const manifest = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const named = scripts.flatMap(({ run }) => [...run.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name));
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => manifest.scripts[name] === undefined)).toEqual([]);
  const files = scripts.flatMap(({ run }) =>
    [...run.matchAll(/\b(scripts|bin|docs)\/[\w./-]+\w/g)].map(([name]) => name),
  );
  expect(files.filter((name) => !fs.existsSync(path.join(ROOT, name)))).toEqual([]);
});

test('every script is one for bash', () => {
  for (const { job, run } of scripts) {
    const shell = run.replace(/\$\{\{[^}]*\}\}/g, 'x');
    const { status, stderr } = spawnSync('bash', ['-n'], { input: shell, encoding: 'utf8' });
    expect({ job, status, stderr }).toEqual({ job, status: 0, stderr: '' });
  }
});

test('nothing may write but where it must, and what publishes runs nothing of the checkout', () => {
  expect(workflow.permissions).toEqual({ contents: 'read' });
  const allowed = jobs.filter(([, { permissions }]) => permissions !== undefined);
  expect(Object.fromEntries(allowed.map(([name, { permissions }]) => [name, permissions]))).toEqual({
    publish: { 'id-token': 'write' },
    announce: { contents: 'write' },
    docs: { pages: 'write', 'id-token': 'write' },
  });
  for (const [name, job] of allowed) {
    expect(job.steps.some(({ uses }) => uses?.startsWith('actions/checkout@'))).toBe(false);
    if (name !== 'publish') expect([job.needs].flat()).toContain('publish');
  }
  expect(workflow.jobs['publish']?.if).toContain("github.ref_type == 'tag'");
  expect(workflow.jobs['publish']?.needs).toEqual(['pack', 'install']);
});

test('where the tests may not leave any out, what they compare with is installed before', () => {
  const list = workflow.jobs['build']?.steps ?? [];
  const tests = list.findIndex(({ run }) => run?.startsWith('npm test') === true);
  expect(list[tests]?.env).toHaveProperty('RESNET_FT_REQUIRE_PYTHON_TORCH');
  const before = list.slice(0, tests).filter(({ run }) => run?.includes('-r scripts/requirements-dev.txt') === true);
  expect(before.map((step) => step.if)).toEqual(["runner.os == 'Linux'"]);
  expect(fs.readFileSync(path.join(ROOT, 'scripts', 'requirements-dev.txt'), 'utf8')).toMatch(/^pillow==/m);
});

test("torch is taken from where PyTorch's CPU builds are", () => {
  const commands = scripts.flatMap(({ run }) => run.split('\n').filter((line) => /\btorch==/.test(line)));
  expect(commands.length).toBeGreaterThan(0);
  for (const command of commands) expect(command).toContain('--index-url https://download.pytorch.org/whl/cpu ');
});

test('each package that is published is among those that are to get a trusted publisher', () => {
  const { optionalDependencies } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    optionalDependencies: Record<string, string>;
  };
  const weights = NAMED_WEIGHTS.filter(isOnNpm).map(weightsPackageName);
  const names = ['resnet-ft', '@resnet-ft/runtime', ...Object.keys(optionalDependencies), ...weights];
  const told = /After it, for each of ([^]*?) on npmjs\.com/.exec(
    fs.readFileSync(path.join(ROOT, 'docs', 'releasing.md'), 'utf8'),
  )?.[1];
  expect([...(told?.matchAll(/`([^`]+)`/g) ?? [])].map(([, name]) => name).sort()).toEqual(names.sort());
});

function scriptOf(name: string): string {
  const found = steps.find((step) => step.name?.startsWith(name) === true)?.run;
  if (found === undefined) throw new Error(`no step ${name}`);
  return found;
}

function bash(
  script: string,
  env: Record<string, string>,
  cwd: string,
): { status: number | null; stdout: string; stderr: string } {
  // As GitHub calls it.
  const { status, stdout, stderr } = spawnSync('bash', ['-eo', 'pipefail', '-c', script], {
    ...{ cwd, encoding: 'utf8', env: { ...process.env, ...workflow.env, ...env } },
  });
  return { status, stdout, stderr };
}

test('known flaws of what users get stop a release', () => {
  expect(scriptOf('Known flaws')).toBe('npm audit --omit=dev --audit-level=high');
  expect(workflow.jobs['lint']?.steps.some(({ name }) => name?.startsWith('Known flaws') === true)).toBe(true);
  expect(workflow.jobs['pack']?.needs).toContain('lint');
});

test('a tag that is not the version, and a repository that is another, end it before anything is packed', () => {
  const checkout = path.join(folder, 'checkout');
  fs.mkdirSync(checkout);
  const write = (url: string, reports = 'some'): void => {
    fs.writeFileSync(path.join(checkout, 'package.json'), JSON.stringify({ version: '1.2.3', repository: { url } }));
    const security = fs.readFileSync(path.join(ROOT, 'SECURITY.md'), 'utf8');
    fs.writeFileSync(
      path.join(checkout, 'SECURITY.md'),
      security.replace(/github\.com\/[^/]+\//, `github.com/${reports}/`),
    );
  };
  const check = (GITHUB_REF_NAME: string): ReturnType<typeof bash> =>
    bash(
      scriptOf('The tag is the version, and the repository'),
      { GITHUB_REF_NAME, GITHUB_REPOSITORY: 'some/resnet-ft' },
      checkout,
    );
  write('git+https://github.com/some/resnet-ft.git');
  expect(check('v1.2.3')).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(check('v1.2.4')).toMatchObject({
    status: 1,
    stdout: expect.stringMatching(/^::error::.*1\.2\.3.*v1\.2\.4\n$/),
  });
  write('git+https://github.com/OWNER/resnet-ft.git');
  expect(check('v1.2.3')).toMatchObject({
    status: 1,
    stdout: expect.stringMatching(/^::error::.*OWNER.*releasing\.md\n$/),
  });
  write('git+https://github.com/some/resnet-ft.git', 'OWNER');
  expect(check('v1.2.3')).toMatchObject({
    status: 1,
    stdout: expect.stringMatching(/^::error::SECURITY\.md .*some\/resnet-ft.*releasing\.md\n$/),
  });
});

test('the notes of a release are what the changelog has under its version', () => {
  const work = path.join(folder, 'notes');
  fs.mkdirSync(path.join(work, 'package'), { recursive: true });
  fs.mkdirSync(path.join(work, 'tarballs'));
  fs.writeFileSync(
    path.join(work, 'package', 'CHANGELOG.md'),
    '# Changelog\n\n## Unreleased\n\n## 1.2.3 (2026-01-02)\n\n- This.\n\n## 1.2.2 (2026-01-01)\n\n- That.\n',
  );
  spawnSync('tar', ['-czf', 'tarballs/resnet-ft-1.2.3.tgz', 'package'], { cwd: work });
  const script = scriptOf('What the changelog says');
  expect(bash(script, { GITHUB_REF_NAME: 'v1.2.3' }, work)).toMatchObject({ status: 0 });
  expect(fs.readFileSync(path.join(work, 'notes.md'), 'utf8').trim()).toBe('- This.');
  spawnSync('cp', ['tarballs/resnet-ft-1.2.3.tgz', 'tarballs/resnet-ft-1.2.4.tgz'], { cwd: work });
  expect(bash(script, { GITHUB_REF_NAME: 'v1.2.4' }, work).status).toBe(1);
});

test.each([
  ['11.5.1', 0],
  ['11.6.0', 0],
  ['12.0.0-pre.1', 0],
  ['11.5.0', 1],
  ['10.9.9', 1],
])('npm %s publishes with the identity of GitHub: exit code %i', (version, status) => {
  const bin = path.join(folder, `npm-${version}`);
  fs.mkdirSync(bin);
  fs.writeFileSync(path.join(bin, 'npm'), `#!/bin/sh\necho ${version}\n`, { mode: 0o755 });
  expect(bash(scriptOf('This npm publishes'), { PATH: `${bin}:${process.env['PATH']}` }, folder).status).toBe(status);
});

/** A registry of npm's, and what is called of it. */
class Registry {
  private readonly folder: string;
  private readonly calls: string;

  /** @param answers what `npm view` says of each question; "E404" or another code where it fails. Of the rest there is nothing. */
  constructor(name: string, answers: Record<string, string>) {
    this.folder = path.join(folder, name);
    this.calls = path.join(this.folder, 'calls');
    for (const one of ['bin', 'tarballs']) fs.mkdirSync(path.join(this.folder, one), { recursive: true });
    const cases = Object.entries(answers).map(([question, answer]) =>
      /^E/.test(answer) ? `'${question}') code=${answer} ;;` : `'${question}') echo '${answer}'; exit 0 ;;`,
    );
    const npm = `#!/bin/sh
if [ "$1" != view ]; then echo "$@" >> '${this.calls}'; exit 0; fi
code=E404
case "$2 $3" in ${cases.join(' ')} esac
echo "npm error code $code" >&2; echo "npm error said the registry" >&2; exit 1\n`;
    fs.writeFileSync(path.join(this.folder, 'bin', 'npm'), npm, { mode: 0o755 });
    // Nobody waits for what a stand-in will not have a minute later either.
    fs.writeFileSync(path.join(this.folder, 'bin', 'sleep'), '#!/bin/sh\n', { mode: 0o755 });
  }

  /** Puts a package of the release beside the others. */
  pack(name: string, version: string): void {
    const own = path.join(this.folder, 'package');
    fs.mkdirSync(own, { recursive: true });
    fs.writeFileSync(path.join(own, 'package.json'), JSON.stringify({ name, version }));
    const tarball = path.join(this.folder, 'tarballs', `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
    spawnSync('tar', ['-czf', tarball, 'package'], { cwd: this.folder });
  }

  /** Runs a step for a tag, with the tarballs at hand. */
  step(name: string, tag: string, env: Record<string, string> = {}): ReturnType<typeof bash> {
    const PATH = `${path.join(this.folder, 'bin')}:${process.env['PATH']}`;
    return bash(scriptOf(name), { PATH, GITHUB_REF_NAME: tag, ...env }, path.join(this.folder, 'tarballs'));
  }

  /** Under which tags packages were published. */
  published(): Record<string, string> {
    if (!fs.existsSync(this.calls)) return {};
    const lines = fs.readFileSync(this.calls, 'utf8').trim().split('\n');
    const rest = '--provenance --access public --ignore-scripts --tag';
    return Object.fromEntries(lines.map((line) => line.replace('publish ./', '').split(` ${rest} `)));
  }
}

const PUBLISH = 'Publish, LibTorch and weights first';

test('what is published: LibTorch and weights before the package that names them, each once, prereleases beside the others', () => {
  const registry = new Registry('publish', {
    '@resnet-ft/weights-resnet50-imagenet-v1@1.0.0 version': '1.0.0',
    'resnet-ft dist-tags.latest': '1.2.2',
  });
  registry.pack('resnet-ft', '1.2.3-rc.1');
  registry.pack('@resnet-ft/runtime', '1.2.3-rc.1');
  registry.pack('@resnet-ft/libtorch-linux-x64-cpu', '2.13.0');
  registry.pack('@resnet-ft/weights-resnet50-imagenet-v1', '1.0.0');
  registry.pack('@resnet-ft/weights-resnet50-imagenet-v2', '1.0.0');
  const outcome = registry.step(PUBLISH, 'v1.2.3-rc.1');
  const stdout = '@resnet-ft/weights-resnet50-imagenet-v1@1.0.0 is published\n';
  expect(outcome).toEqual({ status: 0, stdout, stderr: '' });
  expect(Object.entries(registry.published())).toEqual([
    ['resnet-ft-libtorch-linux-x64-cpu-2.13.0.tgz', 'latest'],
    ['resnet-ft-weights-resnet50-imagenet-v2-1.0.0.tgz', 'latest'],
    ['resnet-ft-1.2.3-rc.1.tgz', 'next'],
    ['resnet-ft-runtime-1.2.3-rc.1.tgz', 'next'],
  ]);
});

/** A registry with these, and the tarballs of 0.1.1 beside it. */
function mend(name: string, answers: Record<string, string>): Registry {
  const registry = new Registry(name, answers);
  registry.pack('@resnet-ft/libtorch-linux-x64-cpu', '2.13.0');
  registry.pack('@resnet-ft/weights-resnet50-imagenet-v1', '1.0.0');
  registry.pack('resnet-ft', '0.1.1');
  registry.pack('@resnet-ft/runtime', '0.1.1');
  return registry;
}

test('a mend of an older line is not what everybody gets', () => {
  const registry = mend('older', {
    '@resnet-ft/libtorch-linux-x64-cpu@2.13.0 version': '2.13.0',
    '@resnet-ft/weights-resnet50-imagenet-v1@1.0.0 version': '1.0.0',
    'resnet-ft dist-tags.latest': '0.2.0',
    '@resnet-ft/runtime dist-tags.latest': '0.1.0',
  });
  expect(registry.step(PUBLISH, 'v0.1.1')).toMatchObject({ status: 0, stderr: '' });
  expect(registry.published()).toEqual({
    'resnet-ft-0.1.1.tgz': 'release-0.1',
    'resnet-ft-runtime-0.1.1.tgz': 'latest',
  });
});

test.each(['resnet-ft@0.1.1 version', 'resnet-ft dist-tags.latest'])(
  'a registry that does not say what it has ends the publication: %s',
  (question) => {
    const registry = mend(question, { [question]: 'ETIMEDOUT' });
    const { status, stderr } = registry.step(PUBLISH, 'v0.1.1');
    expect([status, stderr]).toEqual([1, 'npm error code ETIMEDOUT\nnpm error said the registry\n']);
    expect(registry.published()).not.toHaveProperty(['resnet-ft-0.1.1.tgz']);
  },
);

test.each([
  ['what everybody gets', { 'resnet-ft@0.1.1 version': '0.1.1', 'resnet-ft dist-tags.latest': '0.1.1' }, 0, true],
  ['a mend of an older line', { 'resnet-ft@0.1.1 version': '0.1.1', 'resnet-ft dist-tags.latest': '0.2.0' }, 0, false],
  ['what npm does not show', { 'resnet-ft dist-tags.latest': '0.1.1' }, 1, false],
  ['of no known latest', { 'resnet-ft@0.1.1 version': '0.1.1', 'resnet-ft dist-tags.latest': 'E503' }, 1, false],
])('pages of the API are deployed of what everybody gets alone: %s', (name, answers, status, deployed) => {
  const output = path.join(folder, 'output');
  fs.writeFileSync(output, '');
  const registry = new Registry(`pages-${name}`, answers);
  expect(registry.step('Whether npm gives', 'v0.1.1', { GITHUB_OUTPUT: output }).status).toBe(status);
  expect(fs.readFileSync(output, 'utf8')).toBe(deployed ? 'deploy=true\n' : '');
  const deploy = workflow.jobs['docs']?.steps.find(({ uses }) => uses?.startsWith('actions/deploy-pages@'));
  expect(deploy?.if).toBe("${{ steps.newest.outputs.deploy == 'true' }}");
});
