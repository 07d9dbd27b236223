import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT, type Outcome } from '../cli/run';
import { BUNDLED, TAKEN_APART } from './bundled-program';
import { LIBTORCH_PACKAGE, pack, packLibtorch, Project } from './project';
import { IMAGE, trainRun } from './scenario';

/** What docs/deploying.md says was tried. pnpm 10 is the last that reads overrides from package.json. */
const TOOLS = [
  ...['webpack@5.113.0', 'vite@8.4.0', '@vercel/nft@1.11.5', 'pnpm@10.34.9', '@yarnpkg/cli-dist@4.18.1'],
  ...['@oven/bun-linux-x64@1.4.5', '@deno/linux-x64-glibc@2.9.6', '@electron/asar@3.4.1'],
  ...['next@16.4.6', 'react@19', 'react-dom@19'],
];

const onLinuxX64 = process.platform === 'linux' && process.arch === 'x64' ? describe : describe.skip;

onLinuxX64('bundlers, package managers and other runtimes, with the packed package', () => {
  const packed = fs.mkdtempSync(path.join(os.tmpdir(), 'resnet-ft-packed-'));
  let [tarball, libtorch] = ['', ''];
  const [tools, project] = [new Project(), new Project()];
  let answer: unknown;
  const tool = (...names: string[]): string => path.join(tools.folder, 'node_modules', ...names);
  const args = (): string[] => [path.join(project.folder, 'run'), IMAGE];

  /** Installs as npm does, but for LibTorch's 437 MB, which are hard links. */
  async function install(into: Project, ...more: string[]): Promise<void> {
    await into.npm('install', tarball, ...more);
    fs.rmSync(path.join(into.folder, 'node_modules', LIBTORCH_PACKAGE), { recursive: true, force: true });
    await packLibtorch(path.join(into.folder, 'node_modules', LIBTORCH_PACKAGE), true);
  }

  beforeAll(async () => {
    tarball = path.join(packed, (await pack(packed)).filename);
    libtorch = await packLibtorch(path.join(packed, 'libtorch'), true);
    await tools.npm('install', ...TOOLS);
    await install(project);
    expect(await trainRun(project)).toMatchObject({ code: 0 });
    project.write('program.mjs', BUNDLED);
    const outcome = await project.node(['program.mjs', ...args()]);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    answer = JSON.parse(outcome.stdout);
  });
  afterAll(() => {
    for (const one of [tools, project]) one.close();
    fs.rmSync(packed, { recursive: true, force: true });
  });

  function run(program: string, argv: string[], cwd: string, env: Record<string, string> = {}): Promise<Outcome> {
    return new Promise((resolve) => {
      const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 2 ** 26 };
      execFile(program, argv, options, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : null, stdout, stderr });
      });
    });
  }

  /** A tool has to succeed before its result is looked at. */
  async function done(program: string, argv: string[], cwd = project.folder, env = {}): Promise<string> {
    const outcome = await run(program, argv, cwd, env);
    if (outcome.code !== 0) throw new Error(`${argv.join(' ')}: ${outcome.stdout}${outcome.stderr}`);
    return outcome.stdout;
  }
  const works = (outcome: Outcome): void => {
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(outcome.stdout)).toEqual(answer);
  };

  test.each([
    ['sharp', false],
    ['resnet-ft', true],
  ])('webpack, externals %s', async (external, good) => {
    const config = {
      ...{ mode: 'production', target: 'node20', context: project.folder, entry: './program.mjs' },
      output: { path: path.join(project.folder, 'webpack'), filename: `${external}.cjs` },
      externals: { [external]: `commonjs ${external}` },
    };
    const script = `require(${JSON.stringify(tool('webpack'))})(${JSON.stringify(config)}, (e, s) => { if (e || s.hasErrors()) throw e ?? new Error(s.toString()) })`;
    await done(process.execPath, ['-e', script]);
    const outcome = await project.node([path.join('webpack', `${external}.cjs`), ...args()]);
    if (good) works(outcome);
    else expect(outcome).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(TAKEN_APART) });
  });

  test.each([
    ['as it is', {}, true],
    ['noExternal', { noExternal: true, external: ['sharp'] }, false],
    ['noExternal, external', { noExternal: true, external: ['resnet-ft'] }, true],
  ])('Vite SSR, %s', async (name, ssr, good) => {
    const outDir = `vite ${name}`;
    const config = { root: project.folder, logLevel: 'error', ssr, build: { ssr: 'program.mjs', outDir } };
    const vite = JSON.stringify(tool('vite', 'dist', 'node', 'index.js'));
    await done(process.execPath, ['-e', `import(${vite}).then((v) => v.build(${JSON.stringify(config)}))`]);
    const outcome = await project.node([path.join(outDir, 'program.mjs'), ...args()]);
    if (good) works(outcome);
    else expect(outcome).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(TAKEN_APART) });
  });

  test('@vercel/nft: what it lists is enough elsewhere', async () => {
    const script = `require(${JSON.stringify(tool('@vercel', 'nft'))}).nodeFileTrace(['program.mjs'], { base: '.' }).then((t) => console.log(JSON.stringify([...t.fileList])))`;
    const files = JSON.parse(await done(process.execPath, ['-e', script])) as string[];
    const elsewhere = path.join(packed, 'traced');
    for (const file of files) {
      fs.mkdirSync(path.dirname(path.join(elsewhere, file)), { recursive: true });
      fs.linkSync(path.join(project.folder, file), path.join(elsewhere, file));
    }
    works(await project.node(['program.mjs', ...args()], {}, elsewhere));
  });

  test.each(['pnp', 'node-modules'])('Yarn, nodeLinker %s: predicts, and trains', async (nodeLinker) => {
    const folder = path.join(packed, `yarn-${nodeLinker}`);
    fs.mkdirSync(folder);
    const write = (name: string, text: string): void => fs.writeFileSync(path.join(folder, name), text);
    // Yarn asks a registry for the package of the other platform too, which it does not install.
    const other = path.join(ROOT, 'packages', 'libtorch-linux-arm64-cpu');
    const resolutions = {
      [LIBTORCH_PACKAGE]: `portal:${libtorch}`,
      '@resnet-ft/libtorch-linux-arm64-cpu': `portal:${other}`,
    };
    write(
      'package.json',
      JSON.stringify({ name: 'project', dependencies: { 'resnet-ft': `file:${tarball}` }, resolutions }),
    );
    write('yarn.lock', '');
    write('program.mjs', BUNDLED);
    const yarn = tool('@yarnpkg', 'cli-dist', 'bin', 'yarn.js');
    const registry = (await project.npm('config', 'get', 'registry')).trim().replace(/\/$/, '');
    const env = {
      ...{ YARN_NODE_LINKER: nodeLinker, YARN_NPM_REGISTRY_SERVER: registry, YARN_ENABLE_SCRIPTS: '0' },
      ...{
        YARN_ENABLE_TELEMETRY: '0',
        YARN_ENABLE_IMMUTABLE_INSTALLS: '0',
        YARN_GLOBAL_FOLDER: path.join(packed, 'yarn'),
      },
    };
    await done(process.execPath, [yarn, 'install'], folder, env);
    const outcome = await run(process.execPath, [yarn, 'node', 'program.mjs', ...args()], folder, env);
    expect(outcome).toMatchObject({ code: 0 });
    expect(JSON.parse(outcome.stdout)).toEqual(answer);
    const train = ['train', path.dirname(path.dirname(path.dirname(IMAGE))), '--arch', 'resnet18', '--weights', 'none'];
    const short = ['--epochs', '1', '--image-size', '64', '--threads', '1', '--crop-cache', '0', '--output', 'run'];
    await done(process.execPath, [yarn, 'exec', 'resnet-ft', ...train, ...short], folder, env);
    expect(fs.existsSync(path.join(folder, 'run', 'model.safetensors'))).toBe(true);
  });

  test('pnpm', async () => {
    const folder = path.join(packed, 'pnpm');
    fs.mkdirSync(folder);
    const pnpm = { overrides: { [LIBTORCH_PACKAGE]: `link:${libtorch}` } };
    const manifest = { name: 'project', private: true, dependencies: { 'resnet-ft': `file:${tarball}` }, pnpm };
    fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
    fs.writeFileSync(path.join(folder, 'program.mjs'), BUNDLED);
    const options = [
      '--ignore-scripts',
      '--store-dir',
      path.join(packed, 'store'),
      '--config.auto-install-peers=false',
    ];
    await done(process.execPath, [tool('pnpm', 'bin', 'pnpm.cjs'), 'install', ...options], folder);
    works(await project.node(['program.mjs', ...args()], {}, folder));
  });

  test('Bun, as a runtime and as a bundler', async () => {
    const bun = tool('@oven', 'bun-linux-x64', 'bin', 'bun');
    works(await run(bun, ['program.mjs', ...args()], project.folder));
    await done(bun, [
      'build',
      '--target',
      'bun',
      '--external',
      'resnet-ft',
      'program.mjs',
      '--outfile',
      'bun/program.js',
    ]);
    works(await run(bun, [path.join('bun', 'program.js'), ...args()], project.folder));
  });

  test('Deno, with no more rights than it needs', async () => {
    const rights = ['--no-prompt', '--allow-read', '--allow-env', '--allow-ffi', '--allow-sys'];
    const deno = ['run', '--node-modules-dir=manual', ...rights, 'program.mjs', ...args()];
    works(
      await run(tool('@deno', 'linux-x64-glibc', 'deno'), deno, project.folder, {
        DENO_DIR: path.join(packed, 'deno'),
      }),
    );
  });

  test("asar, as Electron's builders call it: libraries are beside the archive, and opened there", async () => {
    const app = path.join(packed, 'app');
    fs.mkdirSync(app);
    fs.cpSync(path.join(project.folder, 'program.mjs'), path.join(app, 'program.mjs'));
    await done('cp', ['-al', path.join(project.folder, 'node_modules'), path.join(app, 'node_modules')]);
    const unpack = ['--unpack-dir', '**/node_modules/{resnet-ft,@resnet-ft,sharp,@img}'];
    await done(process.execPath, [
      tool('@electron', 'asar', 'bin', 'asar.js'),
      'pack',
      app,
      path.join(packed, 'app.asar'),
      ...unpack,
    ]);
    // Electron itself reads the archive; here a folder of its name stands for it, without what only the system opens.
    fs.rmSync(path.join(packed, 'app.asar'));
    fs.renameSync(app, path.join(packed, 'app.asar'));
    const inside = path.join(packed, 'app.asar', 'node_modules');
    fs.rmSync(path.join(inside, 'resnet-ft', 'prebuilds'), { recursive: true });
    fs.rmSync(path.join(inside, LIBTORCH_PACKAGE, 'lib'), { recursive: true });
    works(await project.node([path.join(packed, 'app.asar', 'program.mjs'), ...args()]));
  });

  test.each([
    ['serverExternalPackages', '--webpack', {}],
    [
      'serverExternalPackages and outputFileTracingIncludes',
      '--turbopack',
      { '/api': ['./node_modules/resnet-ft/prebuilds/**', './node_modules/@resnet-ft/libtorch-*/**'] },
    ],
  ])('Next.js standalone, %s', async (_, bundler, outputFileTracingIncludes) => {
    const site = new Project();
    try {
      await install(site, 'next@16.4.6', 'react@19', 'react-dom@19');
      const config = { output: 'standalone', serverExternalPackages: ['resnet-ft'], outputFileTracingIncludes };
      site.write('next.config.mjs', `export default ${JSON.stringify(config)}`);
      site.write(
        'app/layout.js',
        'export default function Layout({ children }) { return <html lang="en"><body>{children}</body></html>; }',
      );
      const main = BUNDLED.slice(0, BUNDLED.indexOf('main(process.argv')).replace(
        'console.log(JSON.stringify(',
        'return Response.json((',
      );
      site.write(
        'app/api/route.js',
        `${main}\nexport const dynamic = 'force-dynamic';\nexport const GET = () => main(process.env.MODEL, process.env.IMAGE);\n`,
      );
      const next = path.join(site.folder, 'node_modules', 'next', 'dist', 'bin', 'next');
      await done(process.execPath, [next, 'build', bundler], site.folder, { NEXT_TELEMETRY_DISABLED: '1' });
      const [MODEL, IMAGE_FILE] = args() as [string, string];
      const env = { ...process.env, MODEL, IMAGE: IMAGE_FILE, PORT: '34117', HOSTNAME: '127.0.0.1' };
      // Elsewhere, where node_modules above is not in reach.
      const standalone = path.join(packed, bundler);
      fs.cpSync(path.join(site.folder, '.next', 'standalone'), standalone, { recursive: true });
      const server = spawn(process.execPath, ['server.js'], { cwd: standalone, env, stdio: 'ignore' });
      try {
        let response: Response | undefined;
        for (let i = 0; response === undefined && i < 120; i++) {
          response = await fetch('http://127.0.0.1:34117/api').catch(() => sleep(500, undefined));
        }
        expect(await response?.json()).toEqual(answer);
      } finally {
        server.kill();
      }
    } finally {
      site.close();
    }
  });
});
