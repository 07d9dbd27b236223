import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { findLibtorch } from '../../lib/libtorch/find';
import { place, startOf, UNKNOWN } from '../../lib/files/stale';
import { installLibtorch } from '../../lib/libtorch/install';
import { fakeLibtorch, libraryFile, sandbox, type Sandbox } from './fakes';

let box: Sandbox;
let copy: string;
beforeEach(() => {
  box = sandbox();
  const model = fakeLibtorch(path.join(box.root, 'model'), '2.13.0+cpu');
  copy = `mkdir -p "$target" && cp -R '${model}' "$target/torch"`;
});
afterEach(() => box.close());

const calls = (): string[] =>
  fs
    .readFileSync(path.join(box.root, 'calls'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('-m pip'));

/** The index of each call of pip, without that which looks for Python. */
const indexes = (): string[] =>
  fs
    .readFileSync(path.join(box.root, 'indexes'), 'utf8')
    .split('\n')
    .slice(-calls().length - 1, -1);

const inCache = (): string[] => fs.readdirSync(path.dirname(box.target));

test('a finished installation is found, and is not repeated', async () => {
  box.python({ pip: copy });
  expect(await installLibtorch()).toMatchObject({ path: box.target, version: '2.13.0+cpu' });
  expect(findLibtorch()).toMatchObject({ source: 'cache', path: box.target });
  await installLibtorch();
  expect(calls()).toHaveLength(1);
  expect(inCache()).toEqual(['torch']);
});

test('every attempt fails: an error, and nothing left', async () => {
  process.env['RESNET_FT_TORCH_INDEX'] = 'http://localhost:9/whl';
  box.python({ pip: 'mkdir -p "$target/torch/lib"; exit 3' });
  await expect(installLibtorch()).rejects.toMatchObject({
    code: 'LIBTORCH_INSTALL_FAILED',
    message: expect.stringContaining('exit code 3'),
  });
  expect(inCache()).toEqual([]);
  if (process.platform !== 'darwin') {
    expect(calls().map((line) => line.split(' ').at(-1))).toEqual([
      'torch==2.13.0+cpu',
      'torch==2.13.0+cpu',
      'torch==2.13.0',
    ]);
    expect(indexes()).toEqual(['', 'http://localhost:9/whl', '']);
  }
});

test('the next attempt is made where one fails', async () => {
  box.python({ pip: `[ "$last" = torch==2.13.0 ] || exit 1\n${copy}` });
  expect((await installLibtorch()).path).toBe(box.target);
});

test("pip does not run in the caller's folder, where anything may lie that Python would take for a part of it", async () => {
  box.python({ pip: `pwd >> '${path.join(box.root, 'where')}'\n${copy}` });
  await installLibtorch();
  const where = fs.readFileSync(path.join(box.root, 'where'), 'utf8').trim();
  expect(where.startsWith(fs.realpathSync(path.dirname(box.target)))).toBe(true);
  expect(where).not.toBe(process.cwd());
});

test('the login of an index is not shown', async () => {
  process.env['RESNET_FT_TORCH_INDEX'] = 'http://me:s3cret@localhost:9/whl';
  box.python({ pip: 'exit 3' });
  const lines: string[] = [];
  const failure: unknown = await installLibtorch({ onProgress: (line) => lines.push(line) }).catch(
    (error: unknown) => error,
  );
  expect(lines.join()).toContain('localhost:9');
  expect(`${lines.join()} ${String(failure)}`).not.toContain('s3cret');
  // Nor does the list of processes show it.
  expect(calls().join()).not.toContain('s3cret');
  expect(indexes().join()).toContain('s3cret');
});

test('a CUDA build is refused', async () => {
  const cuda = fakeLibtorch(path.join(box.root, 'cuda'), '2.13.0', { extra: ['torch_cuda'] });
  box.python({ pip: `mkdir -p "$target" && cp -R '${cuda}' "$target/torch"` });
  await expect(installLibtorch()).rejects.toMatchObject({ message: expect.stringMatching(/CUDA build.*LIBTORCH/) });
  expect(inCache()).toEqual([]);
});

test("libraries that can't be opened are refused, and the next attempt is made", async () => {
  const damaged = fakeLibtorch(path.join(box.root, 'damaged'), '2.13.0+cpu');
  fs.truncateSync(path.join(damaged, 'lib', libraryFile('torch_cpu')), 16);
  const cut = `mkdir -p "$target" && cp -R '${damaged}' "$target/torch"`;
  box.python({ pip: cut });
  await expect(installLibtorch()).rejects.toMatchObject({
    code: 'LIBTORCH_INSTALL_FAILED',
    message: expect.stringMatching(/its libraries can't be opened: .*torch_cpu/),
  });
  expect(inCache()).toEqual([]);
  box.python({ pip: `if [ "$last" = torch==2.13.0 ]; then ${copy}; else ${cut}; fi` });
  expect((await installLibtorch()).path).toBe(box.target);
});

test('pip killed in the middle leaves nothing that could be taken for a LibTorch', async () => {
  box.python({ pip: `${copy}; rm "$target"/torch/version.py; kill -9 $$` });
  await expect(installLibtorch()).rejects.toMatchObject({ message: expect.stringContaining('SIGKILL') });
  expect(inCache()).toEqual([]);
});

test('an abort stops pip and cleans up', async () => {
  box.python({ pip: `${copy}; exec sleep 60` });
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 300);
  await expect(installLibtorch({ signal: abort.signal })).rejects.toMatchObject({ code: 'ABORTED' });
  expect(inCache()).toEqual([]);
});

test('leftovers of dead processes go, those of living ones and of other hosts stay', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  const parent = path.dirname(box.target);
  const name = (where: string, id: number, start: string): string => `.torch.${where}-${id}-${start}-0123abcd.tmp`;
  const dead = name(place(), pid, '1');
  const alive = name(place(), process.pid, startOf(process.pid) ?? UNKNOWN);
  // Of another container that has this one's name, or of another host, in a cache that both have.
  const elsewhere = name('00000000', pid, '1');
  for (const name of [dead, alive, elsewhere]) {
    fs.mkdirSync(path.join(parent, name, '0', 'torch'), { recursive: true });
  }
  box.python({ pip: copy });
  await installLibtorch();
  expect(inCache().sort()).toEqual([...[alive, elsewhere].sort(), 'torch']);
});

