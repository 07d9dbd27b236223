import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { records, run, scratch } from '../cli/run';
import { callApi } from '../predict/call-api';
import { trainFixtureModel, VAL } from '../predict/fixture-model';

const folder = scratch();
let model: string;
beforeAll(async () => {
  model = await trainFixtureModel(folder);
});

const [ANT = '', BEE = ''] = ['ants', 'bees'].map((name) => {
  const inClass = path.join(VAL, name);
  return path.join(inClass, fs.readdirSync(inClass).sort()[0] ?? '');
});

let outputs = 0;
const output = (): string => path.join(folder, `maps-${++outputs}`);
const explain = (images: string[], ...options: string[]): ReturnType<typeof run> =>
  run(['explain', model, ...images, '--device', 'cpu', ...options]);
const pictures = (where: string): string[] => fs.readdirSync(where).sort();

test('writes a picture of each image and prints its classes', async () => {
  const maps = output();
  const { code, stdout, stderr } = await explain([ANT, BEE], '--class', 'bees', '--output', maps);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const names = [ANT, BEE].map((file) => `${path.basename(file, '.jpg')}.layer4.bees.png`);
  expect(pictures(maps)).toEqual([...names].sort());
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(8);
  expect(lines[0]).toBe(ANT);
  expect(lines[1]).toMatch(/^ {2}(0\.\d{4}|1\.0000) {2}(ants|bees)$/);
  expect(lines[3]).toMatch(/^ {2}layer4 for bees: .*\.layer4\.bees\.png/);
  const { width = 0, height = 0, format } = await sharp(path.join(maps, names[0] ?? '')).metadata();
  const original = await sharp(ANT).metadata();
  const scale = Math.max(Math.min(Math.max(original.width, original.height), 640), 320);
  expect([format, Math.max((width - 8) / 2, height)]).toEqual(['png', scale]);
});

test('of several at the same time without force, one writes a picture and none replaces it', async () => {
  const args = { model, images: [ANT], output: output(), device: 'cpu' as const };
  const errors = await callApi(async ({ api }, options) => {
    const one = async (): Promise<string[]> => {
      const all: string[] = [];
      for await (const { error } of api.explain(options)) all.push(error?.code ?? 'none');
      return all;
    };
    return (await Promise.all([one(), one(), one()])).flat();
  }, args);
  expect(errors.sort()).toEqual(['OUTPUT_NOT_WRITABLE', 'OUTPUT_NOT_WRITABLE', 'none']);
});

test('--json has the same, for the most probable class and another layer', async () => {
  const maps = output();
  const { code, stdout } = await explain(
    [ANT],
    '--json',
    '--layer',
    'layer3.1.conv2',
    '--output',
    maps,
    '--top-k',
    '1',
  );
  expect(code).toBe(0);
  const [record = {}, ...others] = records(stdout);
  expect(others).toEqual([]);
  const { class: name, probability } = record;
  const best = { class: name, index: name === 'ants' ? 0 : 1, probability };
  expect(record).toMatchObject({
    file: ANT,
    top: [best],
    explained: best,
    layer: 'layer3.1.conv2',
    map: { width: 14 },
  });
  expect(record['picture']).toBe(path.join(maps, `${path.basename(ANT, '.jpg')}.layer3.1.conv2.${String(name)}.png`));
});

test('pictures that exist are left alone, and the others are written', async () => {
  const maps = output();
  const first = await explain([ANT], '--class', 'ants', '--output', maps);
  expect(first.code).toBe(0);
  const file = path.join(maps, pictures(maps)[0] ?? '');
  fs.writeFileSync(file, 'mine');
  const again = await explain([ANT, BEE], '--class', 'ants', '--output', maps);
  expect(again.code).toBe(1);
  expect(again.stderr).toMatch(
    /^resnet-ft: cannot write .*: it exists\. Replace it with --force, or give another folder with --output\n$/,
  );
  expect(fs.readFileSync(file, 'utf8')).toBe('mine');
  expect(pictures(maps)).toHaveLength(2);
  const forced = await explain([ANT], '--class', 'ants', '--output', maps, '--force');
  expect([forced.code, fs.readFileSync(file).subarray(1, 4).toString()]).toEqual([0, 'PNG']);
});

test('images of the same name get pictures of their own', async () => {
  const maps = output();
  const copy = path.join(folder, 'copy');
  fs.mkdirSync(copy);
  fs.copyFileSync(ANT, path.join(copy, path.basename(ANT)));
  const { code } = await explain([ANT, copy], '--class', 'ants', '--output', maps);
  const name = path.basename(ANT, '.jpg');
  expect([code, pictures(maps)]).toEqual([0, [`${name}-2.layer4.ants.png`, `${name}.layer4.ants.png`].sort()]);
});

