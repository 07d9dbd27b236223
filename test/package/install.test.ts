import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ANTS_BEES, records } from '../cli/run';
import { fakeLibtorch } from '../libtorch/fakes';
import { LIBTORCH_PACKAGE, pack, packLibtorch, Project } from './project';
import { commandWithWeights, packMadeWeights } from './weights-package';
import { compile, IMAGE, runProgram, runWorkers, trainRun } from './scenario';

/** The hash of a symbol version's name in an ELF file (System V ABI, "Hash Table"). */
function elfHash(name: string): number {
  let hash = 0;
  for (const letter of Buffer.from(name)) {
    hash = ((hash << 4) + letter) >>> 0;
    const high = hash & 0xf0000000;
    hash = (hash ^ (high >>> 24)) & ~high;
  }
  return hash >>> 0;
}

/** The library with a glibc asked for that there is not yet. */
function askForNewerGlibc(library: Buffer): Buffer {
  const changed = Buffer.from(library);
  const [from, to] = ['GLIBC_2.14', 'GLIBC_9.99'];
  const hash = Buffer.alloc(4);
  hash.writeUInt32LE(elfHash(from));
  const [name, entry] = [changed.indexOf(`${from}\0`), changed.indexOf(hash)];
  if (name < 0 || entry < 0) throw new Error(`the addon does not ask for ${from}`);
  changed.write(to, name);
  changed.writeUInt32LE(elfHash(to), entry);
  return changed;
}

// LibTorch's package is linked as a folder here: packing and unpacking its 437 MB takes a minute (install.slow.ts does).
const onLinuxX64 = process.platform === 'linux' && process.arch === 'x64' ? describe : describe.skip;

