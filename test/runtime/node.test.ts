import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import type { ModelCard } from '../../lib/model/describe';
import { quantized, unitVector } from '../../lib/model/unknown';
import { PREPROCESSING } from '../../lib/options';
import { records, run, scratch } from '../cli/run';
import { makeTensors, writeModel } from '../export/made-model';
import type { Prediction } from '../../packages/runtime/src/api';
import { ask, callAll, cropsOf, IMAGES, makeProject, type Question } from './package';

const tmp = scratch();
const project = makeProject(path.join(tmp, 'project'));
const CLASSES = ['ants', 'bees', '"<b>', '蜜蜂 🐝', '__proto__'];
const CARD: ModelCard = {
  arch: 'resnet18',
  classes: CLASSES,
  preprocessing: { ...PREPROCESSING, resize: 73, crop: 64 },
};

/** Crops differ or not; what they hold helps nobody. */
const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Writes a model of random weights, and exports it. */
async function exported(name: string, other: Partial<ModelCard> = {}, args: string[] = [], end = '.onnx') {
  const model = path.join(tmp, `${name}.safetensors`);
  const card = { ...CARD, ...other };
  await writeModel(model, card, makeTensors(card));
  const output = path.join(tmp, `${name}${end}`);
  expect(await run(['export', model, '--format', 'onnx', '--output', output, ...args])).toMatchObject({ code: 0 });
  return { model, output, preprocessing: card.preprocessing };
}

/** What `resnet-ft predict` says. */
async function predicted(model: string, ...args: string[]): Promise<Prediction[]> {
  const ran = await run(['predict', model, ...IMAGES, '--json', '--device', 'cpu', '--precision', 'fp32', ...args]);
  expect(ran).toMatchObject({ code: 0 });
  return records(ran.stdout) as unknown as Prediction[];
}

function expectSame(ours: Prediction[], theirs: Prediction[], within = 1e-5): void {
  expect(ours).toHaveLength(IMAGES.length);
  ours.forEach((one, i) => {
    const other = theirs[i] as Prediction;
    expect({ file: one.file, class: one.class }).toEqual({ file: other.file, class: other.class });
    expect(one.top.map(({ index, class: name }) => [index, name])).toEqual(
      other.top.map(({ index, class: name }) => [index, name]),
    );
    one.top.forEach(({ probability }, k) => {
      expect(Math.abs(probability - (other.top[k]?.probability ?? NaN))).toBeLessThan(within);
    });
    expect(one.probability).toBe(one.top[0]?.probability);
  });
  // Probabilities that hardly differ between images would not tell right crops from wrong ones.
  const first = ours.map(({ top }) => top[0]?.probability ?? 0);
  expect(Math.max(...first) - Math.min(...first)).toBeGreaterThan(0.01);
}

test.each([
  ['a file', [], '.onnx'],
  ['a graph that normalises', ['--with-preprocessing'], '.onnx'],
  ['a folder for transformers.js', [], '/'],
])('%s: the predictions of resnet-ft predict', async (name, args, end) => {
  const { model, output } = await exported(name.replaceAll(' ', '-'), {}, args, end);
  const answer = await ask(project, { model: output, images: IMAGES, topK: 5 });
  expect(answer).toMatchObject({ classes: CLASSES, arch: 'resnet18' });
  expectSame(answer.predictions, await predicted(model, '--top-k', '5'));
});

test("224 pixels, by onnxruntime-node and onnxruntime-web, from paths and from bytes: the tutorial's crops to the byte", async () => {
  const { model, output, preprocessing } = await exported('full', { preprocessing: PREPROCESSING });
  const theirs = await predicted(model, '--top-k', '5');
  const answer = await ask(project, { model: output, images: IMAGES, topK: 5, crops: true });
  expectSame(answer.predictions, theirs);
  expect(answer.crops.map(hash)).toEqual(cropsOf(preprocessing, IMAGES).map(hash));
  const inMemory = await ask(project, { model: output, images: IMAGES, topK: 5, bytes: true, web: true });
  expect(inMemory.predictions.every((one) => !('file' in one))).toBe(true);
  expectSame(
    inMemory.predictions.map((one, i) => ({ file: IMAGES[i] ?? '', ...one })),
    theirs,
  );
});

