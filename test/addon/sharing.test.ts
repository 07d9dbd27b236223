import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { openNativeBackend } from '../../lib/backend/native/backend';
import type { Backend, Box, CropStore, ImageStore } from '../../lib/backend/types';
import { OutputFolder } from '../../lib/files/output-folder';
import { sha256 } from '../backend/sessions';
import { madeImage } from '../backend/images';
import { scratch } from '../cli/run';
import { others } from './sharing';

const tmp = scratch();
const other = others();
let backend: Backend;
beforeAll(async () => {
  backend = await openNativeBackend();
});

// Windows shares no files without a name.
const here = process.platform === 'win32' ? describe.skip : describe;

const [COUNT, SIZE] = [5, 16];

let folders = 0;
/** A folder for one test. */
function folder(): string {
  const made = path.join(tmp, String(++folders));
  fs.mkdirSync(made);
  return made;
}

here('crops of a file that other processes open', () => {
  async function made(file: string): Promise<CropStore> {
    const store = backend.createCropStore(COUNT, SIZE, file, true);
    for (let i = 0; i < COUNT; i++) if (i !== 3) await store.put(i, madeImage(20 + i, 40 - i), 20);
    return store;
  }

  test('are the same bytes in all, also once the file has no name any more', async () => {
    const at = folder();
    const file = path.join(at, 'crops');
    const store = await made(file);
    expect(store.inFile).toBe(true);
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    const expected = Array.from({ length: COUNT }, (_, i) => sha256(store.get(i)));
    expect(expected[3]).toBe(sha256(new Uint8Array(3 * SIZE * SIZE))); // left out
    const readers = [other(), other()];
    for (const reader of readers) {
      await reader.ask('openCrops', { name: 'crops', file, count: COUNT, size: SIZE });
      expect(await reader.ask('crops', { name: 'crops' })).toEqual(expected);
    }
    store.unlink?.();
    expect(fs.readdirSync(at)).toEqual([]);
    store.unlink?.(); // once more changes nothing
    await store.put(3, madeImage(30, 30), 20);
    store.close();
    for (const reader of readers) {
      const [before, after] = [expected.toSpliced(3, 1), await reader.ask<string[]>('crops', { name: 'crops' })];
      expect(after.toSpliced(3, 1)).toEqual(before);
      expect(after[3]).not.toBe(expected[3]);
      await expect(reader.ask('put', { name: 'crops', image: madeImage(9, 9) })).rejects.toMatchObject({
        code: 'NATIVE_ERROR',
        message: `${file}: the file of the crops can't be written (another process made it: here it is only read)`,
      });
    }
  });

  test('have no name any more once their maker has closed them, and are left to it by those who read them', async () => {
    const at = folder();
    const store = await made(path.join(at, 'crops'));
    const opened = backend.openCropStore(path.join(at, 'crops'), COUNT, SIZE);
    opened.unlink?.();
    opened.close();
    expect(fs.readdirSync(at)).toEqual(['crops']);
    store.close();
    expect(fs.readdirSync(at)).toEqual([]);
  });

  test('are refused where the file is missing, cut, of other data, or none', async () => {
    const at = folder();
    const file = path.join(at, 'crops');
    const store = await made(file);
    const length = COUNT * SIZE * SIZE * 3;
    const refused = (name: string, reason: string): void =>
      expect(() => backend.openCropStore(path.join(at, name), COUNT, SIZE)).toThrow(
        expect.objectContaining({
          code: 'NATIVE_ERROR',
          message: `${path.join(at, name)}: the file of the crops can't be ${reason}`,
        }),
      );
    refused('none', 'opened (No such file or directory)');
    fs.symlinkSync(file, path.join(at, 'link'));
    refused('link', 'opened (Too many levels of symbolic links)');
    refused('.', 'opened (it is no file: Is a directory)');
    execFileSync('mkfifo', [path.join(at, 'pipe')]);
    refused('pipe', 'opened (it is no file: Illegal seek)'); // and does not wait for a writer
    expect(() => backend.openCropStore(file, COUNT - 1, SIZE)).toThrow(
      `used (it has ${length} bytes instead of ${length - 3 * SIZE ** 2}: it is of other data)`,
    );
    const opened = backend.openCropStore(file, COUNT, SIZE);
    fs.truncateSync(file, length - 1);
    refused(
      'crops',
      `used (it has ${length - 1} bytes instead of ${length}: something cut it short, or it is of other data)`,
    );
    expect(opened.get(0)).toEqual(store.get(0));
    expect(() => opened.get(COUNT - 1)).toThrow('it ends too early: something cut it short');
    opened.close();
    store.close();
    expect(() => backend.createCropStore(COUNT, SIZE, undefined, true)).toThrow('what processes share needs a file');
  });
});

