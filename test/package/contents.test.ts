import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { libraryName } from '../../lib/libtorch/inspect';
import { LIBTORCH_VERSION } from '../../lib/libtorch/version';
import { ROOT } from '../cli/run';
import { MAX_PACKED_BYTES, pack, packLibtorch, type Packed } from './project';
import { BUILT_FOR_SEVERAL } from '../team/built';
// eslint-disable-next-line @typescript-eslint/no-require-imports -- a script, and not TypeScript
const elf = require('../../scripts/elf.js') as {
  FLOORS: Record<string, string>;
  requirements(file: string): Record<string, string>;
  checkRuntime(file: string): void;
};

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'resnet-ft-contents-'));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

/** What git knows, or would, of a folder. */
function sources(...places: string[]): string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', ...places];
  const names = execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).split('\n');
  return names.filter((name) => name !== '' && fs.existsSync(path.join(ROOT, name)));
}

let packed: Packed;
beforeAll(async () => {
  packed = await pack(folder);
  execFileSync('tar', ['-xzf', packed.filename], { cwd: folder });
});

test('the tarball holds these files and no others', () => {
  const compiled = sources('lib').flatMap((name) => {
    if (name.endsWith('.json')) return [name.replace(/^lib/, 'dist')];
    const base = name.replace(/^lib/, 'dist').replace(/\.ts$/, '');
    return [`${base}.js`, `${base}.d.ts`];
  });
  const prebuilds = `prebuilds/${process.platform}-${process.arch}`;
  const expected = [
    ...['CHANGELOG.md', 'CMakeLists.txt', 'LICENSE', 'NOTICE', 'README.md', 'package.json'],
    ...['bin/resnet-ft.js', 'dist/charts/echarts.LICENSE.txt', ...sources('cmake')],
    ...['scripts/build-native.js', 'scripts/build-target.js', 'scripts/gloo-headers.js'],
    ...compiled,
    ...sources('native'),
    `${prebuilds}/${libraryName('resnet_ft_core')}`,
    // Where gloo's headers could be had.
    ...(BUILT_FOR_SEVERAL ? [`${prebuilds}/libresnet_ft_c10d-2.13.so`] : []),
    `${prebuilds}/resnet_ft.libtorch-2.13.${process.platform === 'linux' ? 'glibc.' : ''}node`,
  ];
  expect(packed.files.map((file) => file.path).sort()).toEqual(expected.sort());
  expect(packed.size).toBeLessThan(MAX_PACKED_BYTES);
});

test('the published manifest runs nothing at installation and needs no compiler', () => {
  const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package', 'package.json'), 'utf8'));
  for (const name of ['preinstall', 'install', 'postinstall']) expect(manifest.scripts).not.toHaveProperty(name);
  // npm adds an install script of its own for a binding.gyp.
  expect(packed.files.map((file) => file.path)).not.toContain('binding.gyp');
  for (const name of ['cmake-js', 'node-addon-api', 'node-api-headers']) {
    expect(manifest.dependencies).not.toHaveProperty(name);
    expect(manifest.peerDependenciesMeta[name]).toEqual({ optional: true });
  }
  expect(manifest.optionalDependencies).toEqual({
    '@resnet-ft/libtorch-linux-arm64-cpu': LIBTORCH_VERSION,
    '@resnet-ft/libtorch-linux-x64-cpu': LIBTORCH_VERSION,
  });
});

