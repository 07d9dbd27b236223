import fs from 'node:fs';
import path from 'node:path';
import { findLibtorch } from '../../lib/libtorch/find';
import { isSupported } from '../../lib/libtorch/inspect';
import { fakeLibtorch, libraryFile, sandbox, type Sandbox } from './fakes';

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

test('headers are asked for only where they are needed', () => {
  const folder = fakeLibtorch(path.join(box.root, 'bare'), '2.13.0');
  fs.rmSync(path.join(folder, 'include'), { recursive: true });
  process.env['LIBTORCH'] = folder;
  expect(findLibtorch().path).toBe(folder);
  expect(() => findLibtorch({ requireHeaders: true })).toThrow(/headers/);
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

test('versions', () => {
  const supported = ['2.13.0', '2.13.0+cpu', '2.14.1+cu130', '2.14.0a0+git123'];
  const unsupported = ['2.12.9', '2.15.0', '2.1.3', '3.13.0', '1.14', 'nightly'];
  expect(supported.filter(isSupported)).toEqual(supported);
  expect(unsupported.filter(isSupported)).toEqual([]);
});
