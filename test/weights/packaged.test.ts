import { execFile, execFileSync, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { NamedWeights } from '../../lib/weights/registry';
import { locate } from '../../lib/weights/locate';
import { weightsPackageName } from '../../lib/weights/packaged';
import { PREPROCESSING } from '../../lib/options';
import { diagnose } from '../doctor/package-copy';
import { ROOT, run, scratch } from '../cli/run';
import { localServer, sendFile, sha256, someBytes } from '../download/server';

const { fillPackage } = jest.requireActual<{
  fillPackage: (entry: NamedWeights, file: string, target: string) => Promise<void>;
}>('../../scripts/pack-weights.js');

const folder = scratch();
const server = localServer();
const body = someBytes(50_000);
/** An entry like those of the registry, of a file that can be made here. */
const made: NamedWeights = {
  ...{ name: 'imagenet-v1', arch: 'resnet18', path: 'models/resnet18-12345678.pth' },
  ...{ sha256: sha256(body), bytes: body.length, preprocessing: PREPROCESSING },
};
const official = path.join(folder, 'official.pth');
fs.writeFileSync(official, body);
const PACKAGE = '@resnet-ft/weights-resnet18-imagenet-v1';
const NAMES = ['TORCH_HOME', 'RESNET_FT_MIRROR'];
const saved = { ...process.env };
const start = process.cwd();
let count = 0;

/** A project in which the package of the weights is installed. */
async function project(entry = made, file = official): Promise<{ root: string; installed: string; weights: string }> {
  const root = path.join(folder, `project-${++count}`);
  const installed = path.join(root, 'node_modules', weightsPackageName(entry));
  await fillPackage(entry, file, installed);
  return { root, installed, weights: path.join(installed, path.basename(entry.path)) };
}

beforeEach(() => {
  process.env['TORCH_HOME'] = path.join(folder, 'torch');
  process.env['RESNET_FT_MIRROR'] = server.url;
  server.answer((request, response) => sendFile(request, response, body));
});
afterEach(() => {
  process.chdir(start);
  for (const name of NAMES) {
    if (saved[name] === undefined) delete process.env[name];
    else process.env[name] = saved[name];
  }
});

test('the package has the file byte for byte, says whose it is, and has nothing that could run', async () => {
  const { installed, weights } = await project();
  expect(fs.readFileSync(weights).equals(body)).toBe(true);
  expect(fs.readdirSync(installed).sort()).toEqual([
    ...['LICENSE', 'NOTICE', 'README.md', 'package.json', 'resnet18-12345678.pth'],
  ]);
  const manifest = JSON.parse(fs.readFileSync(path.join(installed, 'package.json'), 'utf8'));
  expect(manifest).toMatchObject({
    name: PACKAGE,
    license: 'BSD-3-Clause',
    files: ['resnet18-12345678.pth', 'NOTICE'],
  });
  for (const name of ['private', 'scripts', 'bin', 'main', 'dependencies']) expect(manifest).not.toHaveProperty(name);
  expect(manifest.repository).toMatchObject({ type: 'git', directory: 'packages/weights' });
  const notice = fs.readFileSync(path.join(installed, 'NOTICE'), 'utf8');
  expect(notice).toContain(made.sha256);
  expect(notice).toContain('https://download.pytorch.org/models/resnet18-12345678.pth');
  expect(notice).toMatch(/ImageNet/);
  expect(fs.readFileSync(path.join(installed, 'LICENSE'), 'utf8')).toMatch(/^BSD 3-Clause[\s\S]*Soumith Chintala 2016/);
  const readme = fs.readFileSync(path.join(installed, 'README.md'), 'utf8');
  expect(readme).toContain('train photos --val-split 0.2 --arch resnet18 --weights imagenet-v1');
  expect(readme).toContain('IMAGENET1K_V1');
  // Nothing of the template was left.
  for (const text of [notice, readme, JSON.stringify(manifest)])
    expect(text).not.toMatch(/\b[A-Z_]*(ARCH|NAME|FILE|PATH|BYTES)\b/);
});

test('it goes before the cache and the download, from any folder of the project', async () => {
  const { root, weights } = await project();
  const deep = path.join(root, 'src', 'deep');
  fs.mkdirSync(deep, { recursive: true });
  const cached = await locate(made);
  expect(cached).toBe(path.join(folder, 'torch', 'hub', 'checkpoints', 'resnet18-12345678.pth'));
  process.chdir(deep);
  server.answer((_request, response) => response.writeHead(500).end());
  expect(await locate(made)).toBe(weights);
  expect(await locate(made, { offline: true })).toBe(weights);
  expect(server.requests).toEqual([]);
  // The weights of another name are another package's.
  await expect(
    locate({ ...made, name: 'imagenet-v2', path: 'models/x-12345678.pth' }, { offline: true }),
  ).rejects.toThrow('downloads are off');
});

/** What a program that knows nothing of the package finds. */
async function foundBy(program: string, cwd: string): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [program], { cwd });
  return JSON.parse(stdout);
}

