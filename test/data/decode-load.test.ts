import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { withRoomFor } from '../../lib/data/decode-budget';
import { decodeImage } from '../../lib/data/decode';
import { ANTS_BEES, scratch } from '../cli/run';

const folder = scratch();

/** A gray pixel, made by Pillow. */
const ONE_PIXEL_PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==';

interface Load {
  sizes: string[];
  ms: number;
  delayMs: number;
  started: number;
  peakMb: number;
}

/** Decodes images in a process of its own, as the compiled package does it. */
function load(...files: string[]): Load {
  const out = execFileSync(process.execPath, [path.join(__dirname, 'decode-loop.js'), ...files], { encoding: 'utf8' });
  return JSON.parse(out) as Load;
}

function save(name: string, content: Uint8Array): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

/** A TIFF of 16-bit gray in one Deflate strip of zeros, which may claim to be larger. */
function grayTiff(side: number, claimed = side): Buffer {
  const strip = deflateSync(Buffer.alloc(side * side * 2));
  const tags = [
    [256, claimed],
    [257, claimed],
    [258, 16],
    [259, 8],
    [262, 1],
    [273, 8],
    [277, 1],
    [278, claimed],
    [279, strip.length],
  ] as const;
  const directory = Buffer.alloc(2 + tags.length * 12 + 4);
  directory.writeUInt16LE(tags.length);
  tags.forEach(([tag, value], i) => {
    directory.writeUInt16LE(tag, 2 + i * 12);
    directory.writeUInt16LE(4, 4 + i * 12);
    directory.writeUInt32LE(1, 6 + i * 12);
    directory.writeUInt32LE(value, 10 + i * 12);
  });
  const head = Buffer.from('II*\0\0\0\0\0', 'latin1');
  head.writeUInt32LE(8 + strip.length, 4);
  return Buffer.concat([head, strip, directory]);
}

describe('images that JavaScript decodes', () => {
  const side = 5000;
  test.each([
    ['pbm', () => Buffer.concat([Buffer.from(`P4 ${side} ${side}\n`), Buffer.alloc((side / 8) * side)])],
    ['tif', () => grayTiff(side)],
    [
      'png',
      () =>
        sharp(new Uint16Array(side * side), { raw: { width: side, height: side, channels: 1 } })
          .toColourspace('grey16')
          .png({ compressionLevel: 1 })
          .toBuffer(),
    ],
  ])('%s: the event loop goes on meanwhile', async (extension, make) => {
    const { sizes, ms, delayMs, started } = load(save(`large.${extension}`, await make()));
    expect(sizes).toEqual([`${side} x ${side}`]);
    expect(started).toBe(1);
    expect(delayMs).toBeLessThan(Math.max(500, ms / 2));
  });

  test('nor do tags and texts of no use hold it up', () => {
    const strip = grayTiff(16);
    const directory = strip.readUInt32LE(4);
    const wide = Buffer.concat([strip, Buffer.alloc(60_000_000)]);
    // A tenth entry: a private tag with all of these bytes.
    const count = wide.readUInt16LE(directory);
    wide.writeUInt16LE(count + 1, directory);
    const entry = directory + 2 + count * 12;
    wide.writeUInt16LE(65000, entry);
    wide.writeUInt16LE(1, entry + 2);
    wide.writeUInt32LE(59_000_000, entry + 4);
    wide.writeUInt32LE(entry + 100, entry + 8);

    const profile = Buffer.concat([Buffer.from('a\0\0', 'latin1'), deflateSync(Buffer.alloc(2 ** 20 - 1))]);
    const chunk = Buffer.alloc(profile.length + 12);
    chunk.writeUInt32BE(profile.length);
    chunk.write('iCCP', 4, 'latin1');
    profile.copy(chunk, 8);
    chunk.writeUInt32BE(crc32(chunk.subarray(4, -4)), chunk.length - 4);
    const png = readFileSync(save('one.png', Buffer.from(ONE_PIXEL_PNG, 'base64')));
    const texts = Buffer.concat([png.subarray(0, 33), ...Array<Buffer>(3000).fill(chunk), png.subarray(33)]);

    const { sizes, delayMs, peakMb } = load(save('tag.tif', wide), save('texts.png', texts));
    expect(sizes).toEqual([
      '16 x 16',
      expect.stringMatching(/texts\.png: PNG: more than \d+ bytes of compressed texts$/),
    ]);
    expect(delayMs).toBeLessThan(2000);
    // All texts together have 3 GB; when the collector runs decides on what is read of the files (500 to 720 MB).
    expect(peakMb).toBeLessThan(1000);
  });

  test('photographs and small images start no thread, and the process ends', () => {
    const photo = path.join(ANTS_BEES, 'train', 'ants', '6240338_93729615ec.jpg');
    const small = save('small.ppm', Buffer.from('P6 1 1 255\n\x01\x02\x03', 'latin1'));
    const { sizes, started } = load(photo, small);
    expect(sizes).toEqual([expect.stringMatching(/^\d+ x \d+$/), '1 x 1']);
    expect(started).toBe(0);
  });
});

