import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import yauzl from 'yauzl';
import { readWeights, writePth, writeStateDict, type StateDict } from '../../lib/weights';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'resnet-ft-writer-'));
});
afterEach(() => rm(folder, { recursive: true }));

const sample: StateDict = new Map([
  ['b', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) }],
  ['__proto__', { dtype: 'F32', shape: [2, 1], data: new Uint8Array(8).fill(7) }],
  ['ünï', { dtype: 'I64', shape: [], data: new Uint8Array(8).fill(9) }],
  ['empty', { dtype: 'F16', shape: [0, 4], data: new Uint8Array(0) }],
  ['flag', { dtype: 'BOOL', shape: [1], data: Uint8Array.of(1) }],
]);

describe('writePth', () => {
  it.each(['a.pth', 'a.pt', 'A.PTH'])('writes %s, which reads as it was, with its metadata', async (name) => {
    const file = path.join(folder, name);
    const metadata = JSON.parse('{"classes":"[\\"ü\\"]","__proto__":"x"}') as Record<string, string>;
    await writeStateDict(file, sample, { metadata });
    const read = await readWeights(file);
    expect(Object.entries(read.metadata)).toEqual(Object.entries(metadata));
    expect([...read.tensors.keys()]).toEqual([...sample.keys()]);
    for (const [key, { dtype, shape, data }] of sample) {
      expect(read.tensors.get(key)).toMatchObject({ dtype, shape });
      expect([...(read.tensors.get(key)?.data ?? [])]).toEqual([...data]);
    }
    expect(await readdir(folder)).toEqual([name]);
  });

  it('makes one folder of stored entries that begin at multiples of 64 bytes, the same each time', async () => {
    const file = path.join(folder, 'a.pth');
    await writePth(file, sample);
    const bytes = await readFile(file);
    const zip = await yauzl.fromBufferPromise(bytes, { lazyEntries: true });
    const names: string[] = [];
    for await (const entry of zip.eachEntry()) {
      names.push(entry.fileName);
      const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
      expect(fileDataStart % 64).toBe(0);
      expect(entry.compressionMethod).toBe(0);
    }
    expect(names).toEqual(
      ['data.pkl', 'byteorder', 'data/0', 'data/1', 'data/2', 'data/3', 'data/4', 'version'].map((n) => `archive/${n}`),
    );
    await writePth(file, sample);
    expect((await readFile(file)).equals(bytes)).toBe(true);
  });

  it('writes more tensors than one batch of the pickle', async () => {
    const many: StateDict = new Map(
      Array.from({ length: 2500 }, (_, i) => [`t${i}`, { dtype: 'U8', shape: [1], data: Uint8Array.of(i % 256) }]),
    );
    const file = path.join(folder, 'a.pth');
    await writePth(file, many);
    const { tensors } = await readWeights(file);
    expect(tensors.size).toBe(2500);
    expect([...(tensors.get('t2345')?.data ?? [])]).toEqual([2345 % 256]);
  });

  it('refuses more tensors, or longer names, than could be read again', async () => {
    const made = (count: number, name: (i: number) => string): StateDict =>
      new Map(Array.from({ length: count }, (_, i) => [name(i), { dtype: 'U8', shape: [1], data: Uint8Array.of(1) }]));
    for (const [tensors, reason] of [
      [made(20_000, (i) => `t${i}`), /20003 entries/],
      [made(20, (i) => `${i}`.repeat(2 ** 20)), /bytes of names/],
    ] as const) {
      await expect(writePth(path.join(folder, 'a.pth'), tensors)).rejects.toMatchObject({
        code: 'OUTPUT_NOT_WRITABLE',
        message: expect.stringMatching(reason),
      });
    }
    expect(await readdir(folder)).toEqual([]);
  });

  it('leaves what was there, and nothing else, where it fails', async () => {
    const file = path.join(folder, 'a.pth');
    await writeFile(file, 'older');
    const wrong: StateDict = new Map([['w', { dtype: 'F32', shape: [2], data: new Uint8Array(7) }]]);
    await expect(writePth(file, wrong)).rejects.toMatchObject({
      code: 'OUTPUT_NOT_WRITABLE',
      message: expect.stringMatching(/a\.pth: tensor "w" is not valid/),
    });
    expect(await readFile(file, 'utf8')).toBe('older');
    await mkdir(path.join(folder, 'b.pth'));
    await expect(writePth(path.join(folder, 'b.pth'), sample)).rejects.toMatchObject({ code: 'OUTPUT_NOT_WRITABLE' });
    expect((await readdir(folder)).sort()).toEqual(['a.pth', 'b.pth']);
  });

  it('refuses 4 GiB or more', async () => {
    // One piece of memory named many times: nothing is copied before the size is known.
    const data = new Uint8Array(512 * 1024 * 1024);
    const big: StateDict = new Map(
      Array.from({ length: 8 }, (_, i) => [`t${i}`, { dtype: 'U8', shape: [data.length], data }]),
    );
    await expect(writePth(path.join(folder, 'a.pth'), big)).rejects.toMatchObject({
      code: 'OUTPUT_NOT_WRITABLE',
      message: expect.stringMatching(/4 GiB/),
      hint: expect.stringMatching(/safetensors/),
    });
    expect(await readdir(folder)).toEqual([]);
  });
});
