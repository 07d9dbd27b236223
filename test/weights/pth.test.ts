import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { readStateDict } from '../../lib/weights';
import { expectRefused } from './refused';
import { global, int, ints, legacyFile, ordered, text, tensor, torchFile, tuple, zip } from './torch-zip';

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

const expectInvalid = (bytes: Buffer, reason: RegExp) => expectRefused(folder, bytes, reason);

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

  it('reads the older format: views, parts of storages, bytes after the end', async () => {
    const part = tuple(text('1/0'), int(2), int(3));
    const body = ordered({
      t: tensor({ count: 6, shape: [3, 2], stride: [1, 3], view: 'N' }),
      // An offset counts from the start of the part.
      p: tensor({ key: '1', count: 6, offset: 1, shape: [2], stride: [1], view: part }),
    });
    const storages = ['1', '0'].map((key) => ({ key, data: floats(6), count: 6 }));
    const dict = await read(Buffer.concat([legacyFile(body, storages), Buffer.from('more')]));
    expect([...dict.keys()]).toEqual(['t', 'p']);
    expect(values(dict.get('t')?.data)).toEqual([0, 3, 1, 4, 2, 5]);
    expect(values(dict.get('p')?.data)).toEqual([3, 4]);
  });

  it.each([3, 4, 5])('reads the older format of pickle protocol %i', async (protocol) => {
    const storages = [{ key: '0', data: floats(6), count: 6 }];
    const body = ordered({ w: tensor({ count: 6, shape: [2, 3], stride: [3, 1], view: 'N' }) });
    const dict = await read(legacyFile(body, storages, { protocol }));
    expect(values(dict.get('w')?.data)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('reads what Python 2 and PyTorch 0.1 wrote: pairs in the call, parameters with a state', async () => {
    const tensorV1 = `${global('torch._utils', '_rebuild_tensor')}${tuple(
      `${tuple('U\x07storage', global('torch', 'FloatStorage'), 'U\x010', 'U\x03cpu', '\x8a\x01\x06', 'N')}Q`,
      ...[int(0), ints([6]), ints([1])],
    )}R`;
    const parameter = `${global('torch.nn.parameter', 'Parameter')}${tuple(tensorV1)}R${tuple('\x88', '\x89', ordered({}))}b`;
    const body = `${global('collections', 'OrderedDict')}${tuple(`](](U\x01we](U\x01pee`.replace('we', `w${tensorV1}e`).replace('pe', `p${parameter}e`))}R`;
    const dict = await read(legacyFile(body, [{ key: '0', data: floats(6), count: 6 }]));
    expect([...dict.keys()]).toEqual(['w', 'p']);
    for (const { data } of dict.values()) expect(values(data)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it.each(['state_dict', 'model', 'model_state_dict'])('unwraps {%p: …}, also twice', async (name) => {
    const inner = ordered({ w: whole });
    const best = { best: tensor({ count: 6, shape: [1], stride: [1] }) };
    for (const body of [ordered({ [name]: inner, ...best }), ordered({ [name]: ordered({ state_dict: inner }) })]) {
      expect([...(await read(torchFile(body, { 0: floats(6) }))).keys()]).toEqual(['w']);
    }
  });

  it.each<[string, string]>([
    ['under any name', ordered({ epoch: int(3), net: ordered({ w: whole }) })],
    ['further down', ordered({ run: ordered({ last: ordered({ w: whole }) }) })],
    ['beside a description of the model', ordered({ model: ordered({ depth: int(18) }), net: ordered({ w: whole }) })],
    ['beside one that is empty', ordered({ state_dict: ordered({}), net: ordered({ w: whole }) })],
    ['reached twice', `}(${text('a')}${ordered({ w: whole })}q\x07${text('b')}h\x07u`],
  ])('finds the one state dict %s', async (_where, body) => {
    expect([...(await read(torchFile(body, { 0: floats(6) }))).keys()]).toEqual(['w']);
  });

  it('tells the state dict of a ResNet from other tensors of a checkpoint', async () => {
    const network = ordered({ 'module.conv1.weight': whole, 'module.fc.weight': whole });
    for (const best of [whole, ordered({ accuracy: whole })]) {
      const dict = await read(torchFile(ordered({ best, net: network }), { 0: floats(6) }));
      expect([...dict.keys()]).toEqual(['conv1.weight', 'fc.weight']);
    }
  });

  it('gives plain bytes, of which slice makes a copy as of every typed array', async () => {
    const row = tensor({ count: 6, offset: 2, shape: [2], stride: [1] });
    const data = (await read(torchFile(ordered({ w: whole, row }), { 0: floats(6) }))).get('row')?.data;
    expect(Object.getPrototypeOf(data)).toBe(Uint8Array.prototype);
    expect([...new Float32Array((data as Uint8Array).slice().buffer)]).toEqual([2, 3]);
  });

  it('refuses to guess between several state dicts, and names them', async () => {
    const both = ordered({ net: ordered({ w: whole }), ema: ordered({ shadow: ordered({ w: whole }) }) });
    await expectInvalid(torchFile(both, { 0: floats(6) }), /holds 2 state dicts: "net", "ema\.shadow"/);
  });

  it('reads a tensor that was saved alone, in both formats', async () => {
    const alone = [
      torchFile(whole, { 0: floats(6) }),
      legacyFile(tensor({ count: 6, shape: [2, 3], stride: [3, 1], view: 'N' }), [
        { key: '0', data: floats(6), count: 6 },
      ]),
    ];
    for (const bytes of alone) {
      const dict = await read(bytes);
      expect([...dict.keys()]).toEqual(['tensor']);
      expect(values(dict.get('tensor')?.data)).toEqual([0, 1, 2, 3, 4, 5]);
    }
  });

  it('takes module. off only where every name has it', async () => {
    const dict = await read(torchFile(ordered({ 'module.w': whole, x: whole }), { 0: floats(6) }));
    expect([...dict.keys()]).toEqual(['module.w', 'x']);
  });

  it('unwraps a checkpoint and the prefix of DataParallel, and passes over module versions', async () => {
    const versioned = `${ordered({ 'module.w': whole })}}${text('_metadata')}}sb`;
    const dict = await read(torchFile(ordered({ epoch: int(3), state_dict: versioned }), { 0: floats(6) }));
    expect([...dict.keys()]).toEqual(['w']);
  });

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
    await expectInvalid(
      torchFile(body, { 0: floats(6) }, [{ name: 'x/byteorder', data: Buffer.from('middle') }]),
      /unknown byte order "middle"/,
    );
    await expectInvalid(
      torchFile(body, { 0: floats(6) }, [{ name: 'y/data.pkl', data: Buffer.from('}.') }]),
      /not one/,
    );
    await expectInvalid(torchFile(body, {}, [{ name: '../data/0', data: floats(6) }]), /\.\.\/data\/0/);
    const json = (text: string) =>
      torchFile(body, { 0: floats(6) }, [{ name: 'x/resnet_ft.json', data: Buffer.from(text) }]);
    await expectInvalid(json('{'), /resnet_ft\.json is not JSON/);
    await expectInvalid(json('{"a":1}'), /resnet_ft\.json must map names to text/);
    await expectInvalid(Buffer.from('no weights at all'), /not a file of weights of a known kind/);
    await expectInvalid(zip([{ name: 'a.txt', data: Buffer.from('a') }]), /not one of torch\.save/);
    const tar = Buffer.alloc(1024);
    tar.write('ustar', 257);
    await expectInvalid(tar, /tar.*re-save/);
  });
});