describe('what an image goes through', () => {
  /** Images of every format that there is, alpha, other colours and an orientation among them. */
  async function drawn(): Promise<string[]> {
    const noise = Buffer.from(Uint8Array.from({ length: 90 * 61 * 4 }, (_, i) => (i * 7919) % 251));
    const image = () => sharp(noise, { raw: { width: 90, height: 61, channels: 4 } });
    const made: Record<string, sharp.Sharp> = {
      'alpha.png': image().png(),
      'palette.png': image().png({ palette: true }),
      'gray.png': image().removeAlpha().grayscale().png(),
      'alpha.webp': image().webp({ lossless: true }),
      'lossy.webp': image().webp(),
      'turned.jpg': image().removeAlpha().jpeg().withMetadata({ orientation: 6 }),
      'cmyk.jpg': image().removeAlpha().toColourspace('cmyk').jpeg(),
      'gray.jpg': image().removeAlpha().grayscale().jpeg(),
      'some.gif': image().gif(),
      'some.tiff': image().removeAlpha().tiff({ compression: 'lzw' }),
    };
    for (const [name, one] of Object.entries(made)) await one.toFile(path.join(tmp, name));
    const large = Buffer.alloc(300 * 300 * 3, 'resnet');
    fs.writeFileSync(path.join(tmp, 'large.ppm'), Buffer.concat([Buffer.from('P6 300 300 255\n'), large]));
    return [...Object.keys(made), 'large.ppm'].map((name) => path.join(tmp, name));
  }

  test.each<[string, Partial<ModelCard['preprocessing']>]>([
    ['a crop', {}],
    ['black bars, bicubic', { fit: 'pad', interpolation: 'bicubic' }],
    ['out of shape, turned by EXIF', { fit: 'stretch', exifRotate: true }],
    ['a crop larger than the image, turned by EXIF', { resize: 40, exifRotate: true }],
  ])("the same crops as the main package's, to the byte: %s", async (name, other) => {
    const preprocessing = { ...CARD.preprocessing, ...other };
    const { output } = await exported(name.replaceAll(/\W+/g, '-'), { preprocessing });
    const files = await drawn();
    const { crops, error } = await ask(project, { model: output, images: files, crops: true });
    expect(error).toBeUndefined();
    const named = (of: string[]) =>
      Object.fromEntries(files.map((file, i) => [path.basename(file), hash(of[i] ?? '')]));
    expect(named(crops)).toEqual(named(cropsOf(preprocessing, files)));
  });
});

test('a model that was taught to say none of these says it as predict does', async () => {
  // Of so many random vectors and limits in between, some images are known and some are not.
  const rows = Array.from({ length: 12 }, (_, r) =>
    unitVector(Float32Array.from({ length: 512 }, (_, i) => ((r + 1) * (i + 3) * 7) % 11)),
  );
  const rule = {
    temperature: 2,
    probability: 0.28,
    distance: 0.427,
    neighbours: 3,
    keep: 0.95,
    references: quantized(rows),
  };
  const { model, output } = await exported('unknown', { unknown: rule });
  const theirs = await predicted(model, '--top-k', '5');
  const { predictions } = await ask(project, { model: output, images: IMAGES, topK: 5 });
  expectSame(predictions, theirs);
  predictions.forEach(({ verdict }, i) => {
    // Its JSON has them beside the others.
    const other = theirs[i] as unknown as Required<Prediction>['verdict'];
    expect(verdict?.unknown).toBe(other.unknown);
    expect(verdict?.calibrated).toBeCloseTo(other.calibrated, 5);
    expect(verdict?.distance).toBeCloseTo(other.distance, 5);
  });
  expect(new Set(predictions.map(({ verdict }) => verdict?.unknown)).size).toBe(2);
});

/** An entry of an ONNX file's metadata, field 14 of a model: a key and a value. */
function entry(key: string, value: string): Buffer {
  const field = (tag: number, content: Buffer) => Buffer.concat([Buffer.of(tag, content.length), content]);
  return field(0x72, Buffer.concat([field(0x0a, Buffer.from(key)), field(0x12, Buffer.from(value))]));
}

describe('a calibrated model', () => {
  test.each([
    ['a file, which leaves the division to us', '.onnx', 2.5],
    ['a folder, whose graph divides', '/', undefined],
  ])('%s: the calibrated probabilities of resnet-ft predict', async (_, end, left) => {
    const { model, output } = await exported(`calibrated${String(left)}`, { temperature: 2.5 }, [], end);
    const theirs = await predicted(model, '--top-k', '5');
    const { temperature, predictions } = await ask(project, { model: output, images: IMAGES, topK: 5 });
    expect(temperature).toBe(left);
    expectSame(predictions, theirs);
  });

  test.each(['0', '1e9', 'warm'])('a temperature of %s is damage', async (temperature) => {
    const { output } = await exported(`temperature-${temperature}`);
    // A message of protocol buffers may have more fields at its end.
    fs.appendFileSync(output, entry('temperature', temperature));
    expect((await ask(project, { model: output })).error).toMatchObject({ code: 'WEIGHTS_INVALID' });
  });
});

