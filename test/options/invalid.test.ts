import { Linter } from 'eslint';
import { openDataset } from '../../lib/data/dataset';
import { loadImage } from '../../lib/data/load-image';
import { pytorchUrl } from '../../lib/download/mirror';
import { readClassMap } from '../../lib/eval/class-map';
import { expectedHash } from '../../lib/libtorch/known-hashes';
import { exportModel } from '../../lib/export/export';
import { resolveExportOptions, resolveTrainOptions } from '../../lib/options';
import { readStateDict, writeStateDict, type Tensor } from '../../lib/weights';
import { ANTS_BEES } from '../cli/run';

// An ES module, which jest on Node.js 20 can't load.
jest.mock('eslint-plugin-regexp', () => ({ default: { rules: {} } }));

const config = jest.requireActual<{ files?: string[]; rules?: Record<string, unknown> }[]>('../../eslint.config.js');
const ROOM = 'lib/data/*.ts';

const RESUME = '--resume needs a value: the folder of a run, or one of its checkpoints';
const WARMUP = '--warmup needs a value: a number of at least 0';
const TENSOR: Tensor = { dtype: 'F32', shape: [], data: new Uint8Array(4) };
const SPLIT = { data: ANTS_BEES, seed: 0 };

test.each<[string, () => unknown, RegExp]>([
  ['a size of loadImage', () => loadImage('a.jpg', { crop: 1.5 }), /for crop but received 1\.5$/],
  ['the extension of writeStateDict', () => writeStateDict('a.bin', new Map()), /for file but received a\.bin$/],
  ['no tensors', () => writeStateDict('a.pth', undefined as never), /for tensors but received nothing$/],
  ['no tensor', () => writeStateDict('a.pth', new Map()), /for tensors but received /],
  [
    'a name of a tensor',
    () => writeStateDict('a.pth', new Map([['\ud800', { ...TENSOR, shape: [] }]])),
    /for the name of a tensor but/,
  ],
  [
    'half a tensor',
    () => writeStateDict('a.pth', new Map([['a', { ...TENSOR, data: undefined as never }]])),
    /data that are .* for the tensor a but/,
  ],
  [
    'a short tensor',
    () => writeStateDict('a.pth', new Map([['a', { ...TENSOR, shape: [2] }]])),
    /8 bytes of data, not 4, for the tensor a but/,
  ],
  [
    'a shape without end',
    () => writeStateDict('a.pth', new Map([['a', { ...TENSOR, shape: [2 ** 40, 2 ** 40] }]])),
    /Expected a shape of no more bytes than can be counted for the tensor a but/,
  ],
  [
    'dimensions',
    () => writeStateDict('a.pth', new Map([['a', { ...TENSOR, shape: Array(65).fill(1) }]])),
    /at most 64 sizes for/,
  ],
  [
    'metadata',
    () => writeStateDict('a.pth', new Map([['a', TENSOR]]), { metadata: { a: 1 } as never }),
    /for metadata but/,
  ],
  [
    'half of a character in metadata',
    () => writeStateDict('a.safetensors', new Map([['a', TENSOR]]), { metadata: { a: '\ud83d' } }),
    /well-formed text for metadata a but/,
  ],
  [
    'half of a character in a name of metadata',
    () => writeStateDict('a.safetensors', new Map([['a', TENSOR]]), { metadata: { '\ud83d': 'a' } }),
    /well-formed text for metadata .* but received a$/,
  ],
  ['a file of readStateDict', () => readStateDict(Symbol('a') as never), /for file but received/],
  ['a NUL in a name', () => readStateDict('a\0b'), /without NUL characters for file but received/],
  ['a NUL in an output', () => exportModel({ model: 'a', output: 'a\0b.onnx' }), /NUL characters for --output but/],
  [
    'a NUL in a folder',
    () => exportModel({ model: 'a', output: 'a\0b/', format: 'onnx' }),
    /NUL characters for --output but/,
  ],
  ['a class map', () => readClassMap(['ants'] as never), /for --class-map but received ants$/],
  ['a class in it', () => readClassMap({ ants: 0.5 }), /for ants in --class-map but received 0\.5$/],
  ['a mirror', () => pytorchUrl('a.pth'), /for RESNET_FT_MIRROR but received ftp:/],
  ['an unknown option', () => resolveTrainOptions({ data: 'a', ...{ epoch: 3 } }), /for train but received epoch$/],
  ['nothing', () => resolveTrainOptions({ data: '' }), /for data but received nothing$/],
])('%s is refused in the one form of invalid options', async (_what, call, end) => {
  process.env['RESNET_FT_MIRROR'] = 'ftp://example.org';
  const error = await Promise.resolve()
    .then(call)
    .catch((caught: unknown) => caught);
  delete process.env['RESNET_FT_MIRROR'];
  expect(error).toMatchObject({ code: 'INVALID_OPTION', message: expect.stringMatching(/^Expected .+ for /) });
  expect((error as Error).message).toMatch(end);
});

