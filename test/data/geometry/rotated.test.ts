import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { openNativeBackend } from '../../../lib/backend/native/backend';
import { decodeImage } from '../../../lib/data/decode';
import { orientationOf } from '../../../lib/data/decoders/orientation';
import { keepImages } from '../../../lib/data/images';
import { loadImage } from '../../../lib/data/load-image';
import { sha256 } from '../../backend/sessions';
import { scratch } from '../../cli/run';
import { FOLLOWED_PILLOW } from '../../python-pillow';

type Case = [name: string, width: number, height: number, sha256: string, base64: string];

const { pillow, files } = JSON.parse(fs.readFileSync(path.join(__dirname, 'rotated.json'), 'utf8')) as {
  pillow: string;
  files: Case[];
};
const CONTENTS = new Map(files.map(([name, , , , base64]) => [name, Buffer.from(base64, 'base64')]));

const scratched = scratch();

test('the vectors are those of the Pillow that is followed', () => {
  expect(pillow).toBe(FOLLOWED_PILLOW);
});

test.each(files)('%s, turned, has the bytes of exif_transpose', async (name, ...expected) => {
  const { width, height, data } = await decodeImage(CONTENTS.get(name) ?? '', name, true);
  expect([width, height, sha256(data)]).toEqual(expected.slice(0, 3));
});

test('nothing but a TIFF is turned where that is not asked for', async () => {
  const upright = await decodeImage(CONTENTS.get('png 1') ?? '');
  for (const kind of ['png', 'webp']) {
    for (let orientation = 2; orientation <= 8; orientation++) {
      const content = CONTENTS.get(`${kind} ${orientation}`) ?? '';
      expect(await decodeImage(content)).toEqual(upright);
      expect(await loadImage(content)).toEqual(upright);
      expect((await loadImage(content, { exifRotate: true })).data).not.toEqual(upright.data);
    }
  }
});

test('a store of images keeps them turned where that is asked for', async () => {
  const file = path.join(scratched, 'lying.png');
  fs.writeFileSync(file, CONTENTS.get('png 6') ?? '');
  for (const exifRotate of [true, false]) {
    const samples = [{ file, name: 'lying.png', target: 0 }];
    const options = { samples, shortSide: 0, memory: 1000, skipUnreadable: false, exifRotate };
    const { store } = await keepImages({ ...options, backend: await openNativeBackend() });
    expect(store.get(0).data).toEqual(Buffer.from((await decodeImage(file, file, exifRotate)).data));
    store.close();
  }
});

test('an image whose EXIF data are damaged stays as it is', async () => {
  const good = CONTENTS.get('jpeg 6') as Buffer;
  const at = good.indexOf('Exif\0\0') + 6;
  const plain = await decodeImage(good);
  for (const damage of ['XX', 'MM\0*\xff\xff\xff\xff', 'MM\0*\0\0\0\0']) {
    const content = Buffer.from(good);
    content.write(damage, at, 'latin1');
    const { width, height, data } = await decodeImage(content, 'damaged', true);
    expect([width, height]).toEqual([plain.width, plain.height]);
    expect(sha256(data)).toBe(sha256(plain.data));
  }
});

test('XMP counts to its end, of whatever length', () => {
  const head = (CONTENTS.get('png 1') as Buffer).subarray(0, 33);
  const keyword = 'XML:com.adobe.xmp\0\0\0\0\0';
  const attribute = '<x tiff:Orientation="5"/>';
  // About where it is cut into pieces.
  for (let before = 2 ** 20 - attribute.length; before <= 2 ** 20 + 1; before++) {
    const content = Buffer.from(`${keyword}${' '.repeat(before)}${attribute}`);
    const chunk = Buffer.concat([Buffer.from('\0\0\0\0iTXt'), content, Buffer.alloc(4)]);
    chunk.writeUInt32BE(content.length);
    expect(orientationOf(Buffer.concat([head, chunk]))).toBe(5);
  }
});

test('of thousands of descriptions no more are unpacked than are needed', () => {
  const good = CONTENTS.get('png, compressed xmp') as Buffer;
  const at = good.indexOf('iTXt') - 4;
  const description = good.subarray(at, at + 12 + good.readUInt32BE(at));
  const damaged = Buffer.from(description);
  damaged.fill(0, description.length - 12, description.length - 4);
  const withAll = (...chunks: Buffer[]): Buffer =>
    Buffer.concat([good.subarray(0, at), ...chunks, good.subarray(at + description.length)]);
  const inflate = jest.spyOn(zlib, 'inflateSync');
  expect(orientationOf(withAll(...Array.from({ length: 5000 }, () => description)))).toBe(5);
  expect(inflate).toHaveBeenCalledTimes(1);
  // The last that is whole counts, as with Pillow.
  expect(orientationOf(withAll(description, damaged, damaged))).toBe(5);
  inflate.mockClear();
  expect(orientationOf(withAll(...Array.from({ length: 5000 }, () => damaged)))).toBe(1);
  expect(inflate.mock.calls.length).toBeLessThan(100);
  inflate.mockRestore();
});
