import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { readStateDict, readWeights, writeStateDict, type StateDict } from '../../lib/weights';
import { expectRefused } from './refused';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'resnet-ft-st-'));
});
afterEach(() => rm(folder, { recursive: true }));

function safetensors(header: unknown, data: Buffer, length?: bigint): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(length ?? BigInt(json.length));
  return Buffer.concat([size, json, data]);
}

const u8 = (begin: number, end: number, shape = [end - begin]) => ({ dtype: 'U8', shape, data_offsets: [begin, end] });
const sample: StateDict = new Map([
  ['b', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) }],
  ['__proto__', { dtype: 'F32', shape: [2, 1], data: new Uint8Array(8).fill(7) }],
  ['1', { dtype: 'I64', shape: [], data: new Uint8Array(8).fill(9) }],
  ['empty', { dtype: 'F16', shape: [0, 4], data: new Uint8Array(0) }],
]);

describe('writeStateDict', () => {
  it('writes what it reads again, widest elements first and aligned', async () => {
    const file = path.join(folder, 'a.safetensors');
    await writeStateDict(file, sample, { metadata: { format: 'pt', name: 'ü' } });
    const { tensors, metadata } = await readWeights(file);
    expect(metadata).toEqual({ format: 'pt', name: 'ü' });
    expect([...tensors.keys()]).toEqual(['1', '__proto__', 'empty', 'b']);
    for (const [name, tensor] of sample) {
      expect(tensors.get(name)).toMatchObject({ dtype: tensor.dtype, shape: tensor.shape });
      expect([...(tensors.get(name)?.data ?? [])]).toEqual([...tensor.data]);
    }
    expect(Number((await readFile(file)).readBigUInt64LE()) % 8).toBe(0);
    expect(await readdir(folder)).toEqual(['a.safetensors']);
  });

  it('leaves nothing behind where it fails', async () => {
    const file = path.join(folder, 'a.safetensors');
    await mkdir(file);
    await expect(writeStateDict(file, sample)).rejects.toMatchObject({
      code: 'OUTPUT_NOT_WRITABLE',
      message: expect.stringContaining(file),
    });
    expect(await readdir(folder)).toEqual(['a.safetensors']);
    await expect(writeStateDict(path.join(folder, 'no', 'a.safetensors'), sample)).rejects.toMatchObject({
      code: 'OUTPUT_NOT_WRITABLE',
    });
    await expect(writeStateDict(path.join(folder, 'a.bin'), sample)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });

  it.each<[string, object, RegExp]>([
    ['a map', new Map([['format', 'pt']]), /metadata but received Map/],
    ['a date', new Date(0), /metadata but received Date/],
    ['an array', ['pt'], /metadata/],
    ['inherited', Object.create({ format: 'pt' }) as object, /metadata but received format/],
  ])('refuses metadata that are %s, which would be lost', async (_, metadata, message) => {
    for (const name of ['a.safetensors', 'a.pth']) {
      const file = path.join(folder, name);
      const error = writeStateDict(file, sample, { metadata: metadata as Record<string, string> });
      await expect(error).rejects.toMatchObject({ code: 'INVALID_OPTION', message: expect.stringMatching(message) });
    }
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('readStateDict of safetensors', () => {
  // What the package safetensors 0.8.0 of Python takes and refuses.
  it.each(['\n', '\t\r ', ' '])('reads a header that begins with %j', async (space) => {
    const header = `${space}{"__metadata__":null,"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2],"note":1.5}}\n`;
    const file = path.join(folder, 'space.safetensors');
    await writeFile(file, safetensors(header, Buffer.alloc(2)));
    expect([...(await readStateDict(file)).keys()]).toEqual(['a']);
  });

  it.each([
    ['[2.0]', '[0,2]', /has 2\.0 in shape, where/],
    ['[2e0]', '[0,2]', /has 2e0 in shape, where/],
    ['[1,[2.0]]', '[0,2]', /in shape, where/],
    ['[2]', '[0,2.0]', /has 2\.0 in data_offsets, where/],
    ['[2]', '[-0,2]', /has -0 in data_offsets, where/],
  ])('refuses the shape %s with the offsets %s', async (shape, offsets, reason) => {
    const header = `{"a":{"dtype":"U8","shape":${shape},"data_offsets":${offsets}}}`;
    await expectRefused(folder, safetensors(header, Buffer.alloc(2)), reason);
  });

  it.each<[string, Buffer, RegExp]>([
    [
      'half a surrogate pair',
      safetensors('{"\\ud800":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}', Buffer.alloc(0)),
      /Unicode/,
    ],
    ['a byte order mark', safetensors('\ufeff{}', Buffer.alloc(0)), /JSON/],
    ['an empty file', Buffer.alloc(0), /truncated/],
    ['a truncated header', safetensors('{}', Buffer.alloc(0), 9n), /truncated/],
    ['a huge header', safetensors('{}', Buffer.alloc(0), 2n ** 63n), /not a file of weights of a known kind/],
    ['a large header', safetensors(' '.repeat(2 ** 23), Buffer.alloc(0)), /a header of 8388608 bytes/],
    ['bad JSON', safetensors('{"a":', Buffer.alloc(0)), /JSON/],
    ['no UTF-8', Buffer.concat([safetensors('', Buffer.alloc(0), 4n), Buffer.from('{"\xff"', 'latin1')]), /UTF-8/],
    ['no object', safetensors('[]', Buffer.alloc(0)), /object/],
    ['truncated tensors', safetensors({ a: u8(0, 4) }, Buffer.alloc(3)), /truncated/],
    ['bytes left over', safetensors({ a: u8(0, 4) }, Buffer.alloc(5)), /after the last/],
    ['a hole', safetensors({ a: u8(0, 4), b: u8(5, 8) }, Buffer.alloc(8)), /hole/],
    ['an overlap', safetensors({ a: u8(0, 4), b: u8(3, 8) }, Buffer.alloc(8)), /overlap/],
    ['a wrong size', safetensors({ a: u8(0, 4, [5]) }, Buffer.alloc(4)), /need 5/],
    ['a shape that overflows', safetensors({ a: u8(0, 0, [2 ** 40, 2 ** 40]) }, Buffer.alloc(0)), /absurd/],
    ['many dimensions', safetensors({ a: u8(0, 1, Array<number>(65).fill(1)) }, Buffer.alloc(1)), /invalid shape/],
    ['a deep header', safetensors('{"a":' + '['.repeat(1_000_000), Buffer.alloc(0)), /JSON/],
    ['a negative size', safetensors({ a: u8(0, 4, [-4]) }, Buffer.alloc(4)), /shape/],
    ['an unknown dtype', safetensors({ a: { ...u8(0, 4), dtype: 'F8_E4M3' } }, Buffer.alloc(4)), /F8_E4M3/],
    ['offsets backwards', safetensors({ a: u8(4, 0, [4]) }, Buffer.alloc(4)), /data_offsets/],
    [
      'a name twice',
      safetensors(`{"a":${JSON.stringify(u8(0, 4))},"\\u0061":${JSON.stringify(u8(0, 4))}}`, Buffer.alloc(4)),
      /"a" twice/,
    ],
    ['metadata that is no text', safetensors({ __metadata__: { a: 1 } }, Buffer.alloc(0)), /__metadata__/],
    ['metadata that is no object', safetensors({ __metadata__: 'a' }, Buffer.alloc(0)), /__metadata__/],
  ])('refuses %s', async (_name, bytes, reason) => {
    const file = path.join(folder, 'w.safetensors');
    await writeFile(file, bytes);
    await expect(readStateDict(file)).rejects.toMatchObject({
      code: 'WEIGHTS_INVALID',
      message: expect.stringMatching(reason),
    });
    await expect(readStateDict(file)).rejects.toThrow(file);
  });

  it('takes the prefix of DataParallel off', async () => {
    const file = path.join(folder, 'w.safetensors');
    await writeFile(file, safetensors({ 'module.a': u8(0, 1), 'module.b.c': u8(1, 2) }, Buffer.alloc(2)));
    expect([...(await readStateDict(file)).keys()]).toEqual(['a', 'b.c']);
  });

  it('names a file that is missing', async () => {
    await expect(readStateDict(path.join(folder, 'no'))).rejects.toThrow(/no: no such file/);
    await expect(readStateDict(folder)).rejects.toMatchObject({ code: 'WEIGHTS_INVALID' });
  });

  it('does not wait for a named pipe', async () => {
    const pipe = path.join(folder, 'pipe');
    if (spawnSync('mkfifo', [pipe]).status !== 0) return;
    await expect(readStateDict(pipe)).rejects.toThrow(/pipe: not a file/);
  });
});
