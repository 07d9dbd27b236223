import fs from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { findLibtorch } from '../../lib/libtorch/find';
import { installLibtorchFrom } from '../../lib/libtorch/install';
import { expectedHash } from '../../lib/libtorch/known-hashes';
import { run } from '../cli/run';
import { breakOff, localServer, sendFile, sha256 } from '../download/server';
import { addonFor, fakeLibtorch, libraryFile, OPENABLE, sandbox, type Sandbox } from './fakes';

const server = localServer();
let box: Sandbox;
beforeEach(() => {
  box = sandbox();
});
afterEach(() => box.close());

const inCache = (): string[] => fs.readdirSync(path.dirname(box.target));
const licence = (): string => path.join(box.target, 'licenses', 'LICENSE');

/** A zip of what `fill` puts into a folder, made by Python, as PyTorch's are. */
function archive(name: string, fill: (folder: string) => void): string {
  const folder = path.join(box.root, `${name}-content`);
  fs.mkdirSync(folder);
  fill(folder);
  const file = path.join(box.root, name);
  const script = 'import shutil, sys; shutil.move(shutil.make_archive(sys.argv[1], "zip", sys.argv[2]), sys.argv[1])';
  const env = { ...process.env, PATH: '/usr/bin:/bin:/usr/local/bin' };
  const { status, stderr } = spawnSync('python3', ['-c', script, file, folder], { encoding: 'utf8', env });
  if (status !== 0) throw new Error(stderr);
  return file;
}

const zip = (version = '2.14.1+cpu', name = 'libtorch.zip'): string =>
  archive(name, (folder) => void fakeLibtorch(path.join(folder, 'libtorch'), version, { zip: true }));

test('a zip of LibTorch takes the place of the one that is there', async () => {
  fakeLibtorch(box.target, '2.13.0+cpu');
  expect(await installLibtorchFrom({ from: zip() })).toMatchObject({ path: box.target, version: '2.14.1+cpu' });
  expect(findLibtorch()).toMatchObject({ source: 'cache', version: '2.14.1+cpu' });
  expect(inCache()).toEqual(['torch']);
});

test('a wheel is taken with its licences', async () => {
  const wheel = archive('torch-2.13.0-cp311.whl', (folder) => {
    fakeLibtorch(path.join(folder, 'torch'), '2.13.0+cpu');
    const licenses = path.join(folder, 'torch-2.13.0+cpu.dist-info', 'licenses');
    fs.mkdirSync(licenses, { recursive: true });
    fs.writeFileSync(path.join(licenses, 'LICENSE'), 'text');
  });
  expect(await installLibtorchFrom({ from: wheel })).toMatchObject({ version: '2.13.0+cpu' });
  expect(fs.readFileSync(licence(), 'utf8')).toBe('text');
});

test.each([(folder: string) => folder, (folder: string) => path.dirname(folder)])(
  'a folder is copied, and stays',
  async (named) => {
    const folder = fakeLibtorch(path.join(box.root, 'unpacked', 'libtorch'), '2.13.1', { zip: true });
    expect(await installLibtorchFrom({ from: named(folder) })).toMatchObject({ path: box.target, version: '2.13.1' });
    expect(fs.existsSync(path.join(folder, 'build-version'))).toBe(true);
  },
);

test('of a folder that is a link, or has links, everything is copied', async () => {
  const folder = fakeLibtorch(path.join(box.root, 'real', 'libtorch'), '2.13.1', { zip: true });
  const library = path.join(folder, 'lib', libraryFile('torch_cpu'));
  fs.renameSync(library, path.join(box.root, 'elsewhere.so'));
  fs.symlinkSync(path.join(box.root, 'elsewhere.so'), library);
  const link = path.join(box.root, 'link');
  fs.symlinkSync(folder, link);
  await installLibtorchFrom({ from: link });
  fs.rmSync(path.join(box.root, 'real'), { recursive: true });
  fs.rmSync(path.join(box.root, 'elsewhere.so'));
  expect(fs.lstatSync(box.target).isSymbolicLink()).toBe(false);
  expect(fs.statSync(path.join(box.target, 'lib', libraryFile('torch_cpu'))).isFile()).toBe(true);
  expect(findLibtorch()).toMatchObject({ source: 'cache', version: '2.13.1' });
});

