import fs from 'node:fs';
import path from 'node:path';
import { findLibtorch } from '../../lib/libtorch/find';
import { scratch } from '../cli/run';
import { writableByOthers } from '../../lib/doctor/writable';
import { diagnose } from './package-copy';

const folder = scratch();
const posix = process.platform === 'win32' ? test.skip : test;

/** A folder with a library; the modes of both, and of the folder around them. */
function library(name: string, modes: { file?: number; folder?: number; above?: number } = {}): string[] {
  const above = path.join(folder, name);
  const inside = path.join(above, 'lib');
  const file = path.join(inside, 'libtorch.so');
  fs.mkdirSync(inside, { recursive: true });
  fs.writeFileSync(file, '');
  fs.chmodSync(file, modes.file ?? 0o644);
  fs.chmodSync(inside, modes.folder ?? 0o755);
  fs.chmodSync(above, modes.above ?? 0o755);
  return [inside, file];
}

posix.each([
  ['nobody', {}, undefined],
  ['everybody, the library', { file: 0o666 }, /libtorch\.so can be changed by everybody$/],
  ['everybody, its folder', { folder: 0o777 }, /lib can be changed by everybody$/],
  ['everybody, the folder above', { above: 0o777 }, /\d can be changed by everybody$/],
  ['nobody, where all may make files beside it', { above: 0o1777 }, undefined],
])('what can be changed by %s', (_who, modes, expected) => {
  const said = writableByOthers(library(String(fs.readdirSync(folder).length), modes));
  if (expected === undefined) expect(said).toBeUndefined();
  else expect(said).toMatch(expected);
});

const asRoot = process.getuid?.() === 0 ? test : test.skip;
asRoot.each([
  ['a library of another user', 'libtorch.so', 0o644],
  ['a folder above of another user', '', 0o755],
  // Only its owner may remove what others have in it.
  ['a folder above where all may make files, of another user', '', 0o1777],
])('%s is seen by root too', (_what, name, mode) => {
  const [inside = '', file = ''] = library(String(fs.readdirSync(folder).length));
  const owned = name === '' ? path.dirname(inside) : file;
  fs.chmodSync(owned, mode);
  fs.chownSync(owned, 4711, 0);
  expect(writableByOthers([inside, file])).toBe(`${owned} can be changed by the user 4711`);
  fs.chownSync(owned, 65534, 0);
  expect(writableByOthers([inside, file])).toBeUndefined();
});

asRoot('a group that may write into a folder above', () => {
  const [inside = '', file = ''] = library('group', { above: 0o775 });
  fs.chownSync(path.dirname(inside), 0, 4711);
  expect(writableByOthers([inside, file])).toBe(`${path.dirname(inside)} can be changed by the group 4711`);
});

posix('a link is judged by where it leads', () => {
  const [, file = ''] = library('linked', { file: 0o666 });
  const link = path.join(folder, 'link.so');
  fs.symlinkSync(file, link);
  expect(writableByOthers([link])).toMatch(/libtorch\.so can be changed by everybody$/);
});

posix('doctor warns of a LIBTORCH that everybody can change', async () => {
  const real = findLibtorch();
  const LIBTORCH = path.join(folder, 'torch');
  fs.mkdirSync(path.join(LIBTORCH, 'lib'), { recursive: true });
  for (const file of real.libraries) fs.symlinkSync(file, path.join(LIBTORCH, 'lib', path.basename(file)));
  fs.writeFileSync(path.join(LIBTORCH, 'version.py'), `__version__ = '${real.version}'\n`);
  expect((await diagnose([], { LIBTORCH })).check('libtorch').status).toBe('ok');
  fs.chmodSync(LIBTORCH, 0o777);
  const { code, check } = await diagnose([], { LIBTORCH });
  expect(code).toBe(0);
  expect(check('libtorch')).toMatchObject({
    status: 'warning',
    found: expect.stringMatching(/whose code is run, but .*torch can be changed by everybody/),
    fix: expect.stringContaining('chmod'),
    data: { path: LIBTORCH },
  });
});
