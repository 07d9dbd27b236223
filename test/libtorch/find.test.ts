import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { findLibtorch } from '../../lib/libtorch/find';
import { isSupported, shownRange, supportedRange, versionMisfit } from '../../lib/libtorch/compatibility';
import { addonFor, fakeLibtorch, libraryFile, sandbox, type Sandbox } from './fakes';

let box: Sandbox;
beforeEach(() => {
  box = sandbox();
});
afterEach(() => box.close());

test('LIBTORCH goes before the cache, the cache before Python', () => {
  const named = fakeLibtorch(path.join(box.root, 'named'), '2.14.1+cpu', { zip: true });
  const inPython = fakeLibtorch(path.join(box.root, 'site', 'torch'), '2.13.2');
  fakeLibtorch(box.target, '2.13.0+cpu');
  box.python({ torch: path.join(inPython, '__init__.py') });
  process.env['LIBTORCH'] = named;

  expect(findLibtorch()).toMatchObject({ source: 'LIBTORCH', path: named, version: '2.14.1+cpu', rejected: [] });
  delete process.env['LIBTORCH'];
  expect(findLibtorch()).toMatchObject({ source: 'cache', path: box.target, version: '2.13.0+cpu' });
  expect(fs.existsSync(path.join(box.root, 'calls'))).toBe(false); // Python was not started
  fs.rmSync(box.target, { recursive: true });
  const found = findLibtorch();
  expect(found).toMatchObject({ source: 'python', path: inPython, version: '2.13.2' });
  expect(found.rejected.map((r) => r.source)).toEqual(['LIBTORCH', 'package', 'cache']);
});

test('a user without a home folder, and so without a cache, has what is elsewhere', () => {
  const inPython = fakeLibtorch(path.join(box.root, 'site', 'torch'), '2.13.2');
  box.python({ torch: path.join(inPython, '__init__.py') });
  delete process.env['XDG_CACHE_HOME'];
  for (const ask of ['homedir', 'userInfo'] as const) {
    jest.spyOn(os, ask).mockImplementation(() => {
      throw new Error('no such user');
    });
  }
  try {
    const found = findLibtorch();
    expect(found).toMatchObject({ source: 'python', path: inPython });
    expect(found.rejected.at(-1)).toMatchObject({ source: 'cache', reason: expect.stringContaining('HOME') });
  } finally {
    jest.restoreAllMocks();
  }
});

test('libraries come in load order, with CUDA where it is', () => {
  process.env['LIBTORCH'] = fakeLibtorch(path.join(box.root, 'cuda'), '2.13.0', { extra: ['torch_cuda', 'c10_cuda'] });
  fs.writeFileSync(path.join(box.root, 'cuda', 'lib', 'libgomp.so.1'), '');
  expect(findLibtorch().libraries.map((file) => path.basename(file))).toEqual([
    'libgomp.so.1',
    ...['c10', 'torch_cpu', 'c10_cuda', 'torch_cuda', 'torch'].map(libraryFile),
  ]);
});

test.each([
  ['there is no such folder', () => {}],
  // As of a folder in that of another user, which a test of root could look into.
  ['it cannot be read: ', (folder: string) => fs.symlinkSync(folder, folder)],
  ['version 2.12.1 is outside >=2.13 <2.15', (folder: string) => void fakeLibtorch(folder, '2.12.1')],
  ['version 2.15.0 is outside >=2.13 <2.15', (folder: string) => void fakeLibtorch(folder, '2.15.0')],
  [
    'torch_cpu',
    (folder: string) => {
      fakeLibtorch(folder, '2.13.0');
      fs.rmSync(path.join(folder, 'lib', libraryFile('torch_cpu')));
    },
  ],
])('a LIBTORCH that does not fit is an error: %s', (reason, make) => {
  fakeLibtorch(box.target, '2.13.0+cpu');
  const folder = path.join(box.root, 'bad');
  make(folder);
  process.env['LIBTORCH'] = folder;
  expect(() => findLibtorch()).toThrow(
    expect.objectContaining({ code: 'LIBTORCH_INVALID', message: expect.stringContaining(reason) }),
  );
});

test('libtorch, which is empty and opens the others, need not be there', () => {
  const folder = fakeLibtorch(path.join(box.root, 'without'), '2.13.0');
  fs.rmSync(path.join(folder, 'lib', libraryFile('torch')));
  process.env['LIBTORCH'] = folder;
  expect(findLibtorch().libraries.map((file) => path.basename(file))).toEqual(['c10', 'torch_cpu'].map(libraryFile));
});

