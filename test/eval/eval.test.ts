import fs from 'node:fs';
import path from 'node:path';
import type { EvalEvent, EvalResult } from '../../lib/eval/types';
import { PREPROCESSING } from '../../lib/options';
import { ANTS_BEES, ROOT, records, run, scratch, type Outcome } from '../cli/run';
import { makeTensors, writeModel } from '../export/made-model';
import { callApi } from '../predict/call-api';

const tmp = scratch();
const trained = path.join(tmp, 'trained');
const VAL = path.join(ANTS_BEES, 'val');
/** A file name that CSV must quote. */
const ODD = 'a "b", c.jpg';

const evaluate = (folder: string, ...args: string[]): Promise<Outcome> =>
  run(['eval', trained, folder, '--device', 'cpu', ...args]);

/** The model on the fixture's own validation images, run once. */
let whole: Promise<Outcome> | undefined;
const onWhole = (): Promise<Outcome> => (whole ??= evaluate(VAL, '--json'));

const jsonOf = (ran: Outcome): Record<string, unknown> => {
  expect(ran.stdout.trimEnd().split('\n')).toHaveLength(1);
  return JSON.parse(ran.stdout) as Record<string, unknown>;
};

/** The images of one class in a folder of the given name, in a new data folder. */
function folderOf(name: string, classes: Record<string, string>): string {
  const root = path.join(tmp, name);
  for (const [folder, source] of Object.entries(classes)) {
    fs.cpSync(path.join(VAL, source), path.join(root, folder), { recursive: true });
  }
  return root;
}

beforeAll(async () => {
  const recipe = ['--arch', 'resnet18', '--weights', 'none', '--epochs', '1', '--batch-size', '4', '--lr', '0.001'];
  const ran = await run(['train', ANTS_BEES, ...recipe, '--seed', '2', '--device', 'cpu', '--output', trained]);
  expect(ran.stderr).toBe('');
  expect(ran.code).toBe(0);
});

test('a run folder on its validation images: what train itself counted, as one JSON object', async () => {
  const predictions = path.join(tmp, 'predictions.jsonl');
  const ran = await evaluate(ANTS_BEES, '--json', '--predictions', predictions);
  expect(ran.stderr).toBe('');
  expect(ran.code).toBe(0);
  const result = jsonOf(ran);
  const number = expect.any(Number) as number;
  const row = { support: 4, predicted: number, correct: number, recall: number, f1: number };
  expect(result).toEqual({
    model: trained,
    file: path.join(trained, 'model.safetensors'),
    arch: 'resnet18',
    data: VAL,
    device: 'cpu',
    precision: 'fp32',
    images: 8,
    correct: number,
    accuracy: number,
    interval: { low: number, high: number },
    top5: null,
    loss: number,
    temperature: null,
    calibratedLoss: null,
    classes: [
      { name: 'ants', index: 0, folders: ['ants'], ...row, precision: expect.anything() as number },
      { name: 'bees', index: 1, folders: ['bees'], ...row, precision: expect.anything() as number },
    ],
    confusion: {
      counts: [
        [number, number],
        [number, number],
      ],
      pairs: null,
      other: [0, 0],
    },
    unreadable: [],
    seconds: number,
    imagesPerSecond: number,
    predictions,
  });

  const epoch = records(fs.readFileSync(path.join(trained, 'metrics.jsonl'), 'utf8')).at(-1);
  expect(epoch?.['kind']).toBe('epoch');
  expect(result['accuracy']).toBe(epoch?.['valAccuracy']);
  expect(Math.abs(Number(result['loss']) - Number(epoch?.['valLoss']))).toBeLessThan(1e-5);

  const own = records(fs.readFileSync(path.join(trained, 'predictions.jsonl'), 'utf8'));
  const written = records(fs.readFileSync(predictions, 'utf8'));
  expect(written).toHaveLength(8);
  for (const [i, { correct, probability, ...prediction }] of written.entries()) {
    const { probabilities: p, ...rest } = prediction as { probabilities: Record<string, number> };
    const { probabilities: q, ...expected } = own[i] as { probabilities: Record<string, number> };
    expect(rest).toEqual(expected);
    for (const name of ['ants', 'bees']) expect(p[name]).toBeCloseTo(q[name] ?? NaN, 4);
    expect(correct).toBe(prediction['trueClass'] === prediction['predictedClass']);
    expect(probability).toBeCloseTo(p[String(prediction['predictedClass'])] ?? NaN, 12);
  }
  expect(written.filter(({ correct }) => correct === true)).toHaveLength(Number(result['correct']));
});