test.each([
  ['there is no such file', () => path.join(box.root, 'missing.zip'), 'LIBTORCH_INSTALL_FAILED'],
  ['version 2.10.1 is outside', () => zip('2.10.1'), 'LIBTORCH_INSTALL_FAILED'],
  ['the addon was compiled against', () => zip('2.12.1'), 'LIBTORCH_INSTALL_FAILED'],
  [
    "can't be opened: ",
    () =>
      archive('damaged.zip', (folder) => {
        const torch = fakeLibtorch(path.join(folder, 'libtorch'), '2.13.0', { zip: true });
        fs.writeFileSync(path.join(torch, 'lib', libraryFile('torch_cpu')), 'no library');
      }),
    'LIBTORCH_INSTALL_FAILED',
  ],
  [
    'holds no LibTorch',
    () => archive('other.zip', (folder) => fs.writeFileSync(path.join(folder, 'a'), 'a')),
    'LIBTORCH_INSTALL_FAILED',
  ],
  [
    'text.zip',
    () => {
      const file = path.join(box.root, 'text.zip');
      fs.writeFileSync(file, 'no zip');
      return file;
    },
    'DATA_INVALID',
  ],
])('what is no LibTorch is refused and leaves the old one: %s', async (reason, from, code) => {
  fakeLibtorch(box.target, '2.13.0+cpu');
  const message = expect.stringContaining(reason);
  await expect(installLibtorchFrom({ from: from() })).rejects.toMatchObject({ code, message });
  expect(findLibtorch()).toMatchObject({ source: 'cache', version: '2.13.0+cpu' });
  expect(inCache()).toEqual(['torch']);
});

describe('a torch of an environment with CUDA, whose other libraries are packages of NVIDIA', () => {
  /** Its folder, in a site-packages with `nvidia` beside it. */
  function environment(name: string, version = '2.13.0+cu130'): string {
    const torch = fakeLibtorch(path.join(box.root, name, 'torch'), version, { extra: ['c10_cuda', 'torch_cuda'] });
    const cudnn = path.join(box.root, name, 'nvidia', 'cudnn');
    for (const folder of ['lib', 'include']) fs.mkdirSync(path.join(cudnn, folder), { recursive: true });
    fs.copyFileSync(OPENABLE, path.join(cudnn, 'lib', 'libcudnn.so.9'));
    fs.writeFileSync(path.join(cudnn, 'include', 'cudnn.h'), 'no use at run time');
    return torch;
  }

  const nvidia = (): string => path.join(path.dirname(box.target), 'nvidia');

  test.each([(torch: string) => torch, (torch: string) => path.dirname(torch)])(
    'they are brought along, to where the libraries look for them',
    async (named) => {
      expect(await installLibtorchFrom({ from: named(environment('site-packages')) })).toMatchObject({
        path: box.target,
        version: '2.13.0+cu130',
      });
      expect(fs.existsSync(path.join(nvidia(), 'cudnn', 'lib', 'libcudnn.so.9'))).toBe(true);
      expect(fs.existsSync(path.join(nvidia(), 'cudnn', 'include', 'cudnn.h'))).toBe(false);
      expect(inCache().sort()).toEqual(['nvidia', 'torch']);
    },
  );

  test('what takes its place does not keep them', async () => {
    await installLibtorchFrom({ from: environment('site-packages') });
    await installLibtorchFrom({ from: zip() });
    expect(inCache()).toEqual(['torch']);
    expect(findLibtorch()).toMatchObject({ version: '2.14.1+cpu' });
  });

  test("what can't be moved to its name leaves what was there, with its packages", async () => {
    await installLibtorchFrom({ from: environment('site-packages') });
    const rename = fs.renameSync;
    jest.spyOn(fs, 'renameSync').mockImplementation((from, to) => {
      if (to === box.target && !String(from).includes('replaced')) throw new Error('the disk fails');
      rename(from, to);
    });
    try {
      await expect(installLibtorchFrom({ from: environment('other') })).rejects.toThrow('the disk fails');
    } finally {
      jest.restoreAllMocks();
    }
    expect(findLibtorch()).toMatchObject({ source: 'cache', version: '2.13.0+cu130' });
    expect(fs.existsSync(path.join(nvidia(), 'cudnn', 'lib', 'libcudnn.so.9'))).toBe(true);
    expect(inCache().sort()).toEqual(['nvidia', 'torch']);
  });

  test('a CPU build beside packages of others takes none of them', async () => {
    fs.mkdirSync(path.join(box.root, 'cpu', 'nvidia', 'lib'), { recursive: true });
    await installLibtorchFrom({ from: fakeLibtorch(path.join(box.root, 'cpu', 'torch'), '2.13.0+cpu') });
    expect(inCache()).toEqual(['torch']);
  });
});

