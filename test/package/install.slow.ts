import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { findLibtorch } from '../../lib/libtorch/find';
import { records } from '../cli/run';
import { LIBTORCH_PACKAGE, MAX_PACKED_BYTES, pack, packLibtorch, Project } from './project';
import { commandWithWeights, packMadeWeights } from './weights-package';
import { compile, IMAGE, runProgram, runWorkers, trainRun } from './scenario';

/** What npm's registry takes. */
const MAX_LIBTORCH_BYTES = 230e6;

const onLinuxX64 = process.platform === 'linux' && process.arch === 'x64' ? describe : describe.skip;

onLinuxX64('both tarballs', () => {
  const packed = fs.mkdtempSync(path.join(os.tmpdir(), 'resnet-ft-packed-'));
  let tarballs: { main: string; libtorch: string };
  const projects: Project[] = [];
  const newProject = (tools?: string[]): Project => {
    const project = new Project(tools);
    projects.push(project);
    return project;
  };

  beforeAll(async () => {
    const main = path.join(packed, (await pack(packed)).filename);
    tarballs = { main, libtorch: await packLibtorch(packed, false) };
  });
  afterAll(() => {
    for (const project of projects) project.close();
    fs.rmSync(packed, { recursive: true, force: true });
  });

  /** Everything that someone would do first. */
  async function use(project: Project): Promise<void> {
    const trained = await trainRun(project);
    expect(trained).toMatchObject({ code: 0 });
    expect(records(trained.stdout).at(-1)).toMatchObject({ kind: 'done', epochs: 1 });
    expect(await project.npx(['predict', 'run', IMAGE, '--json'])).toMatchObject({ code: 0 });
    const { esm, commonjs } = compile(project);
    expect(await runProgram(project, esm)).toMatchObject({ code: 0, stderr: '' });
    expect(await runProgram(project, commonjs)).toMatchObject({ code: 0, stderr: '' });
    expect(await runWorkers(project)).toMatchObject({ code: 0, stderr: '' });
  }

  test('npm will take them', () => {
    expect(fs.statSync(tarballs.libtorch).size).toBeLessThan(MAX_LIBTORCH_BYTES);
    expect(fs.statSync(tarballs.main).size).toBeLessThan(MAX_PACKED_BYTES);
  });

  test('npm: install, use, uninstall', async () => {
    const project = newProject();
    await project.npm('install', tarballs.main, tarballs.libtorch);
    await use(project);
    await project.npm('uninstall', 'resnet-ft', LIBTORCH_PACKAGE);
    expect(project.installedFiles()).toEqual([]);
  });

  test('a build from source, against the LibTorch of the tests, goes before the prebuilt addon', async () => {
    const project = newProject();
    await project.npm('install', tarballs.main, tarballs.libtorch);
    await project.npm('install', '--save-dev', 'cmake-js', 'node-addon-api', 'node-api-headers');
    const { path: libtorch } = findLibtorch({ requireHeaders: true });
    // The compiler needs what this process has.
    const bin = path.join(project.folder, 'node_modules', 'resnet-ft', 'bin', 'resnet-ft.js');
    const options = { cwd: project.folder, encoding: 'utf8', env: { ...process.env, LIBTORCH: libtorch } } as const;
    const built = execFileSync(process.execPath, [bin, 'build'], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    expect(built.trim()).toMatch(/node_modules\/resnet-ft\/build\/Release\/resnet_ft\.node$/);
    fs.rmSync(path.join(project.folder, 'node_modules', 'resnet-ft', 'prebuilds'), { recursive: true });
    expect(await trainRun(project)).toMatchObject({ code: 0 });
  });

  test("pnpm: LibTorch's package is where only resnet-ft sees it, and that of weights where only the project does", async () => {
    // pnpm's links to programs are shell scripts that use these.
    const project = newProject(['dirname', 'sed', 'uname']);
    const weights = await packMadeWeights(packed);
    // As from the registry: the project asks for resnet-ft and weights, and LibTorch comes as a dependency of the first.
    const manifest = {
      ...{ name: 'project', version: '1.0.0', private: true },
      dependencies: {
        'resnet-ft': `file:${tarballs.main}`,
        '@resnet-ft/weights-resnet18-imagenet-v1': `file:${weights.tarball}`,
      },
      pnpm: { overrides: { [LIBTORCH_PACKAGE]: `file:${tarballs.libtorch}` } },
    };
    project.write('package.json', JSON.stringify(manifest));
    const store = path.join(project.root, 'store');
    // 10 is the last that reads overrides from package.json.
    const pnpm = [
      '--yes',
      'pnpm@10',
      'install',
      '--ignore-scripts',
      '--store-dir',
      store,
      '--config.auto-install-peers=false',
    ];
    execFileSync('npx', pnpm, { cwd: project.folder, stdio: ['ignore', 'pipe', 'pipe'] });
    expect(fs.existsSync(path.join(project.folder, 'node_modules', LIBTORCH_PACKAGE))).toBe(false);
    await use(project);

    const program = commandWithWeights(project, weights);
    const download = ['weights', 'download', 'imagenet-v1', '--arch', 'resnet18', '--offline'];
    const elsewhere = await project.node([program, ...download], {}, project.root);
    expect(elsewhere).toMatchObject({ code: 0, stderr: '' });
    expect(elsewhere.stdout.trim()).toMatch(/resnet18-f37072fd\.pth$/);
  });
});
