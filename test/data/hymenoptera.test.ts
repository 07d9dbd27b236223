import fs from 'node:fs';
import path from 'node:path';
import { hymenopteraFolder, resolveDataFolder, ARCHIVE } from '../../lib/data/hymenoptera';
import { run, scratch, ROOT } from '../cli/run';
import { localServer, sendFile, sha256 } from '../download/server';
import { zip, type ZipEntry } from '../weights/torch-zip';

const folder = scratch();
const server = localServer();
const TUNING = { retries: 0, staleLock: 2000 };
const saved = { ...process.env };
let caches = 0;

const entries = (splits: string[]): ZipEntry[] =>
  splits.flatMap((split) =>
    ['ants', 'bees'].map((name) => ({ name: `hymenoptera_data/${split}/${name}/1.jpg`, data: Buffer.from(name) })),
  );
const GOOD = zip(entries(['train', 'val']));

const archive = (bytes: Buffer): typeof ARCHIVE => ({
  path: ARCHIVE.path,
  sha256: sha256(bytes),
  bytes: bytes.length,
});

beforeEach(() => {
  process.env['XDG_CACHE_HOME'] = path.join(folder, `cache-${++caches}`);
  process.env['RESNET_FT_MIRROR'] = `${server.url}/mirror/`;
});
afterEach(() => {
  for (const name of ['XDG_CACHE_HOME', 'RESNET_FT_MIRROR']) {
    if (saved[name] === undefined) delete process.env[name];
    else process.env[name] = saved[name];
  }
});

test('the data set is downloaded and unpacked once, also by two at the same time', async () => {
  server.answer((request, response) => void setTimeout(() => sendFile(request, response, GOOD), 50));
  // On a machine that is busy with other tests, a lock may not be refreshed for seconds.
  const tuning = { ...TUNING, staleLock: 60_000 };
  const get = (): Promise<string> => hymenopteraFolder({ tuning }, archive(GOOD));
  const [first, second] = await Promise.all([get(), get()]);
  expect(second).toBe(first);
  expect(server.requests.map(({ url }) => url)).toEqual(['/mirror/tutorial/hymenoptera_data.zip']);
  expect(fs.readFileSync(path.join(first, 'val', 'bees', '1.jpg'), 'utf8')).toBe('bees');
  expect(fs.readdirSync(path.dirname(first))).toEqual(['hymenoptera_data']);
  expect(await hymenopteraFolder({ offline: true })).toBe(first);
  expect(await resolveDataFolder('hymenoptera', { offline: true })).toBe(first);
  expect(await resolveDataFolder('photos')).toBe('photos');
});

test('where the lock is lost in the middle, its turn comes again', async () => {
  const data = path.join(process.env['XDG_CACHE_HOME'] ?? '', 'resnet-ft', 'data');
  server.answer((request, response) => {
    if (server.requests.length > 1) return sendFile(request, response, GOOD);
    // As another process does that takes this one for dead; the first answer never ends.
    fs.rmdirSync(path.join(data, 'hymenoptera_data.lock'));
    response.writeHead(200, { 'content-length': GOOD.length }).write(GOOD.subarray(0, 10));
  });
  const found = await hymenopteraFolder({ tuning: { ...TUNING, stall: 20_000 } }, archive(GOOD));
  expect(fs.readFileSync(path.join(found, 'val', 'bees', '1.jpg'), 'utf8')).toBe('bees');
  expect(fs.readdirSync(data)).toEqual(['hymenoptera_data']);
});

test('a zip without both splits is refused and not kept', async () => {
  const bad = zip(entries(['train']));
  server.answer((request, response) => sendFile(request, response, bad));
  await expect(hymenopteraFolder({ tuning: TUNING }, archive(bad))).rejects.toMatchObject({ code: 'DATA_INVALID' });
  expect(fs.readdirSync(path.join(process.env['XDG_CACHE_HOME'] ?? '', 'resnet-ft', 'data'))).toEqual([]);
});

test('a zip that was put there by hand is used', async () => {
  const data = path.join(process.env['XDG_CACHE_HOME'] ?? '', 'resnet-ft', 'data');
  fs.mkdirSync(data, { recursive: true });
  fs.writeFileSync(path.join(data, 'hymenoptera_data.zip'), GOOD);
  const found = await hymenopteraFolder({ offline: true }, archive(GOOD));
  expect(fs.readdirSync(found).sort()).toEqual(['train', 'val']);
});

test('a zip whose unpacking is stopped is kept for the next time', async () => {
  const data = path.join(process.env['XDG_CACHE_HOME'] ?? '', 'resnet-ft', 'data');
  fs.mkdirSync(data, { recursive: true });
  fs.writeFileSync(path.join(data, 'hymenoptera_data.zip'), GOOD);
  const stop = new AbortController();
  const watcher = fs.watch(data, (_, name) => {
    if (name === 'hymenoptera_data.unpacking') stop.abort();
  });
  const stopped = hymenopteraFolder({ offline: true, signal: stop.signal }, archive(GOOD));
  await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
  watcher.close();
  expect(fs.readdirSync(data)).toEqual(['hymenoptera_data.zip']);
  const found = await hymenopteraFolder({ offline: true }, archive(GOOD));
  expect(fs.readdirSync(data)).toEqual([path.basename(found)]);
});

test('a folder of its name that is not all of it is kept beside the data set', async () => {
  const data = path.join(process.env['XDG_CACHE_HOME'] ?? '', 'resnet-ft', 'data');
  const own = path.join(data, 'hymenoptera_data', 'val', 'ants', 'own.jpg');
  fs.mkdirSync(path.dirname(own), { recursive: true });
  fs.writeFileSync(own, 'own');
  server.answer((request, response) => sendFile(request, response, GOOD));
  await hymenopteraFolder({ tuning: TUNING }, archive(GOOD));
  expect(fs.readdirSync(data).sort()).toEqual(['hymenoptera_data', 'hymenoptera_data.before-1']);
  expect(fs.readFileSync(own.replace('hymenoptera_data', 'hymenoptera_data.before-1'), 'utf8')).toBe('own');
});

test('offline the command says where the zip may be put', async () => {
  const { code, stdout, stderr } = await run(['data', 'hymenoptera', '--offline']);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(
    /^resnet-ft: cannot download .*\/tutorial\/hymenoptera_data\.zip: downloads are off .* by hand\.\n$/,
  );
});

test('other bytes than those of the tutorial are refused', async () => {
  server.answer((request, response) => sendFile(request, response, GOOD));
  const { code, stderr } = await run(['data', 'hymenoptera']);
  expect(code).toBe(1);
  expect(stderr).toMatch(/its SHA-256 begins with [0-9a-f]{64} instead of fbc41b31/);
});

test('the command prints the folder', async () => {
  const target = path.join(process.env['XDG_CACHE_HOME'] ?? '', 'resnet-ft', 'data', 'hymenoptera_data');
  fs.cpSync(path.join(ROOT, 'test', 'fixtures', 'ants-bees'), target, { recursive: true });
  const plain = await run(['data', 'hymenoptera']);
  expect(plain).toEqual({ code: 0, stdout: `${target}\n`, stderr: '' });
  const json = await run(['data', 'hymenoptera', '--json']);
  expect(JSON.parse(json.stdout)).toEqual({ name: 'hymenoptera', path: target });
});