test('a hash that differs is refused', async () => {
  const file = zip();
  await expect(installLibtorchFrom({ from: file, sha256: '0'.repeat(64) })).rejects.toMatchObject({
    message: expect.stringContaining(`instead of ${'0'.repeat(64)}`),
  });
  const right = sha256(fs.readFileSync(file)).toUpperCase();
  expect(await installLibtorchFrom({ from: file, sha256: right })).toMatchObject({ version: '2.14.1+cpu' });
});

test('two at once both end with a whole LibTorch', async () => {
  const file = zip();
  const both = await Promise.all([installLibtorchFrom({ from: file }), installLibtorchFrom({ from: file })]);
  expect(both.map((folder) => folder.version)).toEqual(['2.14.1+cpu', '2.14.1+cpu']);
  expect(inCache()).toEqual(['torch']);
});

test('a download that breaks off is taken up again, and the archive does not stay', async () => {
  const body = fs.readFileSync(zip());
  server.answer((request, response, count) => {
    if (count > 1) return sendFile(request, response, body);
    response.writeHead(200, {
      'content-length': body.length,
      etag: `"${sha256(body).slice(0, 12)}"`,
      'accept-ranges': 'bytes',
    });
    breakOff(response, body.subarray(0, 400));
  });
  const from = `${server.url}/libtorch-2.14.1%2Bcpu.zip`;
  const events: string[] = [];
  const folder = await installLibtorchFrom({ from, sha256: sha256(body), onDownload: ({ kind }) => events.push(kind) });
  expect(folder).toMatchObject({ path: box.target, version: '2.14.1+cpu' });
  expect(events).toContain('retry');
  expect(server.requests.at(-1)?.headers.range).toBe('bytes=400-');
  expect(fs.readdirSync(path.join(box.cache, 'resnet-ft', 'libtorch', 'archives'))).toEqual([]);
});

test('--cuda asks for the official archive, at the mirror that is named', async () => {
  const body = fs.readFileSync(
    archive('cuda.zip', (folder) => {
      fakeLibtorch(path.join(folder, 'libtorch'), '2.13.0+cu130', { zip: true, extra: ['torch_cuda', 'c10_cuda'] });
    }),
  );
  server.answer((request, response) => sendFile(request, response, body));
  const env = { XDG_CACHE_HOME: box.cache, RESNET_FT_MIRROR: server.url, PATH: process.env['PATH'] };
  const outcome = await run(['libtorch', 'install', '--cuda', '--sha256', sha256(body), '--json'], { env });
  if (process.platform === 'linux' && process.arch === 'x64') {
    expect(outcome).toMatchObject({ code: 0 });
    expect(JSON.parse(outcome.stdout)).toMatchObject({ path: box.target, version: '2.13.0+cu130' });
    expect(server.requests[0]?.url).toBe('/libtorch/cu130/libtorch-shared-with-deps-2.13.0%2Bcu130.zip');
  } else {
    expect(outcome.code).toBe(process.platform === 'win32' && process.arch === 'x64' ? 0 : 1);
  }
});

const official = process.platform === 'linux' && process.arch === 'x64' ? test : test.skip;

official('a mirror with other libraries than PyTorch’s is refused by the hash of the official archive', async () => {
  server.answer((_request, response) => response.end('other libraries'));
  const env = { XDG_CACHE_HOME: box.cache, RESNET_FT_MIRROR: server.url, PATH: process.env['PATH'] };
  const outcome = await run(['libtorch', 'install', '--cuda'], { env });
  expect(outcome).toMatchObject({ code: 1, stdout: '' });
  expect(outcome.stderr).toMatch(/its SHA-256 begins with [0-9a-f]{64} instead of 945c5a3d/);
  expect(fs.existsSync(box.target)).toBe(false);
});

