import fs from 'node:fs';
import path from 'node:path';
import { ANTS_BEES, records, run, scratch } from './run';

/** Names that every object of JavaScript has by itself: a class may be called so, and is none of them. */
const CLASSES = ['__proto__', 'constructor', 'toString'];

const tmp = scratch();
const data = path.join(tmp, 'data');
const trained = path.join(tmp, 'run');
const SMALL = ['--arch', 'resnet18', '--weights', 'none', '--image-size', '32', '--threads', '1', '--device', 'cpu'];

beforeAll(async () => {
  for (const part of ['train', 'val']) {
    const photos = ['ants', 'bees'].flatMap((name) =>
      fs.readdirSync(path.join(ANTS_BEES, part, name)).map((file) => path.join(ANTS_BEES, part, name, file)),
    );
    for (const [i, name] of CLASSES.entries()) {
      const folder = path.join(data, part, name);
      fs.mkdirSync(folder, { recursive: true });
      for (const file of photos.slice(2 * i, 2 * i + 2)) fs.copyFileSync(file, path.join(folder, path.basename(file)));
    }
  }
  expect(await run(['train', data, ...SMALL, '--epochs', '1', '--report', '--output', trained])).toMatchObject({
    code: 0,
  });
});

test('train counts, writes and shows classes that are called as what objects have', () => {
  const config = JSON.parse(fs.readFileSync(path.join(trained, 'config.json'), 'utf8'));
  expect(config.classes).toEqual(CLASSES);
  for (const split of ['train', 'val'])
    expect(
      Object.entries(config.data[split] as Record<string, { images: number }>).map(([name, { images }]) => [
        name,
        images,
      ]),
    ).toEqual(CLASSES.map((name) => [name, 2]));
  for (const { probabilities } of records(fs.readFileSync(path.join(trained, 'predictions.jsonl'), 'utf8'))) {
    expect(Object.keys(probabilities as object)).toEqual(CLASSES);
    const sum = Object.values(probabilities as Record<string, number>).reduce((a, b) => a + b, 0);
    expect(sum).toBeCloseTo(1, 5);
  }
  const page = fs.readFileSync(path.join(trained, 'report.html'), 'utf8');
  for (const name of CLASSES) expect(page).toContain(`<th scope="row">${name}</th>`);
});

test('eval, predict and the export know them too', async () => {
  const evaluated = JSON.parse((await run(['eval', trained, data, '--device', 'cpu', '--json'])).stdout);
  expect(evaluated.classes.map(({ name, support }: { name: string; support: number }) => [name, support])).toEqual(
    CLASSES.map((name) => [name, 2]),
  );
  const predicted = await run([
    'predict',
    trained,
    path.join(data, 'val', '__proto__'),
    '--device',
    'cpu',
    '--top-k',
    '3',
    '--json',
  ]);
  for (const { top } of records(predicted.stdout))
    expect((top as { class: string }[]).map((score) => score.class).sort()).toEqual([...CLASSES].sort());
  const hub = path.join(tmp, 'hub');
  expect(await run(['export', trained, '--format', 'onnx', '--output', `${hub}/`])).toMatchObject({ code: 0 });
  const { label2id } = JSON.parse(fs.readFileSync(path.join(hub, 'config.json'), 'utf8'));
  expect(Object.entries(label2id)).toEqual(CLASSES.map((name, i) => [name, i]));
});

test('options of such names are unknown options', async () => {
  for (const name of ['constructor', '__proto__', 'toString', 'constructor.prototype.epochs', '__proto__.polluted=1'])
    expect(await run(['train', data, `--${name}`, '1'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: `resnet-ft: Unknown option --${name.replace(/\..*/, '')}. See resnet-ft train --help\n`,
    });
});
