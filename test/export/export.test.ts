import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { toFloat64 } from '../../lib/network/floats';
import { PREPROCESSING, resolveExportOptions } from '../../lib/options';
import { readWeights } from '../../lib/weights';
import { ANTS_BEES, ROOT, run, scratch, type Outcome } from '../cli/run';
import { callApi } from '../predict/call-api';
import { describeWithTorch } from '../python-torch';
import { slowRows } from '../slow';
import { makeTensors, writeModel } from './made-model';
import { testWithOnnx } from './python-onnx';

const tmp = scratch();
const trained = path.join(tmp, 'run');
const plain = path.join(tmp, 'plain.onnx');
const preprocessing = path.join(tmp, 'preprocessing.onnx');
const { version } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { version: string };
const IMAGES = ['val/ants', 'val/bees', 'train/bees'].map((folder) => {
  const files = fs.readdirSync(path.join(ANTS_BEES, folder)).sort();
  return path.join(ANTS_BEES, folder, files[0] ?? '');
});

async function exported(...args: string[]): Promise<Outcome> {
  // Where LIBTORCH is no LibTorch, loading it is an error: export must not try.
  const ran = await run(['export', ...args], { env: { LIBTORCH: path.join(tmp, 'no-libtorch') } });
  expect(ran.stderr).toBe('');
  expect(ran.code).toBe(0);
  return ran;
}

function script<T>(name: string, ...args: string[]): T {
  const stdout = execFileSync(process.execPath, [path.join(__dirname, name), ...args], { encoding: 'utf8' });
  return JSON.parse(stdout) as T;
}

interface OnnxLogits {
  type: string;
  shape: unknown[];
  together: number[][];
  alone: number[][];
  output: { name: string; shape: unknown[] };
}

/** Compares what onnxruntime gives, in one batch and one by one, with what the native core gives. */
function expectSameLogits(model: string, files: string[]): OnnxLogits[] {
  const crops = path.join(tmp, `${path.basename(model)}.crops`);
  const native = script<number[][]>('native-logits.js', model, crops, ...IMAGES);
  expect(native).toHaveLength(IMAGES.length);
  // Logits that hardly differ between images would not tell a right graph from a wrong one.
  const first = native.map(([value = NaN]) => value);
  expect(Math.max(...first) - Math.min(...first)).toBeGreaterThan(0.01);
  return files.map((file) => {
    const onnx = script<OnnxLogits>('onnx-logits.js', file, crops, String(IMAGES.length));
    for (const logits of [onnx.together, onnx.alone]) {
      const differences = native.flatMap((row, i) => row.map((value, j) => Math.abs(value - (logits[i]?.[j] ?? NaN))));
      expect(Math.max(...differences)).toBeLessThan(1e-4);
    }
    return onnx;
  });
}

beforeAll(async () => {
  const recipe = ['--arch', 'resnet18', '--weights', 'none', '--epochs', '1', '--batch-size', '6', '--device', 'cpu'];
  const ran = await run(['train', ANTS_BEES, ...recipe, '--output', trained, '--quiet']);
  expect(ran.stderr).toBe('');
  await exported(trained, '--output', plain);
  await exported(trained, '--format', 'onnx', '--output', preprocessing, '--with-preprocessing');
});

test('of exports to the same new file at the same time one writes it, whole, and nothing stays beside it', async () => {
  const folder = fs.mkdtempSync(path.join(tmp, 'at-once-'));
  const written = await callApi(
    async ({ api }, { model, output }) => {
      const all = [];
      for (const name of ['a.pth', 'a.safetensors', 'a.onnx', 'hub/']) {
        const options = { model, output: `${output}/${name}`, format: name === 'hub/' ? 'onnx' : undefined } as const;
        all.push(await Promise.allSettled(Array.from({ length: 3 }, () => api.exportModel(options))));
      }
      return all;
    },
    { model: trained, output: folder },
  );
  expect(written).toHaveLength(4);
  for (const settled of written) {
    const [first, ...more] = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(more).toEqual([]);
    expect(fs.statSync(first?.file ?? '').size).toBe(first?.bytes);
    const reasons = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    expect(reasons).toEqual(Array(2).fill(expect.objectContaining({ code: 'OUTPUT_NOT_WRITABLE' })));
  }
  expect((await readWeights(path.join(folder, 'a.pth'))).tensors.size).toBeGreaterThan(100);
  expect(fs.readdirSync(folder).sort()).toEqual(['a.onnx', 'a.pth', 'a.safetensors', 'hub']);
  expect(fs.readdirSync(path.join(folder, 'hub')).filter((name) => name.startsWith('.'))).toEqual([]);
});