test('for a person: which folder, the accuracy with its interval, classes and confusion', async () => {
  const ran = await evaluate(ANTS_BEES);
  expect(ran.code).toBe(0);
  // As seen from where the command runs.
  const [val, all] = [VAL, ANTS_BEES].map((folder) => path.relative(ROOT, folder));
  expect(ran.stdout).toContain(`8 images of 2 classes in ${val}, the validation images of ${all}\n`);
  expect(ran.stdout).toMatch(/^top-1 accuracy \d\/8 = [\d.]+ %, 95 % interval [\d.]+ % to [\d.]+ %$/m);
  expect(ran.stdout).toMatch(/^ants {2,}4 /m);
  expect(ran.stdout).toMatch(/^confusion/m);
  const quiet = await evaluate(ANTS_BEES, '--quiet');
  expect(quiet.stdout).toMatch(/^top-1 accuracy [^\n]+\n$/);
});

test('classes are matched by name, not by position', async () => {
  // Alone, bees is the first folder, but the model's second class.
  const ran = await evaluate(folderOf('only-bees', { bees: 'bees' }), '--json');
  expect(ran.stderr).toBe('');
  const result = jsonOf(ran);
  const both = jsonOf(await onWhole());
  const second = (of: Record<string, unknown>): unknown => (of['confusion'] as { counts: number[][] }).counts[1];
  expect(second(result)).toEqual(second(both));
  expect(result['classes']).toMatchObject([
    { name: 'ants', folders: [], support: 0, recall: null },
    { name: 'bees', folders: ['bees'], support: 4 },
  ]);
});

test('of thousands of classes the result has the pairs that are not 0, and no matrix', async () => {
  const classes = ['ants', 'bees', ...Array.from({ length: 1999 }, (_, i) => `class ${i}`)];
  const card = { arch: 'resnet18' as const, classes, preprocessing: PREPROCESSING };
  const file = path.join(tmp, 'many.safetensors');
  await writeModel(file, card, makeTensors(card));
  const args = ['eval', file, VAL, '--device', 'cpu'];
  const ran = await run([...args, '--json']);
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  const { confusion } = JSON.parse(ran.stdout) as EvalResult;
  expect(confusion.counts).toBeNull();
  const pairs = confusion.pairs ?? [];
  expect(pairs.every(({ truth, predicted }) => truth < 2 && predicted < classes.length)).toBe(true);
  expect(pairs.reduce((sum, { images }) => sum + images, 0)).toBe(8);
  expect(confusion.other).toEqual(classes.map(() => 0));
  const wrong = pairs.filter(({ truth, predicted }) => truth !== predicted);
  const { stdout } = await run(args);
  const [, listed = ''] = stdout.split('\nmost frequent confusions; --json gives all of them\n');
  expect(listed.trimEnd().split('\n')).toHaveLength(1 + wrong.length);
  for (const { truth, predicted, images } of wrong)
    expect(listed).toMatch(new RegExp(`^${classes[truth]} +${classes[predicted]} +${images}$`, 'm'));
});

test('a folder that is no class of the model is an error before any image is read; --class-map says what it is', async () => {
  const folder = folderOf('renamed', { ameisen: 'ants', bees: 'bees' });
  const refused = await evaluate(folder, '--json');
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.stderr).toMatch(
    /^resnet-ft: [^\n]*ameisen is not a class of the model[^\n]*ants \(0\), bees \(1\)[^\n]*\n$/,
  );
  const ran = await evaluate(folder, '--json', '--class-map', 'ameisen=ants');
  expect(ran.code).toBe(0);
  const { correct, loss } = jsonOf(await onWhole());
  expect(jsonOf(ran)).toMatchObject({ correct, loss });
});

test('unreadable images: the others are counted, and the exit code is 1 unless they may be left out', async () => {
  const folder = folderOf('damaged', { ants: 'ants', bees: 'bees' });
  fs.writeFileSync(path.join(folder, 'ants', '0.jpg'), 'this is no image');
  fs.renameSync(path.join(folder, 'bees', 'abeja.jpg'), path.join(folder, 'bees', ODD));
  const predictions = path.join(tmp, 'damaged.csv');
  const ran = await evaluate(folder, '--json', '--batch-size', '3', '--predictions', predictions);
  expect(ran.code).toBe(1);
  expect(ran.stderr).toMatch(/^resnet-ft: 1 of 9 images could not be read: [^\n]*0\.jpg[^\n]*--skip-unreadable\n$/);
  const { correct, images, unreadable } = jsonOf(ran);
  const reason = expect.any(String) as string;
  expect(unreadable).toEqual([{ file: path.join(folder, 'ants', '0.jpg'), reason }]);
  expect(images).toBe(8);
  expect(correct).toBe(jsonOf(await onWhole())['correct']);

  const [header, ...lines] = fs.readFileSync(predictions, 'utf8').trimEnd().split('\n');
  expect(header).toBe('file,trueClass,predictedClass,correct,probability');
  expect(lines).toHaveLength(8);
  expect(lines.filter((line) => line.includes(',true,'))).toHaveLength(Number(correct));
  const odd = lines.find((line) => line.includes('b""'));
  expect(odd?.startsWith(`"${path.join(folder, 'bees', ODD).replaceAll('"', '""')}",bees,`)).toBe(true);

  const skipped = await evaluate(folder, '--skip-unreadable');
  expect(skipped).toMatchObject({ code: 0, stderr: '' });
  expect(skipped.stdout).toContain(`unreadable ${path.join(folder, 'ants', '0.jpg')}: `);
});

