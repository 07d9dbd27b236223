import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { readWeights, writePth, writeStateDict, type StateDict } from '../../lib/weights';
import { describeWithTorch } from '../python-torch';
import { global, ordered, tensor, torchFile } from './torch-zip';

const folder = mkdtempSync(path.join(os.tmpdir(), 'resnet-ft-torch-'));
const at = (name: string) => path.join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

/** What a state dict holds, for comparing with Python's `describe`. */
function describeDict(tensors: StateDict): unknown[] {
  return [...tensors].map(([name, { dtype, shape, data }]) => [
    name,
    dtype,
    shape,
    createHash('sha256').update(data).digest('hex'),
  ]);
}

const DESCRIBE = `
import hashlib, json
from collections import OrderedDict
NAMES = {torch.float64: 'F64', torch.float32: 'F32', torch.float16: 'F16', torch.bfloat16: 'BF16', torch.int64: 'I64',
         torch.int32: 'I32', torch.int16: 'I16', torch.int8: 'I8', torch.uint8: 'U8', torch.bool: 'BOOL'}
def content(t):
    t = t.detach().contiguous()
    # numpy is not there: bytes through a storage of their own.
    return bytes(t.clone().untyped_storage().tolist())
def describe(d):
    return [[k, NAMES[v.dtype], list(v.shape), hashlib.sha256(content(v)).hexdigest()] for k, v in d.items()]
`;

const MODEL = `
import torch.nn as nn
class Block(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.conv1 = nn.Conv2d(n, n, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(n)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 7, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.layer1 = nn.Sequential(Block(8), Block(8))
        self.fc = nn.Linear(8, 5)
def make():
    torch.manual_seed(0)
    return Net()
`;

const VARIED = `
base = torch.arange(60, dtype=torch.float32)
varied = OrderedDict(
    f64=torch.tensor([1.5, float('nan'), -0.0], dtype=torch.float64), f16=torch.tensor([1.5], dtype=torch.float16),
    bf16=torch.tensor([[1.5, -2]], dtype=torch.bfloat16), i64=torch.tensor(-(2**40)), i32=torch.tensor([-5], dtype=torch.int32),
    i16=torch.tensor([-5], dtype=torch.int16), i8=torch.tensor([-5], dtype=torch.int8), u8=torch.tensor([250], dtype=torch.uint8),
    flag=torch.tensor([True, False]), empty=torch.zeros(0, 3), view=base[7:19], transposed=base.view(5, 12).t(),
    strided=base[::3], permuted=base.view(3, 4, 5).permute(2, 0, 1), expanded=base[3:4].expand(6),
    channels_last=torch.arange(120.).view(2, 3, 4, 5).contiguous(memory_format=torch.channels_last),
    tied=base[7:19], parameter=nn.Parameter(base[:4]), half_view=torch.arange(9).half().view(3, 3).t(),
    double_view=torch.arange(9).double().view(3, 3).t(), byte_view=torch.arange(9).byte().view(3, 3).t())
with_attribute = nn.Parameter(torch.ones(2)); with_attribute.note = 'x'
varied['with_attribute'] = with_attribute
varied['ünïcode.1'] = torch.ones(1)
`;