test('an archive that nothing vouches for is not even asked for', async () => {
  server.answer((_request, response) => response.end('libraries'));
  const from = `${server.url.replace('http://', 'http://me:secret@')}/libtorch/cu130/libtorch-9.9.9.zip`;
  const outcome = await run(['libtorch', 'install', '--from', from], { env: { XDG_CACHE_HOME: box.cache } });
  expect(outcome).toMatchObject({ code: 2, stdout: '' });
  expect(outcome.stderr).toMatch(
    /--sha256 needs a value: the SHA-256 of http:.*libtorch-9\.9\.9\.zip, whose .*\. .*that you trust/,
  );
  expect(outcome.stderr).not.toContain('secret');
  expect(server.requests).toHaveLength(0);
});

test('which hash an archive must have', () => {
  const linux = 'libtorch/cpu/libtorch-shared-with-deps-2.13.0%2Bcpu.zip';
  const hash = 'edbf4cbed78433d803e90a65f1752e57783d164bce66c95c0872b2ab8f5c159e';
  for (const base of ['https://download.pytorch.org', 'http://mirror.example/pytorch']) {
    expect(expectedHash(`${base}/${linux}`, undefined)).toBe(hash);
    expect(expectedHash(`${base}/${linux}`, 'AB'.repeat(32))).toBe('ab'.repeat(32));
  }
  expect(expectedHash('https://download.pytorch.org/libtorch/cpu/another.zip', undefined)).toBeUndefined();
  const untrusted = [
    'http://download.pytorch.org/a.zip',
    'https://download.pytorch.org.evil.example/a.zip',
    'https://a/b.zip',
  ];
  for (const url of untrusted)
    expect(() => expectedHash(url, undefined)).toThrow(/--sha256 needs a value: the SHA-256 of/);
});

test('says so where another LibTorch goes before the one that was installed', async () => {
  const LIBTORCH = fakeLibtorch(path.join(box.root, 'named'), '2.13.0');
  const env = { XDG_CACHE_HOME: box.cache, LIBTORCH };
  const outcome = await run(['libtorch', 'install', '--from', zip()], { env });
  expect(outcome).toMatchObject({ code: 0, stdout: `${box.target}\n` });
  expect(outcome.stderr).toContain(
    `the LibTorch of ${LIBTORCH} (LIBTORCH) goes before it; to use it, set LIBTORCH=${box.target}`,
  );
});

test('says so where the addon was compiled against another than the one that is installed', async () => {
  fakeLibtorch(box.target, '2.13.0+cpu');
  const env = {
    ...{ XDG_CACHE_HOME: box.cache, LIBTORCH: '' },
    RESNET_FT_PREBUILD: addonFor(path.join(box.root, 'addon'), '2.14.0'),
  };
  const outcome = await run(['libtorch', 'install'], { env });
  expect(outcome).toMatchObject({ code: 0, stdout: `${box.target}\n` });
  const told = outcome.stderr.trim().split('\n');
  expect(told.slice(-2)).toEqual([
    expect.stringMatching(/^not used yet: no LibTorch found .* the addon was compiled against 2\.14\.0/),
    expect.stringMatching(/^Set LIBTORCH to a LibTorch of version >=2\.14 <2\.15, .* then npx resnet-ft build$/),
  ]);
});

test.each([
  [['install', '--cuda', '--from', 'a.zip'], "--from can't be used with --cuda"],
  [['install', '--sha256', '0'.repeat(64)], '--sha256 needs --from or --cuda'],
  [
    ['install', '--from', 'a.zip', '--sha256', 'abc'],
    'Expected a SHA-256 of 64 hex digits for --sha256 but received abc',
  ],
  [['where', '--cuda'], 'Unknown option --cuda. See resnet-ft libtorch where --help'],
  [['--cuda'], 'Name an action: where or install'],
  [['where', 'here'], 'Expected no argument for libtorch where but received here'],
  [['instal'], 'Expected where or install for <action> but received instal. Did you mean install?'],
])('options that make no sense: %s', async (args, message) => {
  const outcome = await run(['libtorch', ...args], { env: { XDG_CACHE_HOME: box.cache } });
  expect(outcome).toMatchObject({ code: 2, stdout: '' });
  expect(outcome.stderr).toContain(message);
});

test('offline, without an archive: an error, and no pip', async () => {
  box.python({});
  const env = { XDG_CACHE_HOME: box.cache, PATH: process.env['PATH'] };
  const outcome = await run(['libtorch', 'install', '--offline'], { env });
  expect(outcome).toMatchObject({ code: 1 });
  expect(outcome.stderr).toContain('--from FILE');
  expect(fs.existsSync(path.join(box.root, 'calls'))).toBe(false);
});
