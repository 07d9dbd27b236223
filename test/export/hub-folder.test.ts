import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { buildOnnx } from '../../lib/export/onnx';
import { hubConfig, hubPreprocessor } from '../../lib/export/hub-config';
import { buildNetwork } from '../../lib/network/architecture';
import { PREPROCESSING, resolveExportOptions } from '../../lib/options';
import { run, scratch } from '../cli/run';
import { makeRun } from '../report/made-run';
import { makeTensors, writeModel } from './made-model';

const tmp = scratch();
const CLASSES = ['__proto__', 'constructor', '10', '2', '"<b>', 'line\nbreak', '蜜蜂 🐝'];
const card = { arch: 'resnet18' as const, classes: CLASSES, preprocessing: PREPROCESSING };
const model = path.join(tmp, 'model.safetensors');
const web = path.join(tmp, 'new', 'web');
const read = (...names: string[]): string => fs.readFileSync(path.join(web, ...names), 'utf8');
beforeAll(() => writeModel(model, card, makeTensors(card)));

test('the folder has what transformers.js looks for, and a model card', async () => {
  const ran = await run(['export', model, '--format', 'onnx', '--output', `${web}/`, '--json']);
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  const names = ['onnx/model.onnx', 'config.json', 'preprocessor_config.json', 'labels.json', 'README.md'];
  const { files, file } = JSON.parse(ran.stdout) as { files: string[]; file: string };
  expect(files).toEqual(names.map((name) => path.join(web, name)));
  expect(file).toBe(files[0]);
  expect(JSON.parse(read('labels.json'))).toEqual(CLASSES);
  const { id2label, label2id, model_type } = JSON.parse(read('config.json')) as {
    id2label: Record<string, string>;
    label2id: Record<string, number>;
    model_type: string;
  };
  expect(model_type).toBe('resnet');
  expect(CLASSES.map((_, i) => id2label[i])).toEqual(CLASSES);
  expect(CLASSES.map((name) => Object.getOwnPropertyDescriptor(label2id, name)?.value as number)).toEqual(
    CLASSES.map((_, i) => i),
  );
  expect(read('README.md')).toContain('library_name: transformers.js');
});

/** Runs graphs on the same numbers. */
function logitsOf(...graphs: string[]): { name: string; logits: number[] }[] {
  const script = `
    const { InferenceSession, Tensor } = require('onnxruntime-node');
    const data = Float32Array.from({ length: 3 * 224 * 224 }, (_, i) => Math.sin(i));
    Promise.all(process.argv.slice(1).map(async (file) => {
      const session = await InferenceSession.create(file);
      const [name] = session.inputNames;
      const { logits } = await session.run({ [name]: new Tensor('float32', data, [1, 3, 224, 224]) });
      return { name, logits: [...logits.data] };
    })).then((all) => console.log(JSON.stringify(all)));`;
  return JSON.parse(execFileSync(process.execPath, ['-e', script, ...graphs], { encoding: 'utf8' })) as never;
}

test("the graph's input has the name that transformers.js gives it, and the logits are those of the other graph", async () => {
  const plain = path.join(tmp, 'plain.onnx');
  expect(await run(['export', model, '--output', plain])).toMatchObject({ code: 0, stderr: '' });
  const graph = path.join(web, 'onnx', 'model.onnx');
  const [hub, own] = logitsOf(graph, plain);
  expect([hub?.name, own?.name]).toEqual(['pixel_values', 'input']);
  expect(hub?.logits).toEqual(own?.logits);
});

