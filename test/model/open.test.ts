import fs from 'node:fs';
import path from 'node:path';
import {
  architectureOf,
  cardMetadata,
  DEFAULT_PREPROCESSING,
  parseCard,
  type ModelCard,
} from '../../lib/model/describe';
import { buildNetwork, tensorsOf } from '../../lib/network/architecture';
import { ARCHITECTURES } from '../../lib/options';
import type * as Open from '../../lib/model/open';
import type * as Start from '../../lib/train/start';
import type * as Weights from '../../lib/weights';
import { writeStateDict, type StateDict, type Tensor } from '../../lib/weights';
import { scratch } from '../cli/run';
import { makeTensors } from '../export/made-model';
import { callApi } from '../predict/call-api';

const folder = scratch();
const CARD: ModelCard = { arch: 'resnet18', classes: ['ants', 'bees'], preprocessing: DEFAULT_PREPROCESSING };
const good = makeTensors(CARD);
const half = makeTensors(CARD, 'BF16');
let files = 0;

const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
const words = (...values: number[]): Uint8Array => new Uint8Array(Uint16Array.from(values).buffer);

/** The weights with some tensors replaced. */
const changed = (changes: Record<string, Tensor>, tensors = good): StateDict =>
  new Map([...tensors, ...Object.entries(changes)]);

/** A tensor of the weights with its last bytes overwritten. */
function ending(name: string, bytes: Uint8Array, tensors = good): StateDict {
  const tensor = tensors.get(name) as Tensor;
  const data = tensor.data.slice();
  data.set(bytes, data.length - bytes.length);
  return changed({ [name]: { ...tensor, data } }, tensors);
}

interface Outcome {
  arch?: string;
  classes?: string[];
  code?: string;
  message?: string;
  /** Most memory of the process, in bytes. */
  memory: number;
}

/** Writes the file and opens it as a model, in a process of its own. */
async function opened(
  tensors: StateDict,
  metadata: Record<string, string> = cardMetadata(CARD),
): Promise<Outcome & { file: string }> {
  const file = path.join(folder, `${++files}.safetensors`);
  await writeStateDict(file, tensors, { metadata });
  const outcome = await callApi<string, Outcome>(async ({ root }, given) => {
    const { openModel } = (await import(`${root}/dist/model/open.js`)) as typeof Open;
    const result: Omit<Outcome, 'memory'> = await openModel(given).then(
      ({ arch, classes }) => ({ arch, classes }),
      ({ code, message }: { code: string; message: string }) => ({ code, message }),
    );
    return { ...result, memory: process.resourceUsage().maxRSS * 1024 };
  }, file);
  fs.rmSync(file);
  return { ...outcome, file };
}

/** Expects an error of one line that names the file. */
async function refused(
  tensors: StateDict,
  code: string,
  reason: RegExp,
  metadata?: Record<string, string>,
): Promise<void> {
  const outcome = await opened(tensors, metadata);
  expect(outcome).toMatchObject({ code, message: expect.stringMatching(reason) });
  expect(outcome.message).toContain(outcome.file);
  expect(outcome.memory).toBeLessThan(1e9);
}

async function accepted(tensors: StateDict): Promise<void> {
  expect(await opened(tensors)).toMatchObject({ arch: 'resnet18', classes: ['ants', 'bees'] });
}

test('weights that fit are opened, in float32 and in bfloat16', async () => {
  await accepted(good);
  await accepted(half);
});

test.each(ARCHITECTURES)('the shapes of %s tell it from the others', (arch) => {
  const tensors = tensorsOf(buildNetwork(arch, 3)).map(
    ({ name, ...tensor }) => [name, { ...tensor, data: floats() }] as const,
  );
  expect(architectureOf(new Map(tensors))).toBe(arch);
});

describe('the architecture is the one that the file names', () => {
  const other = cardMetadata({ ...CARD, arch: 'resnet34' });

  test('and not the one that its tensors look like', async () => {
    await refused(good, 'WEIGHTS_MISMATCH', /do not fit the model: layer1\.2\.conv1\.weight is missing/, other);
  });

  test('and the one that its tensors are of where it names none, also where training starts from them', async () => {
    const file = path.join(folder, 'plain.safetensors');
    await writeStateDict(file, good);
    const said = await callApi<string, unknown>(async ({ root }, given) => {
      const { openModel } = (await import(`${root}/dist/model/open.js`)) as typeof Open;
      const { readStart } = (await import(`${root}/dist/train/start.js`)) as typeof Start;
      const start = await readStart({ weights: given } as never, {});
      return [(await openModel(given)).arch, start.arch];
    }, file);
    expect(said).toEqual(['resnet18', 'resnet18']);
  });
});