here('images of a file that other processes open', () => {
  const SIDES: readonly [number, number][] = [
    [50, 37],
    [97, 64],
    [12, 9],
  ];
  const PRESENT = [0, 2, 3];
  const BOXES: [number, Box][] = [
    [0, { left: 3, top: 4, width: 40, height: 30 }],
    [2, { left: 0, top: 0, width: 97, height: 64 }],
    [3, { left: 5, top: 1, width: 2, height: 8 }],
  ];

  /** Of index 1 there is none. */
  async function made(file: string): Promise<ImageStore> {
    const store = backend.createImageStore(4, { memory: 1e9, file, shared: true });
    for (const [n, [width, height]] of SIDES.entries()) await store.put(PRESENT[n] ?? 0, madeImage(width, height), 0);
    return store;
  }

  test('are the same bytes in all, whole and in windows, and those that there are not stay so', async () => {
    const at = folder();
    const file = path.join(at, 'images');
    const store = await made(file);
    const bytes = SIDES.reduce((sum, [width, height]) => sum + 3 * width * height, 0);
    expect(store.usage()).toEqual({ memory: 0, file: bytes });
    const table = store.table();
    expect([...table.subarray(0, 6)]).toEqual([50, 37, 0, 0, 0, 0]);
    const whole = PRESENT.map((i) => sha256(store.get(i).data));
    const windows = await Promise.all(BOXES.map(async ([i, box]) => sha256((await store.window(i, box, 24)).data)));
    const readers = [other(), other()];
    for (const reader of readers) await reader.ask('openImages', { name: 'images', file, table });
    store.unlink();
    store.close();
    expect(fs.readdirSync(at)).toEqual([]);
    for (const reader of readers) {
      expect(await reader.ask('images', { name: 'images', present: PRESENT })).toEqual(whole);
      expect(await reader.ask('windows', { name: 'images', boxes: BOXES, side: 24 })).toEqual(windows);
      await expect(reader.ask('images', { name: 'images', present: [1] })).rejects.toThrow('there is no image 1');
      await expect(reader.ask('put', { name: 'images', image: madeImage(9, 9) })).rejects.toThrow('an image 0 already');
    }
  });

  test('are refused where the file is missing or cut, and where no store has such a table', async () => {
    const file = path.join(folder(), 'images');
    const store = await made(file);
    const table = store.table();
    expect(() => backend.openImageStore(`${file}-none`, table)).toThrow(
      `${file}-none: the file of the images can't be opened (No such file or directory)`,
    );
    const opened = backend.openImageStore(file, table);
    expect(opened.table()).toEqual(table);
    expect(opened.usage()).toEqual(store.usage());
    const length = fs.statSync(file).size;
    fs.truncateSync(file, length - 1);
    const reason = `it ends with ${length - 1} bytes, before image 3 does: something cut it short, or it is of other data`;
    expect(() => backend.openImageStore(file, table)).toThrow(
      `${file}: the file of the images can't be used (${reason})`,
    );
    expect(() => opened.get(3)).toThrow('it ends too early: something cut it short');
    opened.close();
    store.close();
    const places: [number[], string][] = [
      [[1, 1], 'three numbers an image'],
      [[1, -1, 0], 'table[1] must be a whole number'],
      [[1, 1.5, 0], 'table[1] must be a whole number'],
      [[1, 1, NaN], 'table[2] must be a whole number'],
    ];
    const empty = path.join(folder(), 'empty');
    const none = backend.createImageStore(0, { memory: 0, file: empty, shared: true });
    for (const [numbers, message] of places) {
      expect(() => backend.openImageStore(empty, Float64Array.from(numbers))).toThrow(message);
    }
    for (const impossible of [
      [0, 5, 0],
      [2 ** 31, 1, 0],
      [2 ** 31 - 1, 2 ** 31 - 1, 0],
    ]) {
      expect(() => backend.openImageStore(empty, Float64Array.from(impossible))).toThrow(
        `image 0 of the table of ${empty} can't be: ${impossible[0]} x ${impossible[1]} pixels at 0`,
      );
    }
    expect(() => backend.openImageStore(empty, Float64Array.of(1, 1, 2 ** 53 - 1))).toThrow('it ends with 0 bytes');
    none.close();
    const alone = backend.createImageStore(1, { memory: 1e6 });
    expect(() => alone.table()).toThrow('a store of images that is not shared has no table');
    alone.close();
    expect(() => backend.createImageStore(1, { memory: 0, shared: true })).toThrow('what processes share needs a file');
  });
});

here('a process that is killed', () => {
  test('leaves what the next run removes, and nothing that a living one has', async () => {
    const at = folder();
    const [killed, living] = [other(), other()];
    const image = madeImage(20, 20);
    const features = await killed.ask<string>('make', { folder: at, image });
    fs.writeFileSync(path.join(features, 'rows'), 'rows');
    await living.ask('make', { folder: at, image });
    await killed.kill();
    expect(fs.readdirSync(at)).toHaveLength(6);
    const next = await OutputFolder.take(at);
    await next.release();
    expect(fs.readdirSync(at)).toHaveLength(3);
    await living.kill();
    const last = await OutputFolder.take(at);
    await last.release();
    expect(fs.readdirSync(at)).toEqual([]);
  });
});
