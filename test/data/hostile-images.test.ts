import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { decodeImage } from '../../lib/data/decode';
import { decodeGif } from '../../lib/data/decoders/gif';
import { Thumbnails } from '../../lib/report/thumbnails';
import { ROOT, scratch } from '../cli/run';
import { testOfMemory } from '../sanitized';
import { manyScans } from './many-scans';

// What an attacker hands over as `.jpg`: the loaders of sharp for drawings and films must not see it.

const folder = scratch();
const SVG = 'xmlns="http://www.w3.org/2000/svg"';

/** A drawing of so many levels, each of which uses the one below ten times. */
function nested(levels: number): Buffer {
  const uses = (level: number): string => `<use href="#u${level}"/>`.repeat(10);
  const groups = Array.from({ length: levels }, (_, i) => `<g id="u${i + 1}">${uses(i)}</g>`);
  return Buffer.from(`<svg ${SVG}><g id="u0"><text>x</text></g>${groups.join('')}<use href="#u${levels}"/></svg>`);
}

/** A drawing that shows another file of its folder. */
const peeking = Buffer.from(
  `<svg ${SVG} width="64" height="64"><image href="secret.png" width="64" height="64"/></svg>`,
);

describe('what is no image of ours', () => {
  test.each<[string, Buffer]>([
    ['a drawing that would take hours', nested(40)],
    ['the same, compressed', gzipSync(nested(40))],
    ['a drawing with entities in entities', Buffer.from(`<!DOCTYPE svg [<!ENTITY a "aaaa">]><svg ${SVG}>&a;</svg>`)],
    ['a drawing that shows another file', peeking],
    ['HEIF', Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypheic\0\0\0\0mif1heic')])],
    ['AVIF', Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypavif\0\0\0\0avifmif1')])],
    ['PDF', Buffer.from('%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n')],
  ])('%s is refused by its first bytes', async (_, bytes) => {
    await expect(decodeImage(bytes, 'photo.jpg')).rejects.toMatchObject({
      code: 'IMAGE_UNREADABLE',
      message: expect.stringMatching(
        /^photo\.jpg: (?:not an image of a supported format|(?:SVG|HEIC|AVIF) is not supported; convert it to JPEG or PNG|a PDF, not an image)$/,
      ) as string,
    });
  });
});

test('a PNG whose second header, behind the pixels, hides how large it is', async () => {
  const bytes = readFileSync(path.join(ROOT, 'fuzz', 'kept', 'image-png', 'second-header.input'));
  await expect(decodeImage(bytes, 'photo.png')).rejects.toMatchObject({
    code: 'IMAGE_UNREADABLE',
    message: 'photo.png: the image is too large (83492877 x 9; 178956970 pixels are allowed)',
  });
});

testOfMemory('a PNG of far too few bytes gets no memory for the size that it says it is of', async () => {
  const bytes = readFileSync(path.join(ROOT, 'fuzz', 'kept', 'image-png', 'far-too-few-bytes.input'));
  const before = process.resourceUsage().maxRSS;
  await expect(decodeImage(bytes, 'photo.png')).rejects.toThrow('photo.png: PNG: there are too few bytes for its size');
  expect((process.resourceUsage().maxRSS - before) / 1024).toBeLessThan(100);
});

testOfMemory('a damaged GIF gets no memory for the size that it says it is of', () => {
  const head = Buffer.from('GIF89a\0\0\0\0\0\0\0,\0\0\0\0\0\0\0\0\0', 'latin1');
  const [width, height] = [29_731, 5120];
  // The screen, and a picture that covers but a part of it.
  for (const at of [6, 18]) head.writeUInt16LE(width, at);
  for (const [at, rows] of [[8, height], [20, height - 1]] as const) head.writeUInt16LE(rows, at); // prettier-ignore
  const bytes = Buffer.concat([head, Buffer.from('\x08\x02\xff\xff\0', 'latin1')]);
  const before = process.resourceUsage().maxRSS;
  expect(() => decodeGif(bytes)).toThrow('GIF: the pixels are damaged');
  expect((process.resourceUsage().maxRSS - before) / 1024).toBeLessThan(100);
});

describe('pictures of a report', () => {
  test('show nothing of a drawing that is called .jpg, and wait for no pipe', async () => {
    const data = path.join(folder, 'data');
    mkdirSync(data);
    const secret = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#f00' } })
      .png()
      .toBuffer();
    writeFileSync(path.join(data, 'secret.png'), secret);
    writeFileSync(path.join(data, 'drawing.jpg'), peeking);
    writeFileSync(path.join(data, 'hours.jpg'), nested(40));
    execFileSync('mkfifo', [path.join(data, 'pipe.jpg')]);
    const pictures = new Thumbnails(60);
    const of = (name: string): Promise<Buffer | undefined> => pictures.of(path.join(data, name), 32);
    expect(await Promise.all(['drawing.jpg', 'hours.jpg', 'pipe.jpg'].map(of))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(await of('secret.png')).toBeDefined();
  });
});

describe('bombs', () => {
  test('a JPEG of hundreds of scans is refused, however few pixels it has', async () => {
    await expect(decodeImage(manyScans(64, 64, 90), 'few.jpg')).resolves.toMatchObject({ width: 64, height: 64 });
    await expect(decodeImage(manyScans(64, 64, 800), 'many.jpg')).rejects.toMatchObject({
      code: 'IMAGE_UNREADABLE',
      message: 'many.jpg: the image has more than 100 scans',
    });
  });

  test('a TIFF that does not say how long its 64,000 strips are', async () => {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an input of the fuzzer, which a module makes
    const bytes = require('../../fuzz/kept/image-tiff/strips-without-lengths.js') as Buffer;
    // The square of their number would not come to an end.
    const { width, height, data } = await decodeImage(bytes, 'strips.tiff');
    expect([width, height]).toEqual([1, 64_000]);
    const gray = Uint8Array.from({ length: 3 * height }, (_, i) => Math.floor(i / 3) % 251);
    expect(Buffer.compare(data, gray)).toBe(0);
  }, 60_000);

  test('a TIFF whose strips each claim the rest of the file, or lie before it', async () => {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an input of the fuzzer, which a module makes
    const made = require('../../fuzz/kept/image-tiff/strips-without-lengths.js') as Buffer;
    const bytes = Buffer.concat([made, Buffer.alloc(2 ** 18)]);
    const directory = bytes.readUInt32LE(4);
    const entry = (n: number): number => directory + 2 + 12 * n;
    const before = Buffer.from(bytes);
    // Signed, and -100.
    before.writeUInt16LE(9, entry(5) + 2);
    before.writeInt32LE(-100, before.readUInt32LE(entry(5) + 8));
    await expect(decodeImage(before, 'before.tiff')).rejects.toThrow('strips or tiles lie before the file');
    // Rows of a strip in place of the samples, which are one anyway, and lengths of strips, for which the offsets stand, in place of these.
    bytes.copy(bytes, entry(6), entry(7), entry(8));
    bytes.copy(bytes, entry(7), entry(5), entry(6));
    bytes.writeUInt16LE(279, entry(7));
    await expect(decodeImage(bytes, 'claims.tiff')).rejects.toThrow('so much of the file in common');
  });

  test('of a film only the first picture is decoded', async () => {
    const frames = Array.from({ length: 50 }, (_, i) => Buffer.alloc(64 * 64 * 3, i));
    const film = await sharp(Buffer.concat(frames), {
      raw: { width: 64, height: 64 * 50, channels: 3, pageHeight: 64 },
    })
      .webp({ lossless: true, loop: 0 })
      .toBuffer();
    expect((await sharp(film).metadata()).pages).toBe(50);
    const image = await decodeImage(film);
    expect([image.width, image.height, image.data[0]]).toEqual([64, 64, 0]);
  });

  test('a WebP as large as WebP can be is refused by its header', async () => {
    // VP8L: signature, 14 bits each of width and height less 1.
    const bits = Buffer.alloc(4);
    bits.writeUInt32LE((16382 | (16382 << 14)) >>> 0);
    const data = Buffer.concat([Buffer.from([0x2f]), bits, Buffer.alloc(27)]);
    const header = Buffer.from('RIFF\0\0\0\0WEBPVP8L\0\0\0\0', 'latin1');
    header.writeUInt32LE(12 + data.length, 4);
    header.writeUInt32LE(data.length, 16);
    await expect(decodeImage(Buffer.concat([header, data]), 'big.webp')).rejects.toMatchObject({
      message: expect.stringMatching(/too large \(16383 x 16383/),
    });
  });
});