test('the logits of a calibrated model are divided in the folder, where transformers.js takes their softmax, and as trained in a file', async () => {
  const temperature = 2.5;
  const calibrated = path.join(tmp, 'calibrated.safetensors');
  const tensors = makeTensors(card);
  await writeModel(calibrated, { ...card, temperature }, tensors);
  const [folder, file, plain] = ['calibrated-web', 'calibrated.onnx', 'as-trained.onnx'].map((name) =>
    path.join(tmp, name),
  ) as [string, string, string];
  for (const [source, output] of [
    [calibrated, `${folder}/`],
    [calibrated, file],
    [model, plain],
  ] as const) {
    expect(await run(['export', source, '--format', 'onnx', '--output', output])).toMatchObject({ code: 0 });
  }
  const [hub, own, trained] = logitsOf(path.join(folder, 'onnx', 'model.onnx'), file, plain);
  expect(own?.logits).toEqual(trained?.logits);
  trained?.logits.forEach((logit, i) => expect(hub?.logits[i]).toBeCloseTo(logit / temperature, 4));
  expect(fs.readFileSync(path.join(folder, 'README.md'), 'utf8')).toMatch(
    /Its probabilities are calibrated[^]*The logits are divided by the temperature already|The logits are divided by the temperature already[^]*Its probabilities are calibrated/,
  );

  const metadataOf = (options: object): Record<string, string> =>
    buildOnnx(
      buildNetwork(card.arch, CLASSES.length),
      tensors,
      { ...card, temperature, unknown },
      {
        withPreprocessing: false,
        ...options,
      },
    ).metadata;
  const unknown = {
    ...{ temperature: 3, probability: 0.5, distance: 0.5, neighbours: 1, keep: 0.95 },
    references: { count: 1, width: 512, bytes: new Uint8Array(512) },
  };
  const ruleIn = (metadata: Record<string, string>): unknown =>
    (JSON.parse(metadata['unknown'] ?? '') as { temperature: number }).temperature;
  const [divided, asTrained] = [metadataOf({ calibrated: true }), metadataOf({})];
  expect(asTrained).toMatchObject({ temperature: '2.5', logits: expect.stringMatching(/^as trained; divided by/) });
  expect(ruleIn(asTrained)).toBe(3);
  // Nobody who reads the metadata divides a second time.
  expect(divided).not.toHaveProperty('temperature');
  expect(divided['logits']).toBe('as trained, divided by the temperature 2.5: their softmax is calibrated');
  expect(ruleIn(divided)).toBeCloseTo(3 / 2.5, 12);
});

test('what there is stays, unless it is to be replaced; what the author wrote stays anyway', async () => {
  const again = (...args: string[]) => run(['export', model, '--format', 'onnx', '--output', `${web}/`, ...args]);
  expect(await again()).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^resnet-ft: cannot write [^\n]*config\.json: it exists\. Replace it with --force/),
  });
  fs.writeFileSync(path.join(web, 'README.md'), 'mine');
  const forced = await again('--force');
  expect(forced).toMatchObject({ code: 0, stderr: '' });
  expect(forced.stdout).toContain('README.md was edited and stays as it is; the new model card is in README.new.md');
  expect(read('README.md')).toBe('mine');
});

test('the folder of a run is refused, also with --force', async () => {
  const { folder } = await makeRun(tmp, 'run', { classes: ['a', 'b'], files: ['0.png'] });
  const before = fs.readFileSync(path.join(folder, 'config.json'), 'utf8');
  const ran = await run(['export', model, '--format', 'onnx', '--output', `${folder}/`, '--force']);
  expect(ran).toMatchObject({ code: 1, stderr: expect.stringMatching(/not of an export, as that of a run has/) });
  expect(fs.readFileSync(path.join(folder, 'config.json'), 'utf8')).toBe(before);
  expect(fs.existsSync(path.join(folder, 'onnx'))).toBe(false);
});

test("the card of a run's model has its figures", async () => {
  const { folder } = await makeRun(tmp, 'figures', { classes: CLASSES, files: ['0.png', '1.png'] });
  fs.copyFileSync(model, path.join(folder, 'model.safetensors'));
  const output = path.join(tmp, 'of-run');
  expect(await run(['export', folder, '--format', 'onnx', '--output', `${output}/`])).toMatchObject({ code: 0 });
  const text = fs.readFileSync(path.join(output, 'README.md'), 'utf8');
  expect(text).toContain('80.0 % (11 of 14;');
});

test.each([
  [{ output: 'web/' }, /--output ending in \/ needs --format onnx/],
  [{ output: 'web/', format: 'pth' }, /--format pth can't be written into a folder: --output ending in \/ is for onnx/],
  [
    { output: 'web/', format: 'onnx', withPreprocessing: true },
    /--with-preprocessing can't be used with a folder for --output/,
  ],
])('options that do not go together: %j', (given, message) => {
  expect(() => resolveExportOptions({ model: 'm', ...given } as never)).toThrow(message);
});

test('every way of making a square has its own words in preprocessor_config.json', () => {
  const sizeOf = (other: object) => hubPreprocessor({ ...PREPROCESSING, crop: 160, ...other });
  expect(sizeOf({})).toMatchObject({ size: { shortest_edge: 256 }, do_center_crop: true, resample: 2 });
  expect(sizeOf({ fit: 'pad', interpolation: 'bicubic' })).toMatchObject({
    ...{ size: { longest_edge: 160 }, do_center_crop: true, resample: 3 },
    crop_size: { height: 160, width: 160 },
  });
  expect(sizeOf({ fit: 'stretch' })).toMatchObject({ size: { height: 160, width: 160 }, do_center_crop: false });
});

test('config.json has the shape of the architecture', () => {
  expect(hubConfig({ ...card, arch: 'resnet50' })).toMatchObject({
    ...{ layer_type: 'bottleneck', depths: [3, 4, 6, 3], hidden_sizes: [256, 512, 1024, 2048] },
  });
});
