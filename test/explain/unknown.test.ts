import fs from 'node:fs';
import path from 'node:path';
import { mulberry32 } from '../../lib/data/draw';
import { fitTemperature } from '../../lib/eval/calibration';
import { limitsFor } from '../../lib/explain/unknown-limits';
import { cardMetadata, parseCard } from '../../lib/model/describe';
import { softmax } from '../../lib/network/softmax';
import {
  nearestDistance,
  quantized,
  unitVector,
  UnknownJudge,
  unknownFromText,
  unknownToText,
  type UnknownRule,
} from '../../lib/model/unknown';
import { readWeights, writeStateDict } from '../../lib/weights';
import { PREPROCESSING } from '../../lib/options';
import { records, run, scratch } from '../cli/run';
import { makeTensors, writeModel } from '../export/made-model';
import { trainFixtureModel, VAL } from '../predict/fixture-model';

/** Numbers that look like those of a normal distribution. */
function normal(random: () => number): number {
  return Array.from({ length: 12 }, random).reduce((a, b) => a + b, -6);
}

test('the temperature is that with the greatest likelihood', async () => {
  const random = mulberry32(1);
  // Logits whose softmax is right, made three times too sure.
  const rows = Array.from({ length: 4000 }, () => Array.from({ length: 4 }, () => normal(random) * 1.5));
  const targets = rows.map((row) => {
    let left = random();
    return softmax(row).findIndex((share) => (left -= share) < 0);
  });
  const logits = rows.map((row) => row.map((value) => value * 3));
  const fitted = await fitTemperature(logits, targets);
  expect(Math.abs(fitted - 3)).toBeLessThan(0.25);
  const loss = (temperature: number): number =>
    logits.reduce((sum, row, i) => {
      const shares = softmax(row.map((value) => value / temperature));
      return sum - Math.log(shares[targets[i] ?? 0] ?? 0);
    }, 0);
  for (const other of [0.98, 0.99, 1.01, 1.02]) expect(loss(fitted)).toBeLessThan(loss(fitted * other));
});

test('a model that is always right, or always wrong, has a temperature at the end of what is looked for', async () => {
  expect(await fitTemperature([[5, 0]], [0])).toBeCloseTo(0.05, 6);
  expect(await fitTemperature([[5, 0]], [1])).toBeCloseTo(20, 4);
});

test('the limits keep at least the share that was asked for, and no image more could be left out', () => {
  const random = mulberry32(2);
  for (const keep of [0.5, 0.9, 0.95, 0.99, 1]) {
    for (const count of [1, 2, 7, 20, 153, 1000]) {
      const images = Array.from({ length: count }, () => ({ calibrated: random(), distance: random() }));
      const { probability, distance, kept } = limitsFor(images, keep);
      const known = images.filter((one) => one.calibrated >= probability && one.distance <= distance);
      expect(known).toHaveLength(kept);
      expect(kept).toBeGreaterThanOrEqual(keep * count);
      // Equal, or nearly, are kept together.
      expect(kept).toBeLessThanOrEqual(Math.ceil(keep * count) + 1);
    }
  }
  // Equal figures leave out nobody.
  const same = Array.from({ length: 10 }, () => ({ calibrated: 0.5, distance: 0.1 }));
  expect(limitsFor(same, 0.5).kept).toBe(10);
});

test('no image that is kept lies so close to a limit that rounding could decide', () => {
  const random = mulberry32(5);
  for (const keep of [0.5, 0.95, 1]) {
    for (const spread of [1, 1e-3, 1e-6, 0]) {
      const images = Array.from({ length: 300 }, () => ({
        calibrated: 0.6 + 0.4 * spread * random(),
        distance: 0.5 * spread * random(),
      }));
      const { probability, distance, kept } = limitsFor(images, keep);
      const needed = Math.ceil(keep * images.length);
      // By other batches, threads, machines or libraries they are a little different.
      const elsewhere = images.map((one) => ({
        calibrated: one.calibrated + 1e-6 * (2 * random() - 1),
        distance: Math.max(0, one.distance + 1e-6 * (2 * random() - 1)),
      }));
      const known = elsewhere.filter((one) => one.calibrated >= probability && one.distance <= distance);
      expect(kept).toBeGreaterThanOrEqual(needed);
      expect([keep, spread, known.length >= needed]).toEqual([keep, spread, true]);
    }
  }
});

test('the limits lie in the middle between what is kept and what is left out, or near to what is kept', () => {
  const at = (calibrated: number, distance: number) => ({ calibrated, distance });
  const near = [at(0.6, 0.2), at(0.6004, 0.1999), at(0.9, 0.1), at(0.9, 0.1)];
  expect(limitsFor(near, 0.75)).toMatchObject({ kept: 3 });
  expect(limitsFor(near, 0.75).probability).toBeCloseTo(0.6002, 12);
  // A gap in which the limit might lie anywhere: beside those that are kept.
  const far = [at(0.3, 0.6), at(0.8, 0.2), at(0.9, 0.1), at(0.9, 0.1)];
  expect(limitsFor(far, 0.75).probability).toBeCloseTo(0.799, 12);
  expect(limitsFor(far, 0.75).distance).toBeCloseTo(0.202, 12);
  const ends = limitsFor([at(0, 1), at(0, 1)], 1);
  expect(ends).toEqual({ probability: 0, distance: 1, kept: 2 });
});