test('its own pictures, in a folder among the images, are no images to be explained', async () => {
  const photos = path.join(folder, 'photos');
  fs.mkdirSync(photos);
  fs.copyFileSync(ANT, path.join(photos, 'ant.jpg'));
  const maps = path.join(photos, 'maps');
  for (const force of [[], ['--force']]) {
    const { code, stdout } = await explain([photos], '--class', 'ants', '--output', maps, '--json', ...force);
    expect([code, records(stdout).map(({ file }) => file)]).toEqual([0, [path.join(photos, 'ant.jpg')]]);
    expect(pictures(maps)).toEqual(['ant.layer4.ants.png']);
  }
  expect((await explain([maps], '--class', 'ants', '--output', output())).stderr).toBe('');
});

test('nor are they beside the images, where the folder of both is named, and nothing else is passed over', async () => {
  const photos = path.join(folder, 'beside');
  const below = path.join(photos, 'below');
  fs.mkdirSync(below, { recursive: true });
  const [photo, other] = [path.join(photos, 'a.jpg'), path.join(below, 'b.jpg')];
  fs.copyFileSync(ANT, photo);
  fs.copyFileSync(BEE, other);
  const given = ['--class', 'ants', '--output', photos];
  expect((await explain([photos], ...given)).code).toBe(0);
  expect(pictures(photos)).toEqual(['a.jpg', 'a.layer4.ants.png', 'b.layer4.ants.png', 'below']);
  const again = await explain([photos], ...given, '--force');
  expect([again.code, again.stderr]).toEqual([
    0,
    `passed over 2 pictures of this model in ${photos}: name them to have them explained\n`,
  ]);
  expect(pictures(photos)).toEqual(['a.jpg', 'a.layer4.ants.png', 'b.layer4.ants.png', 'below']);
  // Below and above the output folder too.
  const within = await explain([photos], '--class', 'ants', '--output', below, '--json');
  expect(records(within.stdout).map(({ file }) => file)).toEqual(
    [photo, 'a.layer4.ants.png', 'b.layer4.ants.png', other].map((file) => path.resolve(photos, file)),
  );
  const named = path.join(photos, 'a.layer4.ants.png');
  const [record] = records((await explain([named], ...given, '--json', '--output', output())).stdout);
  expect(record).toMatchObject({ file: named });
});