describe('onnx', () => {
  test('onnxruntime gives the logits of the native core, for a batch of any size', () => {
    const [bare, whole] = expectSameLogits(trained, [plain, preprocessing]);
    expect(bare).toMatchObject({ type: 'float32', shape: ['batch', 3, 224, 224] });
    expect(whole).toMatchObject({ type: 'uint8', shape: ['batch', 224, 224, 3] });
    expect(bare?.output).toMatchObject({ name: 'logits', shape: ['batch', 2] });
  });

  test.each([...slowRows('resnet50' as const, 'resnext50_32x4d' as const), 'resnet18' as const])(
    'a %s in bfloat16, with a crop of its own',
    async (arch) => {
      const classes = ['one', 'two', 'three', 'four', 'five'];
      const model = path.join(tmp, `${arch}.safetensors`);
      const card = { arch, classes, preprocessing: { ...PREPROCESSING, resize: 160, crop: 128 } };
      await writeModel(model, card, makeTensors(card, 'BF16'));
      const file = path.join(tmp, `${arch}.onnx`);
      await exported(model, '--output', file);
      const [made] = expectSameLogits(model, [file]);
      expect(made?.shape).toEqual(['batch', 3, 128, 128]);
      expect(made?.output.shape).toEqual(['batch', 5]);
    },
  );

  testWithOnnx("onnx's checker finds nothing, and the metadata are there", (checkOnnx) => {
    const convolutional = ['Add', 'Conv', 'Flatten', 'Gemm', 'GlobalAveragePool', 'MaxPool', 'Relu'];
    const checked = checkOnnx(plain);
    expect(checked).toMatchObject({ opset: { '': 17 }, producer: ['resnet-ft', version], operations: convolutional });
    expect(checked.irVersion).toBe(8);
    expect(JSON.parse(checked.metadata['classes'] ?? '')).toEqual(['ants', 'bees']);
    expect(JSON.parse(checked.metadata['preprocessing'] ?? '')).toEqual(PREPROCESSING);
    expect(checked.metadata).toMatchObject({ format: 'resnet-ft', arch: 'resnet18' });

    const whole = checkOnnx(preprocessing);
    expect(whole.operations).toEqual([...convolutional, 'Cast', 'Div', 'Sub', 'Transpose'].sort());
    expect(whole.metadata['input']).toMatch(/^uint8 RGB/);
  });
});

