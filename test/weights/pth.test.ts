import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { readStateDict } from '../../lib/weights';
import { global, int, ordered, text, tensor, torchFile, tuple, zip } from './torch-zip';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'resnet-ft-pth-'));
});
afterAll(() => rm(folder, { recursive: true }));

const floats = (count: number) => Buffer.from(Float32Array.from({ length: count }, (_, i) => i).buffer);
const values = (data: Uint8Array | undefined) => [...new Float32Array(new Uint8Array(data ?? []).buffer)];

async function read(bytes: Buffer) {
  const file = path.join(folder, 'w.pth');
  await writeFile(file, bytes);
  return readStateDict(file);
}

async function expectInvalid(bytes: Buffer, reason: RegExp) {
  const error = await read(bytes).then(
    () => undefined,
    (e: unknown) => e as Error,
  );
  expect(error).toMatchObject({ code: 'WEIGHTS_INVALID' });
  expect(error?.message).toMatch(reason);
  expect(error?.message).toContain('w.pth');
  expect(error?.message).not.toContain('\n');
}

const whole = tensor({ count: 6, shape: [2, 3], stride: [3, 1] });

describe('readPth', () => {
  it('reads tensors, views at an offset and transposed views', async () => {
    const body = ordered({
      w: whole,
      t: tensor({ count: 6, shape: [3, 2], stride: [1, 3] }),
      o: tensor({ count: 6, offset: 4, shape: [2], stride: [1] }),
      n: tensor({ type: 'LongStorage', key: '1', count: 1, shape: [], stride: [] }),
      p: `${global('torch._utils', '_rebuild_parameter')}${tuple(whole, '\x88', `${global('collections', 'OrderedDict')})R`)}R`,
    });
    const dict = await read(torchFile(body, { 0: floats(6), 1: Buffer.from('0500000000000000', 'hex') }));
    expect([...dict.keys()]).toEqual(['w', 't', 'o', 'n', 'p']);
    expect(values(dict.get('w')?.data)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(dict.get('t')?.shape).toEqual([3, 2]);
    expect(values(dict.get('t')?.data)).toEqual([0, 3, 1, 4, 2, 5]);
    expect(values(dict.get('o')?.data)).toEqual([4, 5]);
    expect(dict.get('n')).toMatchObject({ dtype: 'I64', shape: [] });
    expect(values(dict.get('p')?.data)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('unwraps a checkpoint and the prefix of DataParallel, and passes over module versions', async () => {
    const versioned = `${ordered({ 'module.w': whole })}}${text('_metadata')}}sb`;
    const dict = await read(torchFile(ordered({ epoch: int(3), state_dict: versioned }), { 0: floats(6) }));
    expect([...dict.keys()]).toEqual(['w']);
  });

  it.each<[string, string, RegExp]>([
    ['os.system by REDUCE', `${global('os', 'system')}${tuple(text('true'))}R`, /os\.system/],
    ['STACK_GLOBAL', `${text('posix')}${text('system')}\x93${tuple(text('true'))}R`, /posix\.system/],
    ['a global with a line break', `${text('a\nb')}${text('c')}\x93`, /not allowed/],
    ['a storage called', `${global('torch', 'FloatStorage')})R`, /not allowed/],
    ['BUILD of a global', `${global('torch', 'FloatStorage')}}b`, /attributes/],
    ['EXT1', '\x82\x01', /opcode 0x82/],
    ['INST', '(ios\nsystem\n', /opcode 0x69/],
    ['NEWOBJ', `${global('collections', 'OrderedDict')})\x81`, /opcode 0x81/],
    ['a huge memo index', '}r\xff\xff\xff\xff', /memo index 4294967295/],
    ['a memo index not set', 'h\x05', /memo index 5/],
    ['deep nesting', '('.repeat(100_000), /nested too deeply/],
    ['a tall stack', 'N'.repeat(200_000), /piles up/],
    ['an empty stack', '0', /empty stack/],
    ['a pop below the mark', 'N(\x85', /empty stack/],
    ['a mark that is not there', 't', /lacks a mark/],
    ['a text longer than the pickle', 'X\xff\xff\xff\x7fa', /truncated/],
    ['another persistent id', `${tuple(text('module'), text('x'))}Q`, /persistent id/],
    ['no state dict', int(1), /not a state dict/],
    ['no tensors', '}', /without tensors/],
  ])('refuses %s', (_name, body, reason) => expectInvalid(torchFile(body), reason));

  it.each<[string, Parameters<typeof tensor>[0], RegExp]>([
    ['more elements than bytes', { count: 7, shape: [7], stride: [1] }, /says 7 elements/],
    ['another element type', { type: 'DoubleStorage', count: 6, shape: [6], stride: [1] }, /F64/],
    ['a shape beyond it', { count: 6, shape: [7], stride: [1] }, /outside/],
    ['an offset beyond it', { count: 6, offset: 1, shape: [6], stride: [1] }, /outside/],
    ['a stride beyond it', { count: 6, shape: [2], stride: [6] }, /outside/],
    ['a negative stride', { count: 6, shape: [2], stride: [-1] }, /invalid tensor/],
    ['an absurd shape', { count: 6, shape: Array<number>(5).fill(2 ** 30), stride: [0, 0, 0, 0, 0] }, /outside/],
    ['a broadcast bomb', { count: 6, shape: [2 ** 30], stride: [0] }, /memory/],
    ['a missing entry', { key: '9', count: 6, shape: [6], stride: [1] }, /missing/],
    ['an entry outside the folder', { key: '../version', count: 2, shape: [2], stride: [1] }, /missing/],
  ])('refuses a storage with %s', (_name, spec, reason) =>
    expectInvalid(torchFile(ordered({ w: tensor(spec) }), { 0: floats(6) }), reason),
  );

  it('refuses damaged and foreign files', async () => {
    const body = ordered({ w: whole });
    const good = torchFile(body, { 0: floats(6) });
    await expectInvalid(good.subarray(0, -30), /./);
    await expectInvalid(torchFile(body, {}, [{ name: 'x/data/0', data: floats(6), crc: 1 }]), /CRC/);
    await expectInvalid(torchFile(body, {}, [{ name: 'x/data/0', data: floats(6), method: 8 }]), /compressed/);
    await expectInvalid(torchFile(body, {}, [{ name: 'x/data/0', data: floats(6), size: 0x7fffffff }]), /larger/);
    await expectInvalid(torchFile(body, { 0: floats(6) }, [{ name: 'x/data/0', data: floats(6) }]), /twice/);
    await expectInvalid(
      torchFile(body, { 0: floats(6) }, [{ name: 'x/byteorder', data: Buffer.from('big') }]),
      /endian/,
    );
    await expectInvalid(zip([{ name: 'a.txt', data: Buffer.from('a') }]), /not one of torch\.save/);
    await expectInvalid(Buffer.from('80028a0a6cfc9c46f9206aa850192e80024de9032e', 'hex'), /re-save/);
    const tar = Buffer.alloc(1024);
    tar.write('ustar', 257);
    await expectInvalid(tar, /tar.*re-save/);
  });
});