test('names of files may hold anything', async () => {
  const strange = path.join(folder, 'strange');
  fs.mkdirSync(strange);
  const names = [
    '\u001b[31mred\n.jpg',
    `${'long'.repeat(60)}.jpg`,
    '.hidden.jpg',
    '-rf.jpg',
    '..jpg',
    'a b "c" \u202e.jpg',
  ];
  for (const name of names) fs.copyFileSync(ANT, path.join(strange, name));
  const maps = output();
  const { code, stdout, stderr } = await explain(
    names.map((name) => path.join(strange, name)),
    '--class',
    '0',
    '--output',
    maps,
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  // eslint-disable-next-line no-control-regex
  expect(stdout).not.toMatch(/[\u001b\u202e]/);
  expect(pictures(maps)).toHaveLength(names.length);
  // eslint-disable-next-line no-control-regex
  for (const name of pictures(maps)) expect(name).not.toMatch(/[\u0000-\u001f"\u202e]|^\./);
});

test('an image that cannot be read stands in its place, and the others are explained', async () => {
  const broken = path.join(folder, 'broken.jpg');
  fs.writeFileSync(broken, 'no image');
  const maps = output();
  const { code, stdout, stderr } = await explain([broken, BEE], '--json', '--output', maps);
  expect([code, stderr]).toEqual([1, `resnet-ft: ${broken}: not an image of a supported format\n`]);
  const [failed, done] = records(stdout);
  expect(failed).toMatchObject({ file: broken, error: { code: 'IMAGE_UNREADABLE' } });
  expect(done).toMatchObject({ file: BEE });
  expect(pictures(maps)).toHaveLength(1);
});

test.each<[string, string[], number, RegExp]>([
  [
    'a layer that does not exist',
    ['--layer', 'layer5'],
    2,
    /^resnet-ft: Expected a module of the network's for --layer but received layer5\. Did you mean layer[1-4]\?$/,
  ],
  [
    'a layer without height and width',
    ['--layer', 'fc'],
    2,
    /^resnet-ft: Expected a layer with height and width for --layer but received fc\. What comes before it is layer4$/,
  ],
  [
    'a class that does not exist',
    ['--class', 'bee'],
    2,
    /^resnet-ft: Expected a class of the model for --class but received bee\. Did you mean bees\?$/,
  ],
  [
    'a number that is no class',
    ['--class', '2'],
    2,
    /^resnet-ft: Expected a class of the model for --class but received 2\. /,
  ],
  [
    'the js backend',
    ['--backend', 'js'],
    2,
    /^resnet-ft: Expected native or auto for --backend but received js\. Grad-CAM needs gradients, which the js backend does not have$/,
  ],
  ['a folder of data without neighbours', ['--data', '.'], 2, /^resnet-ft: --data needs --neighbours\./],
  ['NUL bytes without a list', ['--null'], 2, /^resnet-ft: --null needs - among the images\./],
  [
    'a file as the output',
    ['--output', ANT],
    1,
    /^resnet-ft: cannot write .*: .*\. Choose another folder with --output$/,
  ],
  [
    'an option that does not exist',
    ['--layers', 'layer4'],
    2,
    /^resnet-ft: Unknown option --layers\. Did you mean --layer\?$/,
  ],
])('%s is an error of one line', async (_name, options, code, line) => {
  const result = await explain([ANT], ...options);
  expect([result.code, result.stdout]).toEqual([code, '']);
  expect(result.stderr.trimEnd()).toMatch(line);
});

test('without images, and with a model that is not there', async () => {
  expect((await run(['explain', model])).stderr).toBe(
    'resnet-ft: Expected resnet-ft explain <model> <images..>. See resnet-ft explain --help\n',
  );
  const missing = await run(['explain', path.join(folder, 'nothing'), ANT]);
  expect([missing.code, missing.stderr.trimEnd().split('\n').length]).toEqual([1, 1]);
});

test('neighbours are training images, the image itself first, and kept for the next time', async () => {
  const train = path.join(path.dirname(VAL), 'train', 'bees');
  const own = path.join(train, fs.readdirSync(train).sort()[1] ?? '');
  const options = ['--neighbours', '3', '--json', '--force', '--output', output()];
  const { code, stdout, stderr } = await explain([own], ...options);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const near = records(stdout)[0]?.['neighbours'] as { file: string; class: string; distance: number }[];
  expect(near).toHaveLength(3);
  expect(near[0]).toMatchObject({ file: own, class: 'bees' });
  expect(near[0]?.distance).toBeLessThan(1e-4);
  expect(near.map(({ distance }) => distance)).toEqual([...near.map(({ distance }) => distance)].sort((a, b) => a - b));
  const kept = path.join(model, 'embeddings.safetensors');
  const before = fs.statSync(kept).mtimeMs;
  expect((await explain([own], ...options)).stdout).toBe(stdout);
  expect(fs.statSync(kept).mtimeMs).toBe(before);
  // What is damaged is made anew.
  fs.writeFileSync(kept, 'damaged');
  expect((await explain([own], ...options)).stdout).toBe(stdout);
  expect(fs.statSync(kept).size).toBeGreaterThan(1000);
});

test('neighbours need no validation images', async () => {
  const moved = path.join(folder, 'moved');
  fs.cpSync(path.join(path.dirname(VAL), 'train'), path.join(moved, 'train'), { recursive: true });
  const options = ['--neighbours', '1', '--json', '--output', output()];
  const { code, stdout, stderr } = await explain([ANT], ...options, '--data', moved);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const near = records(stdout)[0]?.['neighbours'] as { file: string }[];
  expect(near[0]?.file).toContain(`${moved}${path.sep}`);
  // For a person the numbers say what they are: probabilities stand above them.
  const text = await explain([ANT], '--neighbours', '1', '--force', '--output', output(), '--data', moved);
  expect(text.stdout).toMatch(
    /\n {2}nearest training images, by their distance:\n {2}\d\.\d{4} {2}(ants|bees): [^\n]+\n$/,
  );
  // Images of training that are others are told all the same.
  fs.rmSync(path.join(moved, 'train', 'ants', fs.readdirSync(path.join(moved, 'train', 'ants'))[0] ?? ''));
  const { stderr: other } = await explain([ANT], ...options, '--force', '--data', moved);
  expect(other).toMatch(/class ants of the training images has/);
});

test('neighbours need the run and its images', async () => {
  const alone = path.join(folder, 'alone.safetensors');
  fs.copyFileSync(path.join(model, 'model.safetensors'), alone);
  const lonely = await run(['explain', alone, ANT, '--neighbours', '1', '--output', output()]);
  expect([lonely.code, lonely.stderr.trimEnd()]).toEqual([
    2,
    expect.stringMatching(
      /^resnet-ft: --neighbours needs the folder of a run of train, and .*alone\.safetensors is in none\. It needs the images of training: .* has no config\.json$/,
    ),
  ]);
  const elsewhere = await explain([ANT], '--neighbours', '1', '--data', folder, '--output', output());
  expect([elsewhere.code, elsewhere.stderr.trimEnd().split('\n').length]).toEqual([1, 1]);
});