onLinuxX64('installed from tarballs, with nothing but Node.js in reach', () => {
  const packed = fs.mkdtempSync(path.join(os.tmpdir(), 'resnet-ft-packed-'));
  let project: Project;

  beforeAll(async () => {
    project = new Project();
    const { filename } = await pack(packed);
    const libtorch = await packLibtorch(path.join(packed, 'libtorch'), true);
    await project.npm('install', path.join(packed, filename), `file:${libtorch}`);
  });
  afterAll(() => {
    project.close();
    fs.rmSync(packed, { recursive: true, force: true });
  });

  test('train and predict run; the home folder stays empty', async () => {
    // The package goes before the cache.
    fakeLibtorch(path.join(packed, 'cache', 'resnet-ft', 'libtorch', '2.13.0', 'torch'), '2.13.0+cpu');
    const env = { XDG_CACHE_HOME: path.join(packed, 'cache') };
    const where = await project.npx(['libtorch', 'where', '--json'], env);
    expect(where).toMatchObject({ code: 0 });
    expect(JSON.parse(where.stdout)).toMatchObject({ source: 'package', version: expect.stringContaining('2.13.0') });

    const trained = await trainRun(project);
    expect(trained).toMatchObject({ code: 0 });
    expect(records(trained.stdout).at(-1)).toMatchObject({ kind: 'done', epochs: 1, valImages: 8 });

    const predicted = await project.npx(['predict', 'run', IMAGE, '--json']);
    expect(predicted).toMatchObject({ code: 0 });
    expect(records(predicted.stdout)[0]).toMatchObject({ class: expect.stringMatching(/^(ants|bees)$/) });
    // npx keeps its logs there.
    expect(fs.readdirSync(project.home).filter((name) => name !== '.npm')).toEqual([]);
  });

  test('a CUDA build in the cache, which somebody asked for, goes before the package', async () => {
    const cache = path.join(packed, 'cache-cuda');
    const cuda = path.join(cache, 'resnet-ft', 'libtorch', '2.13.0', 'torch');
    fakeLibtorch(cuda, '2.13.0+cu130', { extra: ['c10_cuda', 'torch_cuda'] });
    const where = await project.npx(['libtorch', 'where', '--json'], { XDG_CACHE_HOME: cache });
    expect(where).toMatchObject({ code: 0 });
    expect(JSON.parse(where.stdout)).toMatchObject({ source: 'cache', path: cuda, version: '2.13.0+cu130' });
  });

  test('doctor finds nothing wrong', async () => {
    const { code, stdout } = await project.npx(['doctor', '--json']);
    const { checks } = JSON.parse(stdout) as { checks: { name: string; status: string; found: string }[] };
    expect(checks.filter(({ status }) => status === 'problem')).toEqual([]);
    expect(code).toBe(0);
    const found = (name: string): string => checks.find((check) => check.name === name)?.found ?? '';
    expect(found('addon')).toMatch(/prebuilds/);
    expect(found('libtorch')).toMatch(/2\.13\.0/);
    // TensorFlow.js is optional: a warning at most.
    expect(found('backend')).toMatch(/native/);
  });

  test('a strict TypeScript program, as an ES module and as CommonJS', async () => {
    const { esm, commonjs } = compile(project);
    const first = await runProgram(project, esm, 'run-esm');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const answer = JSON.parse(first.stdout);
    expect(answer).toMatchObject({
      classes: ['ants', 'bees'],
      code: 'WEIGHTS_INVALID',
      output: path.join(fs.realpathSync(project.folder), 'run-esm'),
      events: expect.arrayContaining(['data', 'start', 'step', 'epoch', 'done']),
    });
    const second = await runProgram(project, commonjs);
    expect(second).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(second.stdout)).toEqual({ class: answer.class, classes: answer.classes, code: answer.code });
  });

  test('two worker threads at once agree', async () => {
    const outcome = await runWorkers(project);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    const [first, second] = JSON.parse(outcome.stdout);
    expect(first).toMatchObject({ class: expect.stringMatching(/^(ants|bees)$/) });
    expect(second).toEqual(first);
  });

  test('a LibTorch of an unsupported version is an error that names it', async () => {
    const old = fakeLibtorch(path.join(packed, 'old'), '2.12.1', { zip: true });
    const outcome = await trainRun(project, 'run-old', { LIBTORCH: old });
    expect(outcome).toMatchObject({ code: 1 });
    expect(outcome.stderr).toContain(`resnet-ft: LIBTORCH is ${old}: version 2.12.1 is outside >=2.13 <2.15`);
  });

  test('without the LibTorch package: an error that says how to get one', async () => {
    const installed = path.join(project.folder, 'node_modules', LIBTORCH_PACKAGE);
    fs.renameSync(installed, `${installed}.away`);
    try {
      const outcome = await trainRun(project, 'run-without');
      expect(outcome).toMatchObject({ code: 1 });
      expect(outcome.stderr.trim().split('\n')).toHaveLength(1);
      expect(outcome.stderr).toMatch(
        /^resnet-ft: no LibTorch found .*@resnet-ft\/libtorch-linux-x64-cpu is not installed.* Run: npx resnet-ft libtorch install/,
      );
    } finally {
      fs.renameSync(`${installed}.away`, installed);
    }
  });

  test('a system older than the addon needs is an error that says so', async () => {
    const prebuilds = path.join(project.folder, 'node_modules', 'resnet-ft', 'prebuilds', 'linux-x64');
    const core = path.join(prebuilds, 'libresnet_ft_core.so');
    const whole = fs.readFileSync(core);
    fs.writeFileSync(core, askForNewerGlibc(whole));
    try {
      const outcome = await trainRun(project, 'run-older');
      expect(outcome).toMatchObject({ code: 1 });
      expect(outcome.stderr).toMatch(
        /^resnet-ft: cannot load .*GLIBC_9\.99.* The system's C library is older than .*2\.28/,
      );
      expect(outcome.stderr.trim().split('\n')).toHaveLength(1);
    } finally {
      fs.writeFileSync(core, whole);
    }
  });

  test('a source build says which packages it needs', async () => {
    const outcome = await project.npx(['build']);
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    expect(outcome.stderr).toBe(
      'resnet-ft: building the addon needs cmake-js, node-addon-api, node-api-headers. ' +
        'Run: npm install --save-dev cmake-js node-addon-api node-api-headers\n',
    );
  });

  test('weights of an npm package are predicted with and trained from, with no cache and no network', async () => {
    const weights = await packMadeWeights(packed);
    await project.npm('install', weights.tarball);
    const program = commandWithWeights(project, weights);
    const offline = { RESNET_FT_OFFLINE: '1' };
    const native = ['--threads', '1', '--backend', 'native'];

    const options = ['--arch', 'resnet18', ...native, '--json'];
    const named = await project.node([program, 'predict', 'imagenet-v1', IMAGE, ...options], offline);
    expect(named).toMatchObject({ code: 0, stderr: '' });
    const own = await project.node([program, 'predict', weights.file, IMAGE, ...options], offline);
    const [first, second] = [named, own].map(({ stdout }) => records(stdout)[0]);
    expect(first?.['probability']).toBe(second?.['probability']);

    const start = [...native, '--image-size', '64', '--arch', 'resnet18', '--weights', 'imagenet-v1', '--epochs', '1'];
    const train = ['train', ANTS_BEES, ...start, '--crop-cache', '0', '--output', 'run-weights', '--no-report'];
    expect(await project.node([program, ...train], offline)).toMatchObject({ code: 0 });
    expect(fs.readdirSync(project.home).filter((name) => name !== '.npm')).toEqual([]);

    // Those of the registry itself are others: refused, and not downloaded either.
    const official = await project.npx(['weights', 'download', 'imagenet-v1', '--arch', 'resnet18'], offline);
    expect(official).toMatchObject({ code: 1, stdout: '' });
    expect(official.stderr).toMatch(/^resnet-ft: .*of the npm package .*: its SHA-256 begins with .*, not f37072fd\./);
  });

  test('uninstalling leaves nothing', async () => {
    await project.npm('uninstall', 'resnet-ft', LIBTORCH_PACKAGE, '@resnet-ft/weights-resnet18-imagenet-v1');
    expect(project.installedFiles()).toEqual([]);
  });
});