const WIDTH = 512;

function features(random: () => number): Float32Array {
  return Float32Array.from({ length: WIDTH }, () => Math.max(normal(random), 0));
}

function madeRule(count: number): UnknownRule {
  const random = mulberry32(3);
  const references = quantized(Array.from({ length: count }, () => unitVector(features(random))));
  return { temperature: 2, probability: 0.6, distance: 0.3, neighbours: 2, keep: 0.95, references };
}

test('features in bytes give nearly the distances that they have', () => {
  const random = mulberry32(4);
  const rows = Array.from({ length: 20 }, () => unitVector(features(random)));
  const all = new Float32Array(rows.length * WIDTH);
  rows.forEach((row, i) => all.set(row, i * WIDTH));
  const judge = new UnknownJudge({ ...madeRule(1), neighbours: 3, references: quantized(rows) });
  for (let i = 0; i < 10; i++) {
    const own = features(random);
    const exact = nearestDistance(unitVector(own), all, 3);
    expect(Math.abs(judge.judge([1, 0], own).distance - exact)).toBeLessThan(1e-3);
  }
  expect(judge.judge([1, 0], new Float32Array(WIDTH)).distance).toBe(1);
});

test('either limit alone makes an image unknown', () => {
  const judge = new UnknownJudge({ ...madeRule(0), neighbours: 1, references: quantized([unitVector([1, 0, 0])]) });
  expect(judge.judge([4, 0], [2, 0, 0])).toMatchObject({ unknown: false, distance: 0 });
  expect(judge.judge([0.1, 0], [2, 0, 0]).unknown).toBe(true);
  expect(judge.judge([4, 0], [0, 2, 0])).toMatchObject({ unknown: true, distance: 1 });
  expect(judge.judge([4, 0], [2, 0, 0]).calibrated).toBeCloseTo(1 / (1 + Math.exp(-2)), 12);
});

test('there may be hundreds of thousands of classes', () => {
  const judge = new UnknownJudge({ ...madeRule(0), neighbours: 1, references: quantized([unitVector([1, 0, 0])]) });
  const logits = new Float32Array(300_000);
  logits[7] = 40;
  expect(judge.judge(logits, [2, 0, 0])).toMatchObject({ unknown: false, distance: 0 });
});

test('the rule travels as text, and a text that is none is refused', () => {
  const rule = madeRule(3);
  const text = unknownToText(rule);
  expect(unknownFromText(text, WIDTH)).toEqual(rule);
  const card = { arch: 'resnet18' as const, classes: ['a', 'b'], preprocessing: PREPROCESSING };
  expect(parseCard('file', cardMetadata({ ...card, unknown: rule })).unknown).toEqual(rule);
  expect('unknown' in cardMetadata(card)).toBe(false);
  const parsed = JSON.parse(text) as Record<string, unknown> & { references: Record<string, unknown> };
  const changed = (changes: object): string => JSON.stringify({ ...parsed, ...changes });
  const others = (changes: object): string => changed({ references: { ...parsed.references, ...changes } });
  const wrong = [
    '',
    '{',
    'null',
    '[]',
    changed({ temperature: 0 }),
    changed({ temperature: '2' }),
    changed({ probability: 1.5 }),
    changed({ distance: null }),
    changed({ neighbours: 0 }),
    changed({ neighbours: 1.5 }),
    changed({ keep: -1 }),
    changed({ references: undefined }),
    others({ count: 4 }),
    others({ count: 1e9 }),
    others({ width: 2048 }),
    others({ bytes: 'AAAA' }),
    others({ bytes: 7 }),
  ];
  for (const one of wrong) {
    expect([one, unknownFromText(one, WIDTH)]).toEqual([one, undefined]);
    expect(() => parseCard('file', { ...cardMetadata(card), unknown: one })).toThrow(
      'its resnet-ft metadata is damaged',
    );
  }
});

