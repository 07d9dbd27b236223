import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { unzip } from '../../lib/download';
import { scratch } from '../cli/run';
import { ABSURD_POSITIONS, asZip64, zip, type ZipEntry } from '../weights/torch-zip';

const folder = scratch();
const LIMITS = { maxEntries: 100, maxBytes: 1_000_000 };
let made = 0;

const file = (name: string, text = name): ZipEntry => ({ name, data: Buffer.from(text) });

function deflated(name: string, text: Buffer, unpacked = text.length): ZipEntry {
  return { name, data: zlib.deflateRawSync(text), method: 8, crc: zlib.crc32(text), unpacked };
}

/** Unpacks what was made; the folder that holds it, beside the zip and a place that no entry may reach. */
async function unpack(entries: ZipEntry[] | Buffer, limits = LIMITS): Promise<string> {
  const place = path.join(folder, String(++made));
  const target = path.join(place, 'in');
  fs.mkdirSync(target, { recursive: true });
  const archive = path.join(place, 'a.zip');
  fs.writeFileSync(archive, Buffer.isBuffer(entries) ? entries : zip(entries));
  try {
    await unzip(archive, target, limits);
    return target;
  } catch (error) {
    expect(error).toMatchObject({ code: 'DATA_INVALID', message: expect.stringContaining(archive) });
    throw error;
  } finally {
    expect(fs.readdirSync(place).sort()).toEqual(['a.zip', 'in']);
  }
}

test('files and folders are unpacked, compressed or not', async () => {
  const text = Buffer.from('abc'.repeat(10_000));
  const target = await unpack([
    { name: 'data/', data: Buffer.alloc(0), mode: 0o040755 },
    { ...file('data/a/one.txt'), mode: 0o100644 },
    deflated('data/two.txt', text),
  ]);
  expect(fs.readFileSync(path.join(target, 'data/a/one.txt'), 'utf8')).toBe('data/a/one.txt');
  expect(fs.readFileSync(path.join(target, 'data/two.txt')).equals(text)).toBe(true);
});

test.each(['../evil', 'a/../../evil', '/tmp/resnet-ft-evil', 'C:/evil', 'a\\..\\..\\evil'])(
  'an entry %s is refused',
  async (name) => {
    await expect(unpack([file(name)])).rejects.toThrow(/invalid relative path|absolute path|invalid characters/);
    expect(fs.existsSync('/tmp/resnet-ft-evil')).toBe(false);
  },
);

test('a link, and what would be written through it, is refused', async () => {
  const link = { ...file('link', '/tmp'), mode: 0o120777 };
  await expect(unpack([link, file('link/evil')])).rejects.toThrow(/entry "link" is neither a file nor a folder/);
});

test('a bomb is refused: by what it says, and where it lies by what it is', async () => {
  const zeros = Buffer.alloc(2_000_000);
  await expect(unpack([deflated('bomb', zeros)])).rejects.toThrow(/more than 1000000 bytes/);
  await expect(unpack([deflated('bomb', zeros, 1000)])).rejects.toThrow(/too many bytes/);
  const many = Array.from({ length: 101 }, (_, i) => file(`f${i}`, ''));
  await expect(unpack(many)).rejects.toThrow(/a zip of 101 entries/);
});

test('a named pipe is not waited for', async () => {
  const pipe = path.join(folder, 'pipe.zip');
  execFileSync('mkfifo', [pipe]);
  await expect(unzip(pipe, folder, LIMITS)).rejects.toMatchObject({
    code: 'DATA_INVALID',
    message: expect.stringContaining('named pipe') as string,
  });
});

test('damage is found', async () => {
  await expect(unpack([{ ...file('a'), crc: 1 }])).rejects.toThrow(/entry "a" is damaged/);
  await expect(unpack([file('a'), file('a')])).rejects.toThrow(/two entries have the same name/);
  await expect(unpack(Buffer.from('<html>not here</html>'))).rejects.toThrow(/end of central directory/i);
  await expect(unpack(zip([file('a')]).subarray(20))).rejects.toThrow();
});

test.each(ABSURD_POSITIONS)('a directory or its record that is said to be at %s is refused', async (position) => {
  const good = zip([file('a.txt'), deflated('b.txt', Buffer.from('b'.repeat(1000)))]);
  await unpack(asZip64(good));
  await expect(unpack(asZip64(good, { directory: position }))).rejects.toThrow();
  await expect(unpack(asZip64(good, { record: position }))).rejects.toThrow();
});

test('whichever bytes change, it is unpacked or refused', async () => {
  const good = asZip64(zip([file('a.txt'), deflated('b.txt', Buffer.from('b'.repeat(1000))), file('c/d.txt')]));
  let state = 4;
  const pick = (below: number): number => (state = (state * 48271) % 0x7fffffff) % below;
  let refused = 0;
  for (let i = 0; i < 400; i++) {
    const bytes = Buffer.from(good);
    const at = pick(bytes.length);
    if (i % 2 === 0) bytes[at] = pick(256);
    else bytes.fill(0xff, at, Math.min(bytes.length, at + 1 + pick(8)));
    await unpack(bytes).catch(() => refused++);
  }
  expect(refused).toBeGreaterThan(50);
});
