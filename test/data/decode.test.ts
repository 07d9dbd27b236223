import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { decodeImage } from '../../lib/data/decode';
import { PILLOW_IMAGES } from './pillow-images';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'resnet-ft-decode-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test.each(PILLOW_IMAGES)('$name decodes as by Pillow', async ({ width, height, sha256, base64 }) => {
  const image = await decodeImage(Buffer.from(base64, 'base64'));
  expect([image.width, image.height]).toEqual([width, height]);
  expect(createHash('sha256').update(image.data).digest('hex')).toBe(sha256);
});

test('the content decides on the format, not the name', async () => {
  const file = path.join(dir, 'really-ppm.jpg');
  writeFileSync(file, Buffer.from('P6 1 1 255\n\x01\x02\x03', 'latin1'));
  expect([...(await decodeImage(file)).data]).toEqual([1, 2, 3]);
});

async function jpeg(): Promise<Buffer> {
  const pixels = Buffer.alloc(64 * 64 * 3).map((_, i) => (i * 7919) % 256);
  return sharp(pixels, { raw: { width: 64, height: 64, channels: 3 } })
    .jpeg()
    .toBuffer();
}

const png = async (): Promise<Buffer> =>
  sharp(await jpeg())
    .png()
    .toBuffer();

/** A PNG of one pixel with a palette, whose PLTE chunks have so many bytes. */
function pngWithPalettes(...lengths: number[]): Buffer {
  const chunk = (name: string, content: Buffer): Buffer => {
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(content.length);
    sum.writeUInt32BE(crc32(Buffer.concat([Buffer.from(name), content])));
    return Buffer.concat([length, Buffer.from(name), content, sum]);
  };
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 3, 0, 0, 0])),
    ...lengths.map((length) => chunk('PLTE', Buffer.alloc(length))),
    chunk('IDAT', deflateSync(Buffer.from([0, 0]))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const hugeBmp = Buffer.alloc(70);
hugeBmp.write('BM', 'latin1');
hugeBmp.writeUInt32LE(54, 10);
hugeBmp.writeUInt32LE(40, 14);
hugeBmp.writeInt32LE(2_000_000_000, 18);
hugeBmp.writeInt32LE(2_000_000_000, 22);
hugeBmp.writeUInt16LE(24, 28);

test.each([
  ['text.jpg', async () => Buffer.from('not an image at all\n'), /not an image of a supported format/],
  [
    'svg.png',
    async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
    /svg|not an image/,
  ],
  ['page.jpg', async () => Buffer.from('<!doctype html><html></html>'), /: a web page, not an image$/],
  [
    'lfs.jpg',
    async () => Buffer.from('version https://git-lfs.github.com/spec/v1\n'),
    /: a Git LFS pointer, not the image/,
  ],
  [
    'photo.jpg',
    async () => Buffer.from('\0\0\0\x18ftypheic\0\0\0\0'),
    /: HEIC is not supported; convert it to JPEG or PNG$/,
  ],
  ['paper.png', async () => Buffer.from('%PDF-1.7\n'), /: a PDF, not an image$/],
  ['zeros.jpg', async () => Buffer.alloc(100), /: nothing but zeros, not an image$/],
  ['empty.png', async () => Buffer.alloc(0), /the file is empty/],
  ['cut.jpg', async () => (await jpeg()).subarray(0, 1500), /: the file is cut off \(VipsJpeg: premature end[^)]*\)$/],
  [
    'cut.png',
    async () => (await png()).subarray(0, 3000),
    /: the file is cut off or damaged \(.*libpng read error.*\)$/,
  ],
  ['no-palette.png', async () => pngWithPalettes(), /: PNG: the palette is missing$/],
  ['odd-palette.png', async () => pngWithPalettes(7), /: PNG: the palette is damaged$/],
  ['palettes.png', async () => pngWithPalettes(6, 6), /: PNG: there are two palettes$/],
  ['huge.ppm', async () => Buffer.from('P6 999999 999999 255\n'), /too large/],
  ['huge.bmp', async () => hugeBmp, /too large/],
  ['cut.pgm', async () => Buffer.from('P5 9 9 255\nabc'), /cut off/],
  ['hollow.pbm', async () => Buffer.from('P1 13000 13000\n1'), /cut off/],
  ['comment.ppm', async () => Buffer.from('P6 1# note\n0 1 255\nabc'), /not a number/],
  ['zero.ppm', async () => Buffer.from('P6 0 9 255\n'), /no pixels/],
])('%s is IMAGE_UNREADABLE, in one line that names the file', async (name, make, reason) => {
  const file = path.join(dir, name);
  writeFileSync(file, await make());
  const error: Error = await decodeImage(file).then(
    () => new Error('decoded'),
    (cause: Error) => cause,
  );
  expect(error).toMatchObject({ code: 'IMAGE_UNREADABLE' });
  expect(error.message.startsWith(`${file}: `)).toBe(true);
  expect(error.message).toMatch(reason);
  expect(error.message).not.toContain('\n');
});

test('a missing file is IMAGE_UNREADABLE', async () => {
  await expect(decodeImage(path.join(dir, 'none.jpg'))).rejects.toMatchObject({
    code: 'IMAGE_UNREADABLE',
    message: expect.stringContaining('no such file'),
  });
});

test('damaged images that are decoded at the same time each get their own reason', async () => {
  const whole = await jpeg();
  const cut = whole.subarray(0, whole.length - 400);
  const headless = whole.subarray(0, 100);
  const reason = (bytes: Buffer): Promise<string> =>
    decodeImage(bytes).then(
      () => 'decoded',
      (error: Error) => error.message,
    );
  const expected = [await reason(cut), await reason(headless), await reason(whole)];
  expect(new Set(expected).size).toBe(3);
  const many = Array.from({ length: 60 }, (_, i) => [cut, headless, whole][i % 3] as Buffer);
  for (let pass = 0; pass < 5; pass++) {
    const reasons = await Promise.all(many.map(reason));
    reasons.forEach((found, i) => expect(found).toBe(expected[i % 3]));
  }
});