describe('calls of programs', () => {
  let model: string;
  beforeAll(async () => {
    ({ output: model } = await exported('calls'));
  });

  test('pixels are bytes, of whatever realm', async () => {
    const pixels = (data: string): string => `model.predict({ width: size, height: size, data: ${data} })`;
    const [expected, ...good] = await callAll(
      project,
      model,
      ['data', 'new Uint8ClampedArray(data)', 'Buffer.from(data)', 'other.Uint8Array.from(data)'].map(pixels),
    );
    expect(expected).toMatchObject({ value: { class: expect.any(String) as string } });
    for (const one of good) expect(one).toEqual(expected);
    const wrong = [
      '[...data]',
      'Uint16Array.from(data)',
      'Float32Array.from(data)',
      'other.Float32Array.from(data)',
      'null',
    ];
    for (const { error } of await callAll(project, model, [...wrong, 'new DataView(data.buffer)'].map(pixels))) {
      expect(error).toMatchObject({ known: true, code: 'INVALID_OPTION' });
      expect(error?.message).toMatch(/^Expected a Uint8Array or a Uint8ClampedArray for the data of pixels/);
    }
  });

  test.each([
    ['pixels', '{ width: size, height: size, data: bytes }', 'data.slice()'],
    ['bytes', 'bytes', 'fs.readFileSync(IMAGE)'],
    ['an ArrayBuffer', 'bytes.buffer', 'new Uint8Array(fs.readFileSync(IMAGE))'],
  ])('%s of an image may be used again once predict and crop have been called', async (_, image, bytes) => {
    const made = bytes.replace('IMAGE', JSON.stringify(IMAGES[0]));
    const call = (method: string, then: string): string => `(async () => {
      const bytes = ${made};
      const promise = model.${method}(${image});
      ${then}
      const { data: crop, ...rest } = await promise;
      return crop === undefined ? rest : [...crop];
    })()`;
    const methods = ['predict', 'crop'];
    const untouched = await callAll(
      project,
      model,
      methods.map((method) => call(method, '')),
    );
    for (const { error } of untouched) expect(error).toBeUndefined();
    const again = methods.map((method) => call(method, 'bytes.fill(0);'));
    expect(await callAll(project, model, again)).toEqual(untouched);
  });

  test.each<[string, string, RegExp]>([
    ['model.predict(data, null)', 'INVALID_OPTION', /for the options of predict/],
    ['model.predict([, data])', 'INVALID_OPTION', /for the image but received nothing/],
    ['model.predict({ width: 2n, height: Symbol(), data })', 'IMAGE_UNREADABLE', /don't go together/],
    ['loadModel(file, null)', 'INVALID_OPTION', /for the options of loadModel/],
    ['loadModel(file, { onnxruntime: {} })', 'INVALID_OPTION', /onnxruntime's module for onnxruntime/],
    ['loadModel(file, { onnxruntime: null })', 'INVALID_OPTION', /onnxruntime's module for onnxruntime/],
    ['loadModel(file, { sessionOptions: null })', 'INVALID_OPTION', /for sessionOptions/],
    [
      "loadModel(file, { sessionOptions: { executionProviders: ['nonsense'] } })",
      'BACKEND_UNAVAILABLE',
      /does not start with the executionProviders: .*nonsense/,
    ],
    [
      "loadModel(file, { onnxruntime: require('onnxruntime-web'), sessionOptions: { executionProviders: ['nonsense'] } })",
      'BACKEND_UNAVAILABLE',
      /does not start with the executionProviders: .*nonsense/,
    ],
    [
      "loadModel(file, { sessionOptions: { executionProviders: ['cpu'], intraOpNumThreads: -1 } })",
      'INVALID_OPTION',
      /does not start with these sessionOptions: .*intraOpNumThreads/,
    ],
  ])('%s is refused by its promise', async (call, code, message) => {
    const [made] = await callAll(project, model, [call]);
    expect(made?.error).toMatchObject({ known: true, code });
    expect(made?.error?.message).toMatch(message);
  });

  test('a damaged graph is its file, also with sessionOptions', async () => {
    const damaged = path.join(tmp, 'damaged-graph.onnx');
    fs.writeFileSync(damaged, fs.readFileSync(model).fill(1, 200, 4000));
    const options = "{ sessionOptions: { executionProviders: ['cpu'] } }";
    const [made] = await callAll(project, model, [`loadModel(${JSON.stringify(damaged)}, ${options})`]);
    expect(made?.error).toMatchObject({ known: true, code: 'WEIGHTS_INVALID' });
  });
});

describe('an error has a code and one line', () => {
  let model: string;
  beforeAll(async () => {
    ({ output: model } = await exported('errors'));
  });
  const write = (name: string, bytes: string | Buffer): string => {
    fs.writeFileSync(path.join(tmp, name), bytes);
    return path.join(tmp, name);
  };
  const cases: [string, () => Question, string, RegExp][] = [
    ['no model there', () => ({ model: path.join(tmp, 'none.onnx') }), 'WEIGHTS_INVALID', /none\.onnx: no such file$/],
    [
      'no ONNX file',
      () => ({ model: write('text.onnx', 'hello') }),
      'WEIGHTS_INVALID',
      /text\.onnx: it is no ONNX file/,
    ],
    ['a model of others', () => ({ model: write('other.onnx', entry('a', 'b')) }), 'WEIGHTS_INVALID', /does not say/],
    [
      'a model that is cut off',
      () => ({ model: write('cut.onnx', fs.readFileSync(model).subarray(0, 1e6)) }),
      'WEIGHTS_INVALID',
      /cut\.onnx: it is no ONNX file, or is damaged$/,
    ],
    [
      'what a broken copy leaves',
      () => ({ model: write('zeros.onnx', Buffer.alloc(50_000_000)) }),
      'WEIGHTS_INVALID',
      /zeros\.onnx: it is no ONNX file, or is damaged$/,
    ],
    [
      'a graph that is damaged',
      () => ({ model: write('graph.onnx', fs.readFileSync(model).fill(1, 200, 4000)) }),
      'WEIGHTS_INVALID',
      /graph\.onnx: /,
    ],
    [
      'no image there',
      () => ({ model, images: [path.join(tmp, 'no.jpg')] }),
      'IMAGE_UNREADABLE',
      /no\.jpg: no such file$/,
    ],
    [
      'no image',
      () => ({ model, images: [write('te\nxt.jpg', 'hello')] }),
      'IMAGE_UNREADABLE',
      /te\\x0axt\.jpg: not an image/,
    ],
    ['no address', () => ({ model, images: ['http://127.0.0.1:9/a.jpg'] }), 'IMAGE_UNREADABLE', /no such file$/],
    [
      'a model nobody serves',
      () => ({ model: 'http://127.0.0.1:9/a.onnx' }),
      'DOWNLOAD_FAILED',
      /a\.onnx: fetch failed$/,
    ],
    [
      'no number of classes',
      () => ({ model, images: IMAGES.slice(0, 1), topK: 0 }),
      'INVALID_OPTION',
      /^Expected an integer .* topK/,
    ],
    ['an empty path', () => ({ model: '' }), 'INVALID_OPTION', /^Expected a path, an address or bytes for the model/],
  ];
  test.each(cases)('%s', async (_, question, code, message) => {
    const { error } = await ask(project, question());
    expect(error).toMatchObject({ name: 'ResnetFtError', code });
    expect(error?.message).toMatch(message);
    expect(error?.message).not.toContain('\n');
  });

  test('of what is not installed it says what to install', async () => {
    // From within the checkout, what a project lacks would be found above it.
    const bare = makeProject(fs.mkdtempSync(path.join(os.tmpdir(), 'resnet-ft-test-')), []);
    const some = makeProject(fs.mkdtempSync(path.join(os.tmpdir(), 'resnet-ft-test-')), ['onnxruntime-web']);
    try {
      const { error } = await ask(bare, { model });
      expect(error).toMatchObject({ code: 'BACKEND_UNAVAILABLE', message: 'onnxruntime is not installed' });
      expect(error?.hint).toMatch(/npm install .*onnxruntime-node/);
      const second = await ask(some, { model, images: IMAGES.slice(0, 1) });
      expect(second.error).toMatchObject({ code: 'BACKEND_UNAVAILABLE', hint: 'Run: npm install sharp' });
    } finally {
      for (const folder of [bare, some]) fs.rmSync(folder, { recursive: true, force: true });
    }
  });
});
