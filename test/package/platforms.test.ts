import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { findLibtorch } from '../../lib/libtorch/find';
import { noAddon } from '../../lib/libtorch/loader';
import { hasLibtorch, libtorchPackageName } from '../../lib/libtorch/platform';
import { LIBTORCH_VERSION } from '../../lib/libtorch/version';
import { ROOT, scratch } from '../cli/run';
// eslint-disable-next-line @typescript-eslint/no-require-imports -- a script, and not TypeScript
const elf = require('../../scripts/elf.js') as {
  machineOf(file: string): { arch: string };
  checkRuntime(file: string, arch?: string): void;
};

const folder = scratch();
const PACKAGED = ['linux-x64', 'linux-arm64'];

const read = (...names: string[]): Record<string, unknown> =>
  JSON.parse(fs.readFileSync(path.join(ROOT, ...names), 'utf8')) as Record<string, unknown>;

test.each(PACKAGED)(
  '%s has a package of LibTorch, which resnet-ft names and no checkout asks a registry for',
  (platform) => {
    const name = `@resnet-ft/libtorch-${platform}-cpu`;
    expect(libtorchPackageName(platform)).toBe(name);
    const place = `packages/libtorch-${platform}-cpu`;
    const manifest = read('package.json');
    expect(manifest['optionalDependencies']).toHaveProperty([name], LIBTORCH_VERSION);
    expect(manifest['workspaces']).toContain(place);
    // Published are those that scripts/pack-libtorch.js makes: of the checkout npm must take both on every system.
    const own = read(place, 'package.json');
    expect(own).toMatchObject({ name, version: LIBTORCH_VERSION, private: true });
    for (const field of ['os', 'cpu', 'libc', 'scripts']) expect(own).not.toHaveProperty(field);
    expect(fs.readFileSync(path.join(ROOT, place, 'README.md'), 'utf8')).toContain(`# ${name}\n`);
  },
);

test('elsewhere there is none, and a platform without LibTorch is told so in one line', () => {
  for (const platform of ['darwin-arm64', 'win32-x64']) {
    expect(libtorchPackageName(platform)).toBeUndefined();
    expect(hasLibtorch(platform)).toBe(true);
  }
  const known = noAddon('linux-arm64', ['/r/build/Release', '/r/prebuilds']);
  expect(known.message).toBe('no native addon for linux-arm64 in /r/build/Release and /r/prebuilds');
  expect(known.hint).toMatch(/^Run: npx resnet-ft build/);
  const unknown = noAddon('linux-riscv64', ['/r/prebuilds']);
  expect(unknown.code).toBe('ADDON_NOT_LOADED');
  expect(unknown.message).toMatch(/^no native addon for linux-riscv64 .*, and PyTorch makes no LibTorch for it$/);
  expect(unknown.hint).toMatch(/^Use --backend js, or /);
});

/** The first bytes of an ELF file for this processor, by its number. */
function madeElf(machine: number): string {
  const file = path.join(folder, `machine-${machine}`);
  const bytes = Buffer.alloc(64);
  bytes.write('\x7fELF', 'latin1');
  bytes.writeUInt16LE(machine, 18);
  fs.writeFileSync(file, bytes);
  return file;
}

test('the processor of a binary is read from it, and another than that of its folder is an error', () => {
  expect(elf.machineOf(madeElf(62)).arch).toBe('x64');
  expect(elf.machineOf(madeElf(183)).arch).toBe('arm64');
  expect(() => elf.machineOf(madeElf(243))).toThrow(/another processor than x64 and arm64/);
  expect(() => elf.machineOf(path.join(ROOT, 'package.json'))).toThrow(/is no ELF file/);
  expect(() => elf.checkRuntime(madeElf(62), 'arm64')).toThrow(/machine-62 is for x64, not for arm64$/);
});

/** Runs a script of the checkout, without LIBTORCH unless one is named. */
function script(name: string, args: string[], libtorch = ''): { status: number | null; said: string } {
  const { status, stderr } = spawnSync(process.execPath, [path.join(ROOT, 'scripts', name), ...args], {
    ...{ cwd: folder, encoding: 'utf8', env: { ...process.env, LIBTORCH: libtorch } },
  });
  return { status, said: stderr };
}

const onLinuxX64 = process.platform === 'linux' && process.arch === 'x64' ? test : test.skip;

onLinuxX64("what is made for another platform is refused in one line where that can't be", () => {
  const out = path.join(folder, 'package');
  expect(script('build-native.js', ['--arch', 'riscv64'])).toEqual({
    status: 1,
    said: "build-native: --arch riscv64 can't be built on linux-x64, only on Linux: arm64\n",
  });
  expect(script('build-native.js', ['--arch', 'arm64'])).toMatchObject({
    status: 1,
    said: expect.stringMatching(/^build-native: set LIBTORCH to a LibTorch for linux-arm64, with headers: .*\n$/),
  });
  const pack = ['--folder', '--out', out, '--platform'];
  expect(script('pack-libtorch.js', [...pack, 'linux-riscv64'])).toEqual({
    status: 1,
    said: 'pack-libtorch: LibTorch is packed for linux-x64 and linux-arm64, not for linux-riscv64\n',
  });
  expect(script('pack-libtorch.js', [...pack, 'linux-arm64'])).toMatchObject({
    status: 1,
    said: expect.stringMatching(/^pack-libtorch: set LIBTORCH to a LibTorch for linux-arm64: .*\n$/),
  });
  expect(script('pack-libtorch.js', [...pack, 'linux-arm64'], findLibtorch().path)).toMatchObject({
    status: 1,
    said: expect.stringMatching(/^pack-libtorch: \S+ is for linux-x64, not for linux-arm64\n$/),
  });
  expect(fs.existsSync(out)).toBe(false);
});