describe('weights of another shape are refused with the name of the file', () => {
  const empty = (shape: number[]): Tensor => ({ dtype: 'F32', shape, data: new Uint8Array() });

  test.each([[100_000_000], [4_294_967_295]])('a classifier of %i outputs without a single weight', async (outputs) => {
    const tensors = changed({ 'fc.weight': empty([outputs, 0]), 'fc.bias': empty([0]) });
    await refused(tensors, 'WEIGHTS_MISMATCH', /fc\.weight and fc\.bias do not fit resnet18/, {});
  });

  test('a classifier without outputs', async () => {
    const tensors = changed({ 'fc.weight': empty([0, 512]), 'fc.bias': empty([0]) });
    await refused(tensors, 'WEIGHTS_MISMATCH', /not a state dict of a torchvision ResNet/, {});
  });

  test('a convolution', async () => {
    const conv: Tensor = { dtype: 'F32', shape: [2, 2], data: floats(1, 2, 3, 4) };
    await refused(
      changed({ 'conv1.weight': conv }),
      'WEIGHTS_MISMATCH',
      /conv1\.weight is \[2, 2\] \(the model has \[64, 3/,
    );
  });

  test('one too many', async () => {
    await refused(changed({ 'layer5.weight': empty([0]) }), 'WEIGHTS_MISMATCH', /"layer5\.weight" \[0\] is unexpected/);
  });
});

describe('weights that can only give wrong answers are refused', () => {
  test.each([
    ['NaN', floats(NaN, 0)],
    ['infinity', floats(-Infinity)],
  ])('%s in float32', (_what, bytes) =>
    refused(
      ending('layer3.1.conv2.weight', bytes),
      'WEIGHTS_INVALID',
      /"layer3\.1\.conv2\.weight" holds values that are not/,
    ),
  );

  test.each([
    ['NaN', 0x7fc1],
    ['infinity', 0xff80],
  ])('%s in bfloat16', (_what, bits) =>
    refused(ending('fc.bias', words(bits), half), 'WEIGHTS_INVALID', /"fc\.bias" holds values that are not finite/),
  );

  test('a float64 that no float32 can hold', async () => {
    const data = new Uint8Array(Float64Array.of(1, 1e39).buffer);
    await refused(
      changed({ 'fc.bias': { dtype: 'F64', shape: [2], data } }),
      'WEIGHTS_INVALID',
      /"fc\.bias" holds values/,
    );
    const fits = new Uint8Array(Float64Array.of(1, -1e38).buffer);
    await accepted(changed({ 'fc.bias': { dtype: 'F64', shape: [2], data: fits } }));
  });

  test('a variance below zero, but not one of zero', async () => {
    const name = 'layer1.0.bn1.running_var';
    await refused(ending(name, floats(-1e-30)), 'WEIGHTS_INVALID', /running_var" holds negative variances/);
    await refused(ending(name, words(0x8001), half), 'WEIGHTS_INVALID', /running_var" holds negative variances/);
    await accepted(ending(name, floats(0, -0)));
    await accepted(ending(name, words(0x8000), half));
  });

  test('also where training starts from them', async () => {
    const file = path.join(folder, 'start.safetensors');
    await writeStateDict(file, ending('conv1.weight', floats(NaN)));
    const said = await callApi<string, string>(async ({ root }, given) => {
      const { loadStart } = (await import(`${root}/dist/train/start.js`)) as typeof Start;
      const { readStateDict } = (await import(`${root}/dist/weights/index.js`)) as typeof Weights;
      const session = { loadStateDict: () => Promise.reject(new Error('they were loaded')) };
      const tensors = await readStateDict(given);
      return loadStart(session as never, { file: given, tensors }, 'resnet18', ['a', 'b']).then(
        () => 'they were loaded',
        (error: Error) => error.message,
      );
    }, file);
    expect(said).toMatch(/start\.safetensors: tensor "conv1\.weight" holds values that are not finite/);
  });
});

test('geometry travels in the metadata, only what is not as in the tutorial; what a newer version adds is ignored', () => {
  const read = (preprocessing: object): unknown =>
    parseCard('model', cardMetadata({ ...CARD, preprocessing: preprocessing as never })).preprocessing;
  const geometry = { ...DEFAULT_PREPROCESSING, fit: 'pad', interpolation: 'bicubic', exifRotate: true };
  expect(JSON.stringify(read(DEFAULT_PREPROCESSING))).toBe(JSON.stringify(DEFAULT_PREPROCESSING));
  expect(read(geometry)).toEqual(geometry);
  expect(read({ ...DEFAULT_PREPROCESSING, perspective: 'later' })).toEqual(DEFAULT_PREPROCESSING);
});

describe('metadata that can not be meant are damage', () => {
  test.each<[string, Partial<ModelCard['preprocessing']>]>([
    ['a crop for gigabytes of memory', { crop: 16384 }],
    ['a resize for gigabytes of memory', { resize: 16384 }],
    ['a side of 0', { crop: 0 }],
    ['a standard deviation next to zero', { std: [0.2, 1e-300, 0.2] }],
    ['a standard deviation of zero', { std: [0, 0.2, 0.2] }],
    ['a standard deviation beyond all values', { std: [0.2, 0.2, 1e30] }],
    ['a mean outside of all values', { mean: [0.5, 1e9, 0.5] }],
    ['two channels', { mean: [0.5, 0.5] }],
    ['a short side beyond any', { resize: 2049 }],
    ['a side beyond any', { crop: 1025 }],
    ['an unknown way to make a square', { fit: 'squeeze' as never }],
    ['a way that is no word', { fit: null as never }],
    ['an unknown filter', { interpolation: 'lanczos' as never }],
    ['a turn that is neither yes nor no', { exifRotate: 1 as never }],
  ])('%s', (_what, preprocessing) =>
    refused(
      good,
      'WEIGHTS_INVALID',
      /its resnet-ft metadata is damaged/,
      cardMetadata({ ...CARD, preprocessing: { ...DEFAULT_PREPROCESSING, ...preprocessing } }),
    ),
  );

  test.each([
    ['an empty name', ['ants', '']],
    ['a name as long as a book', ['ants', 'b'.repeat(100_000)]],
  ])('%s', (_what, classes) =>
    refused(good, 'WEIGHTS_INVALID', /its resnet-ft metadata is damaged/, cardMetadata({ ...CARD, classes })),
  );

  test('more names than outputs', async () => {
    const metadata = cardMetadata({ ...CARD, classes: ['a', 'b', 'c'] });
    await refused(good, 'WEIGHTS_MISMATCH', /names 3 classes, but the model of .* has 2 outputs/, metadata);
  });
});