describeWithTorch('weights and PyTorch', (torch) => {
  const FILES = [
    'zip.pth',
    'legacy.pth',
    'varied.pth',
    'varied-legacy.pth',
    'varied-legacy-4.pth',
    'varied-legacy-5.pth',
    'checkpoint.pth',
    'parallel.pth',
    'nested.pth',
    'bare.pth',
  ];
  let expected: Record<string, unknown[]>;
  beforeAll(() => {
    const script = `${DESCRIBE}${MODEL}${VARIED}
import os
folder = sys.argv[1]
sd = make().state_dict()
def save(obj, name, new=True, protocol=2):
    torch.save(obj, os.path.join(folder, name), pickle_protocol=protocol, _use_new_zipfile_serialization=new)
save(sd, 'zip.pth')
save(sd, 'legacy.pth', False)
save(varied, 'varied.pth')
save(varied, 'varied-legacy.pth', False)
save(varied, 'varied-legacy-4.pth', False, 4)
save(varied, 'varied-legacy-5.pth', False, 5)
model = make()
# What torch.optim.SGD's state_dict() gives; torch.optim itself needs packages that are not there.
optimizer = {'state': {i: {'momentum_buffer': torch.ones_like(p)} for i, p in enumerate(model.parameters())},
             'param_groups': [{'lr': 0.1, 'momentum': 0.9, 'nesterov': False, 'foreach': None, 'params': [0, 1]}]}
save({'epoch': 3, 'optimizer': optimizer, 'size': torch.Size([2]), 'model': {'state_dict': model.state_dict()},
      'dtype': torch.float32, 'best': torch.tensor(0.5)}, 'checkpoint.pth')
save({'module.' + k: v for k, v in sd.items()}, 'parallel.pth', False)
save({'step': 7, 'trainer': {'optimizer': optimizer, 'net': sd}}, 'nested.pth')
save(base[7:19], 'bare.pth')
save(OrderedDict(w=torch.ones(2, dtype=torch.uint16)), 'new-dtype.pth')
save(OrderedDict(w=torch.ones(2, dtype=torch.float8_e5m2)), 'float8.pth')
save(OrderedDict(w=torch.ones(2, dtype=torch.complex64)), 'complex.pth')
save(OrderedDict(w=torch.ones(2, dtype=torch.complex64)), 'complex-legacy.pth', False)
save(OrderedDict(w=torch.eye(2).to_sparse()), 'sparse.pth')
save(OrderedDict(w=torch.imag(torch.ones(2, dtype=torch.complex64).conj())), 'negated.pth')
save(make(), 'module.pth')
print(json.dumps({'zip.pth': describe(sd), 'legacy.pth': describe(sd), 'varied.pth': describe(varied),
                  'varied-legacy.pth': describe(varied), 'varied-legacy-4.pth': describe(varied),
                  'varied-legacy-5.pth': describe(varied), 'checkpoint.pth': describe(model.state_dict()),
                  'parallel.pth': describe(sd), 'nested.pth': describe(sd),
                  'bare.pth': describe({'tensor': base[7:19]})}))
`;
    expected = JSON.parse(torch.run(script, [folder])) as typeof expected;
  });

  it.each(FILES)('reads %s byte for byte', async (name) => {
    const { tensors, metadata } = await readWeights(at(name));
    expect(describeDict(tensors)).toEqual(expected[name]);
    expect(metadata).toEqual({});
  });

  it.each<[string, RegExp]>([
    ['new-dtype.pth', /"w" is of dtype torch\.uint16/],
    ['float8.pth', /"w" is of dtype torch\.float8_e5m2/],
    ['complex.pth', /"w" is of dtype torch\.complex64/],
    ['complex-legacy.pth', /of dtype torch\.complex64/],
    ['sparse.pth', /"w" is sparse/],
    ['negated.pth', /"w" is .*(negated|complex)/],
    ['module.pth', /__main__\.Net/],
  ])('refuses %s', async (name, reason) => {
    await expect(readWeights(at(name))).rejects.toMatchObject({
      code: 'WEIGHTS_INVALID',
      message: expect.stringMatching(reason),
    });
  });

  it('writes what torch.load(weights_only=True) and load_state_dict(strict=True) take', async () => {
    const metadata = { format: 'resnet-ft', classes: '["ants","bees"]', __proto__x: 'ü' };
    const model = (await readWeights(at('zip.pth'))).tensors;
    const varied = (await readWeights(at('varied.pth'))).tensors;
    await writeStateDict(at('ours.pth'), model, { metadata });
    await writeStateDict(at('ours-varied.pt'), varied);
    const script = `${DESCRIBE}${MODEL}
import zipfile
model_file, varied_file = sys.argv[1:]
loaded = torch.load(model_file, weights_only=True)
model = make()
keys = model.load_state_dict(loaded, strict=True)
mapped = torch.load(model_file, weights_only=True, mmap=True)
torch.utils.serialization.config.load.calculate_storage_offsets = True
offsets = torch.load(model_file, weights_only=True, mmap=True)
with zipfile.ZipFile(model_file) as z:
    bad = z.testzip()
print(json.dumps({
    'kind': type(loaded).__name__, 'missing': keys.missing_keys, 'unexpected': keys.unexpected_keys, 'bad': bad,
    'model': describe(model.state_dict()), 'mapped': describe(mapped), 'offsets': describe(offsets),
    'aligned': all(v.data_ptr() % 64 == 0 for v in mapped.values()),
    'varied': describe(torch.load(varied_file, weights_only=True))}))
`;
    const result = JSON.parse(torch.run(script, [at('ours.pth'), at('ours-varied.pt')])) as Record<string, unknown>;
    expect(result).toEqual({
      ...{ kind: 'OrderedDict', missing: [], unexpected: [], bad: null, aligned: true },
      ...{ model: expected['zip.pth'], mapped: expected['zip.pth'], offsets: expected['zip.pth'] },
      varied: expected['varied.pth'],
    });
    const again = await readWeights(at('ours.pth'));
    expect(again.metadata).toEqual(metadata);
    expect(describeDict(again.tensors)).toEqual(expected['zip.pth']);
  });

  it('makes a file that PyTorch writes again as it was', async () => {
    await writePth(at('first.pth'), (await readWeights(at('varied.pth'))).tensors);
    torch.run('d = torch.load(sys.argv[1], weights_only=True)\ntorch.save(d, sys.argv[2])', [
      at('first.pth'),
      at('second.pth'),
    ]);
    const first = await readWeights(at('first.pth'));
    const second = await readWeights(at('second.pth'));
    expect(describeDict(second.tensors)).toEqual(describeDict(first.tensors));
  });

  it('reads files made by hand as PyTorch does', async () => {
    const data = Buffer.from(Float32Array.from([1, 2, 3, 4, 5, 6]).buffer);
    // A call with a list of pairs is how Python 2 pickled an OrderedDict, and a Parameter how PyTorch 0.1 did.
    const value = tensor({ count: 6, shape: [3, 2], stride: [1, 3] });
    const parameter = `${global('torch.nn.parameter', 'Parameter')}(${value}t\x81(\x88\x89${ordered({})}tb`;
    await writeFile(at('hand.pth'), torchFile(ordered({ a: value, b: parameter }), { 0: data }));
    const script = `${DESCRIBE}print(json.dumps(describe(torch.load(sys.argv[1], weights_only=True))))`;
    const theirs = JSON.parse(torch.run(script, [at('hand.pth')])) as unknown;
    expect(describeDict((await readWeights(at('hand.pth'))).tensors)).toEqual(theirs);
  });
});