test('charts need nothing that is not in the package, and their licences go with them', () => {
  const charts = path.join(folder, 'package', 'dist', 'charts');
  const bundle = fs.readFileSync(path.join(charts, 'echarts.js'), 'utf8');
  expect([...bundle.matchAll(/require\("([^"]+)"\)/g)].map(([, name]) => name)).toEqual([]);
  const draw = `require(${JSON.stringify(path.join(charts, 'echarts.js'))}).drawChart({ xAxis: {}, yAxis: {}, series: [] }, 90, 60)`;
  expect(execFileSync(process.execPath, ['-p', draw], { cwd: os.tmpdir(), encoding: 'utf8' })).toMatch(/^<svg/);
  expect(bundle).toMatch(/^\/\*! .*echarts\.LICENSE\.txt/);
  const licences = fs.readFileSync(path.join(charts, 'echarts.LICENSE.txt'), 'utf8');
  for (const text of [
    /Apache License\s+Version 2\.0/,
    /The Apache Software Foundation/,
    /ZRender[\s\S]*BSD/,
    /Microsoft/,
  ]) {
    expect(licences).toMatch(text);
  }
});

test('publint and arethetypeswrong have nothing to say', () => {
  const tarball = path.join(folder, packed.filename);
  for (const args of [
    [path.join(ROOT, 'node_modules', 'publint', 'src', 'cli.js'), tarball, '--strict'],
    [path.join(ROOT, 'node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js'), tarball],
  ]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    expect({ status, output: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, output: '' });
  }
});

const onLinux = process.platform === 'linux' ? describe : describe.skip;
onLinux('the prebuilt binaries', () => {
  const files = (): string[] => {
    const prebuilds = path.join(folder, 'package', 'prebuilds', `${process.platform}-${process.arch}`);
    return fs.readdirSync(prebuilds).map((name) => path.join(prebuilds, name));
  };

  test('ask for no newer C and C++ runtime than LibTorch does, and carry no search path', () => {
    expect(files()).toHaveLength(3);
    for (const file of files()) {
      elf.checkRuntime(file);
      expect(elf.requirements(file)).toHaveProperty('GLIBC');
    }
  });

  test('ask for what docs/packaging.md says', () => {
    // Another compiler, as of the release workflow, may ask for less.
    const named = files().filter((file) => fs.readFileSync(file).includes('GCC: (Debian 12.'));
    if (process.arch !== 'x64' || named.length === 0) return;
    const asked = (name: string): string => {
      const file = named.find((one) => path.basename(one).includes(name));
      if (file === undefined) throw new Error(`no ${name}`);
      const versions = elf.requirements(file);
      return ['GLIBC', 'GLIBCXX', 'CXXABI', 'GCC'].map((library) => versions[library]).join(' ');
    };
    const pages = fs.readFileSync(path.join(ROOT, 'docs', 'packaging.md'), 'utf8');
    const told = (row: string): string | undefined =>
      new RegExp(`^\\| ${row} +\\|(.*)\\|$`, 'm')
        .exec(pages)?.[1]
        ?.replace(/[|\s]+/g, ' ')
        .trim();
    expect(told('loader')).toBe(asked('.node'));
    expect(told('core')).toBe(asked('_core'));
    if (BUILT_FOR_SEVERAL) expect(told('what several processes need')).toBe(asked('_c10d-'));
    expect(told('floor, [^|]*')).toBe(
      ['GLIBC', 'GLIBCXX', 'CXXABI', 'GCC'].map((library) => elf.FLOORS[library]).join(' '),
    );
  });

  test('the check sees what it is for: Node.js has its symbols', () => {
    expect(() => elf.checkRuntime(process.execPath)).toThrow(/asks for|search path|not stripped/);
  });

  test('name no folder of the machine that built them', () => {
    for (const file of files()) {
      const bytes = fs.readFileSync(file);
      for (const place of [ROOT, os.homedir()]) expect(bytes.includes(`${place}/`)).toBe(false);
    }
  });
});

const onLinuxX64 = process.platform === 'linux' && process.arch === 'x64' ? test : test.skip;
onLinuxX64("LibTorch's package: four libraries and their licences, for Linux x64 with glibc", async () => {
  const libtorch = await packLibtorch(path.join(folder, 'libtorch'), true);
  const manifest = JSON.parse(fs.readFileSync(path.join(libtorch, 'package.json'), 'utf8'));
  expect(manifest).toMatchObject({ os: ['linux'], cpu: ['x64'], libc: ['glibc'] });
  expect(manifest.repository).toMatchObject({ type: 'git', directory: 'packages/libtorch-linux-x64-cpu' });
  for (const name of ['private', 'scripts', 'dependencies']) expect(manifest).not.toHaveProperty(name);
  expect(fs.readdirSync(libtorch).sort()).toEqual(['README.md', 'build-version', 'lib', 'licenses', 'package.json']);
  expect(
    fs
      .readdirSync(path.join(libtorch, 'lib'))
      .map((name) => name.replace(/-[0-9a-f]+/, ''))
      .sort(),
  ).toEqual(['libc10.so', 'libgomp.so.1', 'libtorch.so', 'libtorch_cpu.so']);
  expect(fs.readFileSync(path.join(libtorch, 'licenses', 'LICENSE'), 'utf8')).toMatch(/Copyright/);
});