test.each<[string, () => unknown, string]>([
  ['a value', () => resolveTrainOptions({ data: 'a', resume: '' }), RESUME],
  ['a number', () => resolveTrainOptions({ data: 'a', warmup: '' as never }), WARMUP],
  [
    'a hash',
    () => expectedHash('https://example.org/a.zip', undefined),
    '--sha256 needs a value: the SHA-256 of https://example.org/a.zip, whose libraries would be run',
  ],
  [
    'both --val and --val-split',
    () => openDataset({ ...SPLIT, val: 'b', valSplit: 0.2 }),
    "--val-split can't be used with --val",
  ],
  [
    'a split of what is split',
    () => openDataset({ ...SPLIT, valSplit: 0.2 }),
    `--val-split can't be used with ${ANTS_BEES}, which has train/ and val/`,
  ],
  [
    'a file of no format',
    () => resolveExportOptions({ model: 'a' }),
    'export needs --format (pth, safetensors or onnx) or --output',
  ],
])('%s: what lacks a value, or does not go with others, has a sentence of its own', async (_what, call, message) => {
  const error = await Promise.resolve()
    .then(call)
    .catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'INVALID_OPTION', message });
});

test.each<[string, () => unknown, string]>([
  ['a text that reads as a number', () => resolveTrainOptions({ data: 'a', epochs: '3' as never }), '"3"'],
  ['a blank', () => resolveTrainOptions({ data: 'a', epochs: ' ' as never }), '" "'],
  ['a text that reads as a yes', () => resolveTrainOptions({ data: 'a', deterministic: 'true' as never }), '"true"'],
  ['a text that reads as a size', () => loadImage('a.jpg', { crop: '224' as never }), '"224"'],
  ['any other text', () => resolveTrainOptions({ data: 'a', epochs: 'many' as never }), 'many'],
  ['a number that reads as a path', () => resolveTrainOptions({ data: 'a', val: 7 as never }), 'the number 7'],
  ['a number for a folder', () => resolveTrainOptions({ data: 7 as never }), 'the number 7'],
  ['a yes for a choice', () => resolveTrainOptions({ data: 'a', schedule: true as never }), 'the boolean true'],
  ['a map', () => resolveTrainOptions(new Map() as never), 'Map'],
  ['an array without anything', () => resolveTrainOptions([] as never), 'an empty array'],
])('%s is shown as what it is', async (_what, call, shown) => {
  const error = await Promise.resolve()
    .then(call)
    .catch((caught: unknown) => caught);
  expect((error as Error).message.split(' but received ')[1]).toBe(shown);
});

test('an integer beyond those that are exact is told the greatest', () => {
  expect(() => resolveTrainOptions({ data: 'a', seed: 1e20 })).toThrow(
    'Expected an integer of at least 0 and at most 9007199254740991 for --seed but received 100000000000000000000',
  );
});

test('the linter refuses that error made by hand, and a hint without a capital', () => {
  const configs = config.filter(({ files, rules }) => files?.includes(ROOM) && rules?.['no-restricted-syntax']);
  const rules = { 'no-restricted-syntax': configs.at(-1)?.rules?.['no-restricted-syntax'] };
  const problems = (code: string): (string | null)[] =>
    new Linter().verify(code, { rules } as Linter.Config).map(({ ruleId }) => ruleId);
  const rule = ['no-restricted-syntax'];
  expect(problems("throw new ResnetFtError('INVALID_OPTION', 'no');")).toEqual(rule);
  expect(problems("throw new ResnetFtError('DATA_INVALID', 'no', { hint: 'take another' });")).toEqual(rule);
  expect(problems("throw new ResnetFtError('DATA_INVALID', 'no', { hint: `take ${1}` });")).toEqual(rule);
  expect(problems("throw new ResnetFtError('DATA_INVALID', 'no', { hint: 1 ? 'Take' : 'take' });")).toEqual(rule);
  expect(problems("const hint = 'take another';\nvoid [hint, ResnetFtError];")).toEqual(rule);
  expect(problems("throw new ResnetFtError('DATA_INVALID', 'no', { hint: 'Take another' });")).toEqual([]);
});