test('two installations at once both end with the same folder', async () => {
  box.python({ pip: `sleep 0.2; ${copy}` });
  const both = await Promise.all([installLibtorch(), installLibtorch()]);
  expect(both.map((folder) => folder.path)).toEqual([box.target, box.target]);
  expect(inCache()).toEqual(['torch']);
});

test('an incomplete folder under the final name is replaced', async () => {
  fs.mkdirSync(path.join(box.target, 'lib'), { recursive: true });
  box.python({ pip: copy });
  expect((await installLibtorch()).version).toBe('2.13.0+cpu');
  expect(inCache()).toEqual(['torch']);
});

test.each([
  ['of a version that the addon does not work with', (): void => void fakeLibtorch(box.target, '2.11.0'), /2\.11\.0/],
  [
    'that is damaged',
    (): void => {
      fakeLibtorch(box.target, '2.13.0+cpu');
      fs.truncateSync(path.join(box.target, 'lib', libraryFile('c10')), 4096);
    },
    /can't be opened/,
  ],
])('a LibTorch in the cache %s is replaced, with a line that says why', async (_what, make, why) => {
  make();
  box.python({ pip: copy });
  const lines: string[] = [];
  const { version } = await installLibtorch({ onProgress: (line) => lines.push(line) });
  expect(version).toBe('2.13.0+cpu');
  expect(lines[0]).toMatch(/^The LibTorch in .* can't be used, and is replaced: /);
  expect(lines[0]).toMatch(why);
  expect(inCache()).toEqual(['torch']);
  expect(findLibtorch()).toMatchObject({ source: 'cache', version });
  lines.length = 0;
  await installLibtorch({ onProgress: (line) => lines.push(line) });
  expect(lines).toEqual([`LibTorch ${version} is already in ${box.target}`]);
});

test('where downloads are off nothing is downloaded, and what is there will do', async () => {
  process.env['RESNET_FT_OFFLINE'] = '1';
  box.python({ pip: copy });
  await expect(installLibtorch()).rejects.toMatchObject({
    code: 'LIBTORCH_INSTALL_FAILED',
    message: expect.stringContaining('RESNET_FT_OFFLINE'),
  });
  fakeLibtorch(box.target, '2.13.0+cpu');
  expect((await installLibtorch()).path).toBe(box.target);
});

test('pip is not kept from it by a guard of the environments that it leaves alone', async () => {
  process.env['PIP_REQUIRE_VIRTUALENV'] = '1';
  box.python({ pip: `[ "$PIP_REQUIRE_VIRTUALENV" = 0 ] || exit 3; ${copy}` });
  await installLibtorch();
  expect(calls()).toHaveLength(1);
});

test.each([
  ['3 9 1', 'python3 is 3.9'],
  ['3 12 0', 'python3 has no pip'],
])('a Python that will not do: %s', async (version, message) => {
  box.python({ version });
  await expect(installLibtorch()).rejects.toMatchObject({
    code: 'LIBTORCH_INSTALL_FAILED',
    message: expect.stringContaining(message),
    hint: expect.stringContaining('Python 3.10'),
  });
});