describe('of a run', () => {
  const folder = scratch();
  let model: string;
  beforeAll(async () => {
    model = await trainFixtureModel(folder);
  });
  const unknown = (...options: string[]): ReturnType<typeof run> =>
    run(['unknown', model, '--device', 'cpu', ...options]);
  const predict = (what: string, ...options: string[]): ReturnType<typeof run> =>
    run(['predict', what, VAL, '--device', 'cpu', ...options]);

  test('a model learns it, says it, takes it along when it is exported, and forgets it', async () => {
    const file = path.join(model, 'model.safetensors');
    const before = await readWeights(file);
    const plain = await predict(model, '--json');
    const card = (): string => fs.readFileSync(path.join(model, 'README.md'), 'utf8');
    const plainCard = card();
    expect(plainCard).toContain('\n- It always answers with one of its 2 classes, even for an image that shows none');
    const fitted = await unknown('--keep', '0.75', '--json');
    expect([fitted.code, fitted.stderr]).toEqual([0, '']);
    const [figures = {}] = records(fitted.stdout);
    expect(figures).toMatchObject({ file, keep: 0.75, images: 8 });
    expect(figures['kept']).toBeGreaterThanOrEqual(6);
    expect(card()).toContain('\n- With resnet-ft it says "none of these" of images');
    expect(card()).toContain('by limits that keep 75.0 % of the validation images');
    expect(card()).not.toContain('- It always answers');

    const { tensors, metadata } = await readWeights(file);
    expect([...tensors.keys()]).toEqual([...before.tensors.keys()]);
    for (const [name, { data }] of tensors) {
      expect([name, Buffer.compare(data, before.tensors.get(name)?.data ?? Buffer.alloc(0))]).toEqual([name, 0]);
    }
    const { unknown: _, ...others } = metadata;
    expect(others).toEqual(before.metadata);

    const judged = records((await predict(model, '--json')).stdout);
    expect(judged.filter((record) => record['unknown'] === false)).toHaveLength(figures['kept'] as number);
    for (const [i, record] of records(plain.stdout).entries()) {
      // What was said before is said still, to the bit.
      expect(judged[i]).toMatchObject(record);
      expect(Object.keys(judged[i] ?? {})).toEqual([...Object.keys(record), 'unknown', 'calibrated', 'distance']);
    }
    const lines = (await predict(model)).stdout.trimEnd().split('\n');
    lines.forEach((line, i) => expect(line.split('\t')[1] === 'none of these').toBe(judged[i]?.['unknown']));

    const exported = path.join(folder, 'exported.safetensors');
    expect((await run(['export', model, '--output', exported])).code).toBe(0);
    expect((await predict(exported, '--json')).stdout).toBe((await predict(model, '--json')).stdout);

    expect((await unknown('--forget')).stdout).toBe('the model has no threshold any more\n');
    expect((await predict(model, '--json')).stdout).toBe(plain.stdout);
    expect((await readWeights(file)).metadata).toEqual(before.metadata);
    expect(card()).toBe(plainCard);

    const untouched = fs.statSync(file).mtimeMs;
    expect((await unknown('--forget')).stdout).toBe('the model has no threshold\n');
    expect((await unknown('--forget', '--json')).stdout).toBe('{"forgotten":false}\n');
    expect(fs.statSync(file).mtimeMs).toBe(untouched);
  });

  test('features are printed only where they are asked for, and a card that was edited stays as it is', async () => {
    fs.appendFileSync(path.join(model, 'README.md'), 'mine');
    const { code, stderr } = await unknown();
    const note = 'README.md was edited and stays as it is; the new model card is in README.new.md\n';
    expect({ code, stderr }).toEqual({ code: 0, stderr: note });
    expect(fs.readFileSync(path.join(model, 'README.new.md'), 'utf8')).toContain('it says "none of these"');
    const [record = {}] = records((await predict(model, '--json')).stdout);
    expect(Object.keys(record)).not.toContain('features');
    const [whole = {}] = records((await predict(model, '--json', '--features')).stdout);
    expect(whole['features']).toHaveLength(512);
  });

  test('what cannot be done is said in one line, and the model stays as it was', async () => {
    const alone = path.join(folder, 'alone.safetensors');
    fs.copyFileSync(path.join(model, 'model.safetensors'), alone);
    const { tensors } = await readWeights(alone);
    const pth = path.join(folder, 'plain.pth');
    await writeStateDict(pth, tensors);
    const foreign = path.join(model, 'foreign.safetensors');
    const card = { arch: 'resnet18' as const, classes: ['ants', 'bees', 'wasps'], preprocessing: PREPROCESSING };
    await writeModel(foreign, card, makeTensors(card));
    const others =
      /is no model of the run in .*: its classes are others\. The folder's own model is model\.safetensors$/;
    const before = fs.readFileSync(path.join(model, 'model.safetensors'));
    const cases: [string[], number, RegExp][] = [
      [['unknown', alone], 2, /It needs the images of training: .* has no config\.json$/],
      [['unknown', pth], 2, /Expected a model of train, a \.safetensors file for model but received .*plain\.pth/],
      [['unknown', model, '--keep', '0'], 2, /Expected a number above 0 and at most 1 for --keep but received 0/],
      [['unknown', model, '--keep', '95'], 2, /Expected a number above 0 and at most 1 for --keep but received 95/],
      [['unknown', foreign], 2, others],
      [['calibrate', foreign], 2, others],
      [['unknown', model, '--data', folder], 1, /no such folder: .*train/],
      [['unknown', model, '--forget', '--keep', '0.5'], 2, /^resnet-ft: --keep can't be used with --forget\./],
      [
        ['unknown', 'nothere'],
        2,
        /^resnet-ft: There is no file or folder nothere\. Name the folder of a run of train$/,
      ],
    ];
    for (const [args, code, line] of cases) {
      const { stderr, ...result } = await run(args);
      expect([args, result]).toEqual([args, { code, stdout: '' }]);
      expect(stderr.trimEnd()).toMatch(line);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    }
    expect(Buffer.compare(fs.readFileSync(path.join(model, 'model.safetensors')), before)).toBe(0);
  });
});