test('it is found by the program, by its link in node_modules/.bin, and beside resnet-ft, whatever the working directory is', async () => {
  const { root, installed, weights } = await project();
  const source = (dist: string): string =>
    `const { packagedWeights } = require(${JSON.stringify(path.join(dist, 'weights', 'packaged.js'))});
     console.log(JSON.stringify(packagedWeights(${JSON.stringify(made)}) ?? null));`;
  const elsewhere = path.join(folder, 'elsewhere');
  fs.mkdirSync(elsewhere);
  const program = path.join(root, 'program.js');
  fs.writeFileSync(program, source(path.join(ROOT, 'dist')));
  expect(await foundBy(program, elsewhere)).toEqual({ name: PACKAGE, file: weights });

  const outside = path.join(elsewhere, 'program.js');
  fs.writeFileSync(outside, source(path.join(ROOT, 'dist')));
  expect(await foundBy(outside, elsewhere)).toBeNull();
  const bin = path.join(root, 'node_modules', '.bin');
  fs.mkdirSync(bin);
  fs.symlinkSync(outside, path.join(bin, 'resnet-ft'));
  expect(await foundBy(path.join(bin, 'resnet-ft'), elsewhere)).toEqual({ name: PACKAGE, file: weights });

  // A global installation: both in one folder, the program and the working directory elsewhere.
  const global = path.join(folder, 'lib', 'node_modules');
  fs.cpSync(path.join(ROOT, 'dist'), path.join(global, 'resnet-ft', 'dist'), { recursive: true });
  fs.cpSync(installed, path.join(global, PACKAGE), { recursive: true });
  fs.writeFileSync(outside, source(path.join(global, 'resnet-ft', 'dist')));
  expect(await foundBy(outside, elsewhere)).toEqual({
    name: PACKAGE,
    file: path.join(global, PACKAGE, 'resnet18-12345678.pth'),
  });
});

test('a package whose file is not these weights is refused in one line, and not passed over', async () => {
  const { root, weights } = await project();
  process.chdir(root);
  const refused = async (): Promise<{ code: string; message: string; hint: string }> =>
    locate(made).then(
      () => {
        throw new Error('it was taken');
      },
      (error: { code: string; message: string; hint: string }) => error,
    );
  const changed = Buffer.from(body);
  changed[30_000] = (changed[30_000] ?? 0) ^ 1;
  const faults: [() => void, RegExp][] = [
    [() => fs.writeFileSync(weights, changed), /: its SHA-256 begins with [0-9a-f]{8}, not [0-9a-f]{8}$/],
    [() => fs.truncateSync(weights, 20_000), /: has 0\.0 MB instead of 0\.1 MB$/],
    [() => fs.rmSync(weights), /: is not there$/],
    [() => fs.mkdirSync(weights), /: is not a file$/],
    [() => (fs.rmdirSync(weights), execFileSync('mkfifo', [weights])), /: is not a file$/],
  ];
  for (const [damage, message] of faults) {
    damage();
    const error = await refused();
    expect(error).toMatchObject({
      code: 'WEIGHTS_INVALID',
      message: expect.stringMatching(message),
      hint: `Install it again: npm uninstall ${PACKAGE} && npm install ${PACKAGE}`,
    });
    expect(error.message).toContain(`${weights}, of the npm package ${PACKAGE}: `);
  }
  expect(server.requests).toEqual([]);
});

test('nothing of a package runs, whatever its package.json says', async () => {
  const { root, installed, weights } = await project();
  const mark = path.join(root, 'it-ran');
  const code = `require('node:fs').writeFileSync(${JSON.stringify(mark)}, '')`;
  for (const name of ['index.js', 'package.js', 'package.json.js']) fs.writeFileSync(path.join(installed, name), code);
  const manifest = { name: PACKAGE, version: '1.0.0', main: 'index.js', scripts: { install: `node -e "${code}"` } };
  fs.writeFileSync(path.join(installed, 'package.json'), JSON.stringify(manifest));
  process.chdir(root);
  expect(await locate(made)).toBe(weights);
  expect(fs.existsSync(mark)).toBe(false);
});