test('a folder of which nothing can be read is an error without a result', async () => {
  const folder = path.join(tmp, 'nothing');
  fs.mkdirSync(path.join(folder, 'ants'), { recursive: true });
  fs.writeFileSync(path.join(folder, 'ants', '0.jpg'), 'this is no image');
  const ran = await evaluate(folder, '--json', '--skip-unreadable', '--predictions', path.join(tmp, 'nothing.csv'));
  expect(ran).toMatchObject({ code: 1, stdout: '' });
  expect(ran.stderr).toMatch(/^resnet-ft: none of 1 images could be read[^\n]+\n$/);
  expect(fs.existsSync(path.join(tmp, 'nothing.csv'))).toBe(false);
});

test.each([
  [['--predictions', 'p.txt'], 2, 'Expected a file name ending in .jsonl or .csv for --predictions but received p.txt'],
  [['--predictions', 'no/such/p.csv'], 1, 'there is no folder '],
  [['--class-map', 'ants'], 1, 'no such file: ants. Give --class-map pairs such as ants=ant,bees=309, or'],
  [['--class-map', `${ROOT}/README.md`], 1, /not valid JSON \((?:(?!not valid).)*\)\n$/],
  [['--class-map', 'ants=bees,bees'], 2, '--class-map'],
  [['--class-map', 'wasps=ants'], 2, 'for --class-map but received wasps'],
  [['--classes', path.join(tmp, 'none.txt')], 1, 'no such file'],
])('%j is refused', async (args, code, message) => {
  const ran = await evaluate(VAL, '--json', ...args);
  expect(ran).toMatchObject({ code, stdout: '' });
  expect(ran.stderr).toMatch(/^resnet-ft: [^\n]+\n$/);
  if (typeof message === 'string') expect(ran.stderr).toContain(message);
  else expect(ran.stderr).toMatch(message);
});

test('Ctrl-C ends the pass with 130 and leaves no file', async () => {
  const folder = path.join(tmp, 'many', 'ants');
  fs.mkdirSync(folder, { recursive: true });
  const [image = ''] = fs.readdirSync(path.join(VAL, 'ants'));
  for (let i = 0; i < 2000; i++) fs.symlinkSync(path.join(VAL, 'ants', image), path.join(folder, `${i}.jpg`));
  const output = path.join(tmp, 'stopped');
  fs.mkdirSync(output);
  let sent = false;
  const ran = await run(['eval', trained, path.dirname(folder), '--predictions', path.join(output, 'p.csv')], {
    onStdout: (text, child) => {
      if (sent || !text.includes('\ndevice ')) return;
      sent = true;
      child.kill('SIGINT');
    },
  });
  expect(ran.code).toBe(130);
  expect(ran.stderr).toMatch(/^resnet-ft: [^\n]+\n$/);
  expect(ran.stdout).not.toContain('top-1');
  expect(fs.readdirSync(output)).toEqual([]);
});

test('the API: an object as class map, events in order, the result also where it rejects', async () => {
  const folder = folderOf('api', { ameisen: 'ants' });
  fs.writeFileSync(path.join(folder, 'ameisen', '0.jpg'), 'this is no image');
  const got = await callApi(
    async ({ api, codeOf }, { model, data }) => {
      const kinds: string[] = [];
      let done: unknown;
      const onEvent = (event: EvalEvent): void => {
        if (kinds.at(-1) !== event.kind) kinds.push(event.kind);
        if (event.kind === 'done') done = event;
      };
      const input = { model, data, classMap: { ameisen: 0 } };
      const aborted = new AbortController();
      aborted.abort();
      const codes = [
        await codeOf(api.evaluate(input, { onEvent })),
        await codeOf(api.evaluate(input, { signal: aborted.signal })),
        await codeOf(api.evaluate({ ...input, classMap: { ameisen: null } } as never)),
        await codeOf(api.evaluate({ ...input, batchSize: 0 })),
        await codeOf(
          api.evaluate(input, {
            onEvent: () => {
              throw new Error('from the caller');
            },
          }),
        ),
      ];
      const result = await api.evaluate({ ...input, skipUnreadable: true });
      return { kinds, done, codes, result };
    },
    { model: trained, data: folder },
  );
  expect(got.codes).toEqual([
    'IMAGE_UNREADABLE',
    'ABORTED',
    'INVALID_OPTION',
    'INVALID_OPTION',
    'Error: from the caller',
  ]);
  expect(got.kinds).toEqual(['model', 'data', 'device', 'image', 'unreadable', 'image', 'done']);
  expect(got.result).toMatchObject({ images: 4, classes: [{ name: 'ants', folders: ['ameisen'], support: 4 }, {}] });
  const { seconds: _s, imagesPerSecond: _i, ...same } = got.result;
  expect(got.done).toMatchObject({ kind: 'done', ...same });
});