test('a LIBTORCH that the addon was not compiled for is an error that says so, unless the addon is to be compiled', () => {
  process.env['LIBTORCH'] = fakeLibtorch(path.join(box.root, 'older'), '2.11.0+cu130');
  expect(() => findLibtorch()).toThrow(
    expect.objectContaining({
      code: 'LIBTORCH_INVALID',
      message: expect.stringMatching(
        /version 2\.11\.0\+cu130 is outside >=2\.13 <2\.15: the addon was compiled against 2\.13\.\d$/,
      ),
      hint: expect.stringContaining('run npx resnet-ft build for it'),
    }),
  );
  expect(findLibtorch({ requireHeaders: true }).version).toBe('2.11.0+cu130');
});

test('headers are asked for only where they are needed', () => {
  const folder = fakeLibtorch(path.join(box.root, 'bare'), '2.13.0');
  fs.rmSync(path.join(folder, 'include'), { recursive: true });
  process.env['LIBTORCH'] = folder;
  expect(findLibtorch().path).toBe(folder);
  expect(() => findLibtorch({ requireHeaders: true })).toThrow(/headers/);
});

test('where Python writes in another encoding, its torch is found under any name', () => {
  process.env['PYTHONIOENCODING'] = 'cp1252';
  const inPython = fakeLibtorch(path.join(box.root, 'J\u00fcrgen \u674e', 'torch'), '2.13.2');
  const python = execFileSync('which', ['python3'], {
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin:/usr/local/bin' },
  });
  fs.mkdirSync(path.join(box.root, 'bin'), { recursive: true });
  fs.rmSync(path.join(box.root, 'bin', 'python3'), { force: true });
  fs.symlinkSync(python.trim(), path.join(box.root, 'bin', 'python3'));
  fs.writeFileSync(path.join(inPython, '__init__.py'), '');
  process.env['PYTHONPATH'] = path.dirname(inPython);
  expect(findLibtorch()).toMatchObject({ source: 'python', path: inPython });
});

test("Python's torch of another version is passed over, and the error says so", () => {
  const old = fakeLibtorch(path.join(box.root, 'site', 'torch'), '2.5.1');
  box.python({ torch: path.join(old, '__init__.py') });
  expect(() => findLibtorch()).toThrow(
    expect.objectContaining({
      code: 'LIBTORCH_NOT_FOUND',
      message: expect.stringContaining('version 2.5.1'),
      hint: expect.stringContaining('npx resnet-ft libtorch install'),
    }),
  );
});

test('an addon for another LibTorch than the one that can be installed is told so, and what helps', () => {
  process.env['RESNET_FT_PREBUILD'] = addonFor(path.join(box.root, 'addon'), '2.14.0');
  fakeLibtorch(box.target, '2.13.0+cpu');
  expect(() => findLibtorch()).toThrow(
    expect.objectContaining({
      code: 'LIBTORCH_NOT_FOUND',
      hint: 'Set LIBTORCH to a LibTorch of version >=2.14 <2.15, for which the addon was compiled, or run npx resnet-ft libtorch install and then npx resnet-ft build',
    }),
  );
  // To compile it anew one is there, or can be installed.
  expect(findLibtorch({ requireHeaders: true }).path).toBe(box.target);
  fs.rmSync(box.target, { recursive: true });
  expect(() => findLibtorch({ requireHeaders: true })).toThrow(
    expect.objectContaining({ hint: expect.stringMatching(/^Run: npx resnet-ft libtorch install /) }),
  );
});

test('versions', () => {
  const supported = ['2.11.0', '2.12.1+cu126', '2.13.0+cpu', '2.14.1+cu130', '2.14.0a0+git123'];
  const unsupported = ['2.10.9', '2.15.0', '2.1.3', '3.13.0', '1.14', 'nightly'];
  expect(supported.filter((version) => isSupported(version))).toEqual(supported);
  expect(unsupported.filter((version) => isSupported(version))).toEqual([]);
});

test.each([
  [undefined, '>=2.11 <2.15'],
  ['2.11.0', '>=2.11 <2.12'],
  ['2.12.1', '>=2.12 <2.13'],
  ['2.13.0', '>=2.13 <2.15'],
  ['2.14.1', '>=2.14 <2.15'],
])('an addon compiled against %s works with %s', (against, range) => {
  expect(shownRange(supportedRange(against))).toBe(range);
});

test('what an addon does not work with is told with what it was compiled against', () => {
  expect(versionMisfit('2.13.1+cpu', '2.13.0')).toBeUndefined();
  expect(versionMisfit('2.13.0', '2.14.1')).toBe(
    'version 2.13.0 is outside >=2.14 <2.15: the addon was compiled against 2.14.1',
  );
  expect(versionMisfit('2.14.0', '2.11.0')).toBe(
    'version 2.14.0 is outside >=2.11 <2.12: the addon was compiled against 2.11.0',
  );
  // No addon would work with this one.
  expect(versionMisfit('2.9.0', '2.13.0')).toBe('version 2.9.0 is outside >=2.13 <2.15');
  expect(versionMisfit('2.10.0')).toBe('version 2.10.0 is outside >=2.11 <2.15');
});