describe("Pillow's limit of 178,956,970 pixels", () => {
  const bmp = (width: number, height: number): Buffer => {
    const bytes = Buffer.alloc(70);
    bytes.write('BM', 'latin1');
    bytes.writeUInt32LE(54, 10);
    bytes.writeUInt32LE(40, 14);
    bytes.writeInt32LE(width, 18);
    bytes.writeInt32LE(height, 22);
    bytes.writeUInt16LE(24, 28);
    return bytes;
  };
  test.each([
    ['a TIFF of 178,970,884', grayTiff(16, 13378), /too large/],
    ['a BMP of 178,956,971', bmp(178956971, 1), /too large/],
    ['a PPM of 178,970,884', Buffer.from('P6 13378 13378 255\n'), /too large/],
    [
      'a GIF of 178,970,884',
      Buffer.from('GIF89a\x42\x34\x42\x34\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0;', 'latin1'),
      /too large/,
    ],
  ])('%s', async (_, bytes, reason) => {
    const error: Error = await decodeImage(bytes).then(
      () => new Error('decoded'),
      (cause: Error) => cause,
    );
    expect(error).toMatchObject({ code: 'IMAGE_UNREADABLE', message: expect.stringMatching(reason) });
  });

  test('a PNG and a JPEG', async () => {
    const image = sharp({ create: { width: 16, height: 16, channels: 3, background: 'white' } });
    const png = await image.clone().png().toBuffer();
    png.writeUInt32BE(13378, 16);
    png.writeUInt32BE(13378, 20);
    png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
    const jpeg = await image.jpeg().toBuffer();
    const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
    jpeg.writeUInt16BE(13378, frame + 5);
    jpeg.writeUInt16BE(13378, frame + 7);
    for (const bytes of [png, jpeg]) {
      const message = expect.stringContaining('too large');
      await expect(decodeImage(bytes)).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE', message });
    }
  });
});

describe('the bound on what is decoded at the same time', () => {
  /** The most that were at work at the same time. */
  async function together(count: number, bytes: number): Promise<number> {
    let now = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: count }, () =>
        withRoomFor(bytes, async () => {
          most = Math.max(most, ++now);
          await new Promise((resolve) => setTimeout(resolve, 5));
          now--;
        }),
      ),
    );
    return most;
  }

  test('ordinary photographs do not wait for each other', async () => {
    expect(await together(68, 12e6 * 3)).toBeGreaterThanOrEqual(16);
  });

  test('giants do, and what is larger than the bound is decoded alone', async () => {
    expect(await together(6, 1e12)).toBe(1);
    expect(await together(200, 500e6)).toBeLessThan(200);
  });
});