describe('state dicts', () => {
  const pth = path.join(tmp, 'model.pth');
  const safetensors = path.join(tmp, 'again.safetensors');

  beforeAll(async () => {
    const ran = await exported(trained, '--format', 'pth', '--output', pth, '--json');
    expect(JSON.parse(ran.stdout)).toEqual({
      file: pth,
      format: 'pth',
      bytes: fs.statSync(pth).size,
      arch: 'resnet18',
      classes: ['ants', 'bees'],
      withPreprocessing: false,
    });
    await exported(pth, '--output', safetensors);
  });

  test('tensors, classes and preprocessing survive .pth and .safetensors', async () => {
    const source = await readWeights(path.join(trained, 'model.safetensors'));
    for (const file of [pth, safetensors]) {
      const { tensors, metadata } = await readWeights(file);
      expect([...tensors.keys()].sort()).toEqual([...source.tensors.keys()].sort());
      for (const [name, { dtype, shape, data }] of tensors) {
        const expected = source.tensors.get(name);
        expect({ name, dtype, shape }).toEqual({ name, dtype: expected?.dtype, shape: expected?.shape });
        expect(Buffer.compare(data, expected?.data ?? Buffer.alloc(0))).toBe(0);
      }
      const { format, arch, classes, preprocessing: geometry } = source.metadata;
      expect(metadata).toMatchObject({ format, arch, classes, preprocessing: geometry });
    }
  });

  test('counters of batches that a file lacks are added', async () => {
    const model = path.join(tmp, 'old.safetensors');
    const card = { arch: 'resnet18' as const, classes: ['a', 'b'], preprocessing: PREPROCESSING };
    await writeModel(model, card, makeTensors(card));
    await exported(model, '--output', path.join(tmp, 'old.pth'));
    const { tensors } = await readWeights(path.join(tmp, 'old.pth'));
    expect(tensors.get('layer4.1.bn2.num_batches_tracked')).toMatchObject({ dtype: 'I64', shape: [] });
    expect([...tensors.keys()].slice(0, 3)).toEqual(['conv1.weight', 'bn1.weight', 'bn1.bias']);
  });

  describeWithTorch('in Python', (torch) => {
    test("torch.load with weights_only reads the .pth: names, shapes and order are those of torchvision's state_dict()", () => {
      const code = `
import hashlib, json, sys
state = torch.load(sys.argv[1], weights_only=True)
lines = [f"{name} {','.join(map(str, tensor.shape))}\\n" for name, tensor in state.items()]
lines[-2:] = [line.replace(' 2', ' 1000') for line in lines[-2:]]
print(json.dumps({'type': type(state).__name__, 'digest': hashlib.sha256(''.join(lines).encode()).hexdigest(),
    'floats': sum(tensor.dtype == torch.float32 for tensor in state.values()), 'tensors': len(state)}))
`;
      const golden = path.join(ROOT, 'test', 'summary', 'golden', 'networks.json');
      const { networks } = JSON.parse(fs.readFileSync(golden, 'utf8')) as {
        networks: Record<string, { stateDict: string }>;
      };
      const digest = networks['resnet18']?.stateDict;
      const expected = { type: 'OrderedDict', digest, floats: 102, tensors: 122 };
      expect(JSON.parse(torch.run(code, [pth]))).toEqual(expected);
    });
  });
});

describe('options', () => {
  test('format and file name complete each other', () => {
    const resolve = (given: object) => resolveExportOptions({ model: 'm', ...given });
    expect(resolve({ format: 'onnx' })).toMatchObject({ format: 'onnx', output: 'model.onnx' });
    expect(resolve({ output: 'a.PT' })).toMatchObject({ format: 'pth', output: 'a.PT' });
    expect(resolve({ output: 'a.safetensors' })).toMatchObject({ format: 'safetensors' });
  });

  test('half precision', () => {
    const tensor = (dtype: 'F16' | 'BF16', bits: number[]) => [
      ...toFloat64('t', { dtype, shape: [bits.length], data: new Uint8Array(Uint16Array.from(bits).buffer) }),
    ];
    const half = [0x3c00, 0xc000, 0x0001, 0x03ff, 0x7bff, 0x3555, 0x8000, 0x7c00, 0xfc00, 0x7e00];
    const values = [1, -2, 2 ** -24, 1023 * 2 ** -24, 65504, 0.333251953125, -0, Infinity, -Infinity, NaN];
    expect(tensor('F16', half)).toEqual(values);
    // A Buffer, whose slice() is no copy, at an address that has no view of this type.
    const data = Buffer.from('\0\0\0\x80?', 'latin1').subarray(1);
    expect([...toFloat64('t', { dtype: 'F32', shape: [1], data })]).toEqual([1]);
    expect(tensor('BF16', [0x3f80, 0xc000, 0x3eab, 0x7f80])).toEqual([1, -2, 0.333984375, Infinity]);
  });
});