test('an abort while it is checked is ABORTED', async () => {
  const { root } = await project();
  process.chdir(root);
  await expect(locate(made, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
  const stop = new AbortController();
  const found = locate(made, { signal: stop.signal });
  stop.abort();
  await expect(found).rejects.toMatchObject({ code: 'ABORTED' });
});

test('what does not come by download names the package, where npm has one', async () => {
  const v2 = await run(['weights', 'download', 'imagenet-v2', '--offline']);
  expect(v2.code).toBe(1);
  expect(v2.stderr).toMatch(
    / by hand, or take it from npm \(npm install @resnet-ft\/weights-resnet50-imagenet-v2\)\n$/,
  );
  const other = await run(['weights', 'download', 'imagenet-v1', '--arch', 'resnet18', '--offline']);
  expect(other.stderr).toMatch(/resnet18-f37072fd\.pth by hand\.\n$/);
  const { stdout } = await run(['weights', 'list', '--arch', 'resnet50']);
  expect(stdout).toMatch(/not downloaded; npm has it: npm install @resnet-ft\/weights-resnet50-imagenet-v1$/m);
});

test('weights list, weights download and doctor see an installed package, and that its file is not the official one', async () => {
  // Of the size of the real file: only its hash tells.
  const program = path.join(folder, 'program');
  const own = path.join(program, 'node_modules', '@resnet-ft', 'weights-resnet34-imagenet-v1');
  fs.mkdirSync(own, { recursive: true });
  fs.writeFileSync(path.join(own, 'package.json'), '{}');
  const file = path.join(own, 'resnet34-b627a593.pth');
  fs.writeFileSync(file, '');
  fs.truncateSync(file, Math.round(83.275 * 1024 ** 2));
  const command = (...args: string[]): SpawnSyncReturns<string> =>
    spawnSync(process.execPath, [path.join(ROOT, 'bin', 'resnet-ft.js'), ...args], { cwd: program, encoding: 'utf8' });
  expect(JSON.parse(command('weights', 'list', '--arch', 'resnet34', '--json').stdout)).toEqual([
    expect.objectContaining({ file, package: '@resnet-ft/weights-resnet34-imagenet-v1' }),
  ]);
  const refused = command('weights', 'download', 'imagenet-v1', '--arch', 'resnet34');
  expect(refused.status).toBe(1);
  expect(refused.stderr).toMatch(
    /^resnet-ft: .*resnet34-b627a593\.pth, of the npm package @resnet-ft\/weights-resnet34-imagenet-v1: its SHA-256 begins with [0-9a-f]{8}, not b627a593\. Install it again: npm uninstall .+\n$/,
  );

  const report = await diagnose(['--verify'], {}, ROOT, program);
  expect(report.check('weights').data).toMatchObject({
    present: ['imagenet-v1 resnet34'],
    packages: ['@resnet-ft/weights-resnet34-imagenet-v1'],
  });
  expect(report.check('weights').found).toContain('; from npm: @resnet-ft/weights-resnet34-imagenet-v1');
  expect(report.check('weights imagenet-v1 resnet34')).toMatchObject({
    status: 'problem',
    found: expect.stringMatching(/of the npm package @resnet-ft\/weights-resnet34-imagenet-v1: its SHA-256 begins/),
    fix: expect.stringMatching(/^Run: npm uninstall @resnet-ft\/weights-resnet34-imagenet-v1 && npm install /),
  });
});

describe('pack-weights', () => {
  const script = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
    promisify(execFile)(process.execPath, [path.join(ROOT, 'scripts', 'pack-weights.js'), ...args], {
      env: { ...process.env, RESNET_FT_OFFLINE: '1' },
    }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );

  test('refuses what is not the official file', async () => {
    const file = path.join(folder, 'wrong.pth');
    fs.writeFileSync(file, '');
    fs.truncateSync(file, 46_830_571);
    const out = path.join(folder, 'refused');
    const wrong = await script('imagenet-v1', '--arch', 'resnet18', '--file', file, '--out', out);
    expect(wrong).toMatchObject({ code: 1, stdout: '' });
    expect(wrong.stderr).toMatch(
      /^pack-weights: .*wrong\.pth is not imagenet-v1 of resnet18: its SHA-256 begins with .*, not f37072fd\n$/,
    );
    expect(fs.existsSync(out)).toBe(false);
  });

  test.each([
    [['imagenet-v9'], /there are no weights imagenet-v9 --arch resnet50, but imagenet-v1 --arch resnet18, /],
    [['imagenet-v2', '--arch', 'resnet18'], /there are no weights imagenet-v2 --arch resnet18/],
    [['--file', 'x.pth'], /expected one NAME, such as imagenet-v1/],
    // All that are published, downloaded: which is off here.
    [[], /cannot download .*resnet50-0676ba61\.pth: downloads are off/],
  ])('%j is an error', async (args, message) => {
    const { code, stderr } = await script(...args);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});