test('tensors of whole numbers are exported as these numbers, which the backends take them for', async () => {
  const card = { arch: 'resnet18' as const, classes: ['a'], preprocessing: PREPROCESSING };
  const tensors = makeTensors(card);
  const files = ['I32', 'F32'].map((dtype) => ({
    dtype: dtype as 'I32' | 'F32',
    onnx: path.join(tmp, `${dtype}.onnx`),
  }));
  for (const { dtype, onnx } of files) {
    const ones = dtype === 'I32' ? Int32Array.of(...Array<number>(512).fill(1)) : new Float32Array(512).fill(1);
    tensors.set('layer4.1.bn2.bias', { dtype, shape: [512], data: new Uint8Array(ones.buffer) });
    const model = path.join(tmp, `${dtype}.safetensors`);
    await writeModel(model, card, tensors);
    await exported(model, '--output', onnx);
  }
  expect(fs.readFileSync(files[0]?.onnx ?? '').equals(fs.readFileSync(files[1]?.onnx ?? ''))).toBe(true);
});

describe('errors are one line, and no file is left', () => {
  async function fails(args: string[], code: number, message: RegExp): Promise<void> {
    const before = fs.readdirSync(tmp).sort();
    const ran = await run(['export', ...args]);
    expect(ran.stderr).toMatch(/^resnet-ft: [^\n]+\n$/);
    expect(ran.stderr).toMatch(message);
    expect(ran.stdout).toBe('');
    expect(ran.code).toBe(code);
    expect(fs.readdirSync(tmp).sort()).toEqual(before);
  }
  const out = (name: string): string[] => ['--output', path.join(tmp, name)];

  test('of the options', async () => {
    await fails([], 2, /export <model>/);
    await fails([trained], 2, /export needs --format \(pth, safetensors or onnx\) or --output/);
    await fails(
      [trained, '--format', 'tflite'],
      2,
      /Expected pth, safetensors or onnx for --format but received tflite/,
    );
    await fails(
      [trained, ...out('m.bin')],
      2,
      /ending in \.pth, \.pt, \.safetensors or \.onnx for --output but .*m\.bin/,
    );
    await fails(
      [trained, '--format', 'onnx', ...out('m.pth')],
      2,
      /ending in \.onnx for --output but received .*m\.pth/,
    );
    await fails(
      [trained, ...out('m.pth'), '--with-preprocessing'],
      2,
      /--with-preprocessing needs onnx, and the format is pth/,
    );
  });

  test('of the model', async () => {
    await fails([path.join(tmp, 'no.pth'), ...out('m.onnx')], 1, /no\.pth: no such file/);
    await fails(['imagenet-v9', ...out('m.onnx')], 2, /for weights of resnet50 but received imagenet-v9/);
    await fails([trained, ...out('m.onnx'), '--arch', 'resnet50'], 1, /are of resnet18, not of resnet50/);
  });

  test('of the output', async () => {
    await fails([trained, ...out('none/m.onnx')], 1, /m\.onnx: there is no folder .*none/);
    // Below a file nobody could make the folder first.
    fs.writeFileSync(path.join(tmp, 'file'), 'precious');
    for (const below of ['file/m.onnx', 'file/folder/m.onnx', 'file/', 'file/folder/']) {
      const format = below.endsWith('/') ? ['--format', 'onnx'] : [];
      await fails([trained, ...out(below), ...format], 1, /file is a file, not a folder\. Give another (name|folder)/);
    }
    const folder = path.join(tmp, 'folder.onnx');
    fs.mkdirSync(folder, { recursive: true });
    await fails([trained, ...out('folder.onnx'), '--force'], 1, /folder\.onnx: it is a folder/);
    if (process.platform === 'linux')
      await fails([trained, '--output', '/proc/m.onnx'], 1, /cannot write \/proc\/m\.onnx/);

    const file = path.join(tmp, 'there.pth');
    fs.writeFileSync(file, 'precious');
    await fails([trained, ...out('there.pth')], 1, /there\.pth: it exists\. Replace it with --force/);
    expect(fs.readFileSync(file, 'utf8')).toBe('precious');
    await exported(trained, ...out('there.pth'), '--force');
    expect((await readWeights(file)).metadata['arch']).toBe('resnet18');
  });
});
