import fs from 'node:fs';
import path from 'node:path';
import { ANTS_BEES, records, run, scratch, type Outcome } from './run';
import { ONE_STEP } from '../train/small-run';

const tmp = scratch();

/** Names that end lines, set a window's title, clear a screen, turn text around, hide, and are formulas. */
const CLASSES = ['=cmd\n\u001b]0;title\u0007\u001b[2J', '\u202ebees\u009b31m\u200b, "b"\u2028\r'] as const;
const SHOWN = ['=cmd\\x0a\\x1b]0;title\\x07\\x1b[2J', '\\u{202e}bees\\x9b31m\\u{200b}, "b"\\u{2028}\\x0d'] as const;
const IMAGE = '\u2066one\n\u001b[31m\u007f.jpg';
const BROKEN = 'bad\t\u001b[8m\u061c\nresnet-ft: all is well.jpg';
const ODD_FOLDER = 'da\nta\u001b[5m';

const data = path.join(tmp, ODD_FOLDER);
const trained = path.join(tmp, 'run\u001b[7m');

/** No character but those that a line is made of: `allowed` beside what is printable and the line feed. */
function expectPrintable(text: string, allowed = ''): void {
  const hidden = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;
  expect([...text.matchAll(hidden)].map(([char]) => char).filter((char) => !`\n${allowed}`.includes(char))).toEqual([]);
}

function expectShown(ran: Outcome, allowed = ''): void {
  expectPrintable(ran.stdout, allowed);
  expectPrintable(ran.stderr);
}

/** The one line of a command that fails. */
async function errorLine(args: string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const ran = await run(args, { env });
  expectShown(ran);
  expect(ran.code).not.toBe(0);
  expect(ran.stderr).toMatch(/^resnet-ft: [^\n]+\n$/);
  return ran.stderr;
}

beforeAll(() => {
  for (const part of ['train', 'val']) {
    for (const [i, name] of ['ants', 'bees'].entries()) {
      const folder = path.join(data, part, CLASSES[i] ?? '');
      fs.cpSync(path.join(ANTS_BEES, part, name), folder, { recursive: true });
      const [first = ''] = fs.readdirSync(folder);
      fs.renameSync(path.join(folder, first), path.join(folder, IMAGE));
    }
  }
  fs.writeFileSync(path.join(data, 'train', CLASSES[0], BROKEN), 'no image');
  fs.writeFileSync(path.join(data, 'val', CLASSES[1], BROKEN), 'no image');
});

test('train shows names escaped, and gives them whole as JSON', async () => {
  const refused = await errorLine(['train', data, ...ONE_STEP, '--output', path.join(tmp, 'none')]);
  expect(refused).toContain('\\x0aresnet-ft: all is well.jpg: not an image');

  const ran = await run(['train', data, ...ONE_STEP, '--skip-unreadable', '--output', trained]);
  expectShown(ran);
  expect(ran.code).toBe(0);
  expect(ran.stdout).toContain(`classes ${SHOWN.join(', ')}\n`);
  expect(ran.stdout).toMatch(
    /\nskipped [^\n]*bad\\x09\\x1b\[8m\\u\{61c\}\\x0aresnet-ft: all is well\.jpg: not an image/,
  );
  expect(ran.stdout).toContain('run\\x1b[7m\n');

  const output = path.join(tmp, 'json');
  const json = await run(['train', data, ...ONE_STEP, '--skip-unreadable', '--output', output, '--json']);
  expect(json.stderr).toBe('');
  expectPrintable(json.stdout);
  const events = records(json.stdout);
  expect(events.find(({ kind }) => kind === 'data')?.['classes']).toEqual(CLASSES);
  const skipped = events.filter(({ kind }) => kind === 'skipped').map(({ file }) => file);
  expect(skipped).toEqual([path.join(data, 'train', CLASSES[0], BROKEN), path.join(data, 'val', CLASSES[1], BROKEN)]);
  const config = JSON.parse(fs.readFileSync(path.join(output, 'config.json'), 'utf8')) as { classes: string[] };
  expect(config.classes).toEqual(CLASSES);
});

test('eval: report and confusions escaped and aligned, JSON whole, CSV without formulas', async () => {
  const csv = path.join(tmp, 'predictions.csv');
  const args = ['eval', trained, data, '--device', 'cpu', '--skip-unreadable'];
  const ran = await run([...args, '--predictions', csv]);
  expectShown(ran);
  expect(ran.code).toBe(0);
  const lines = ran.stdout.split('\n');
  const table = lines.slice(
    lines.findIndex((line) => line.startsWith('class ')),
    -1,
  );
  expect(table[1]?.slice(0, SHOWN[0].length)).toBe(SHOWN[0]);
  expect(new Set(table.slice(0, 3).map((line) => line.length)).size).toBe(1);

  const [head, ...rows] = parseCsv(fs.readFileSync(csv, 'utf8'));
  expect(head).toEqual(['file', 'trueClass', 'predictedClass', 'correct', 'probability']);
  expect(rows).toHaveLength(8);
  const guarded = [`'${CLASSES[0]}`, CLASSES[1]];
  for (const [file = '', trueClass = '', predicted = '', correct = '', probability = ''] of rows) {
    expect(guarded).toContain(predicted);
    expect(guarded[file.includes(CLASSES[0]) ? 0 : 1]).toBe(trueClass);
    expect(correct).toBe(String(trueClass === predicted));
    expect(probability).toBe(String(Number(probability)));
  }

  const json = await run([...args, '--json']);
  expect(json.stderr).toBe('');
  expectPrintable(json.stdout);
  const result = JSON.parse(json.stdout) as {
    classes: { name: string; folders: string[] }[];
    data: string;
    file: string;
    unreadable: { file: string }[];
  };
  expect(result.classes.map(({ name }) => name)).toEqual(CLASSES);
  expect(result.classes.map(({ folders }) => folders)).toEqual(CLASSES.map((name) => [name]));
  expect(result.data).toBe(path.join(data, 'val'));
  expect(result.file).toBe(path.join(trained, 'model.safetensors'));
  expect(result.unreadable.map(({ file }) => file)).toEqual([path.join(data, 'val', CLASSES[1], BROKEN)]);

  expect(await errorLine(['eval', trained, data, '--class-map', 'x\u001b[2J=\u202ey'])).toContain('\\x1b[2J');
});

test('predict: a line for each image whatever its name, JSON whole', async () => {
  const folder = path.join(data, 'val', CLASSES[1]);
  const missing = path.join(tmp, 'no\nsuch\u009b.jpg');
  const files = fs.readdirSync(folder).sort();
  const ran = await run(['predict', trained, folder, missing]);
  expectShown(ran, '\t');
  expect(ran.code).toBe(1);
  const lines = ran.stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(files.length - 1);
  for (const line of lines) expect(SHOWN).toContain(line.split('\t')[1]);
  expect(ran.stderr).toMatch(
    /^resnet-ft: [^\n]+not an image[^\n]+\nresnet-ft: [^\n]+no\\x0asuch\\x9b\.jpg: no such file\n$/,
  );

  const json = await run(['predict', trained, folder, missing, '--json', '--top-k', '2']);
  expectPrintable(json.stdout);
  const got = records(json.stdout);
  expect(new Set(got.map(({ file }) => file))).toEqual(
    new Set([...files.map((name) => path.join(folder, name)), missing]),
  );
  for (const { top, error } of got) {
    if (error === undefined)
      expect((top as { class: string }[]).map((one) => one.class).sort()).toEqual([...CLASSES].sort());
  }
});

test('compare, with the lines of its training', async () => {
  const whole = path.join(tmp, 'whole\u0007');
  fs.cpSync(data, whole, { recursive: true, filter: (file) => !file.endsWith(BROKEN) });
  const output = path.join(tmp, 'compared\u0007');
  const recipe = ['--arch', 'resnet18', '--epochs', '1', '--batch-size', '8', '--image-size', '64', '--device', 'cpu'];
  const args = ['compare', whole, '--rows', 'scratch', ...recipe, '--output', output];
  const ran = await run(args);
  expectShown(ran);
  expect(ran.code).toBe(0);
  expect(ran.stdout).toContain(`classes ${SHOWN.join(', ')}\n`);
  expect(ran.stdout).toContain('compared\\x07/scratch\n');
  const json = await run([...args, '--json']);
  expectPrintable(json.stdout);
  expect(records(json.stdout).at(-1)).toMatchObject({ kind: 'done', output });
});

test.each([
  [['train', 'x', '--lr', '\u001b[31m\n1'], /for --lr but received \\x1b\[31m\\x0a1/],
  [['train', 'x', '--\u001b[31m\u202e'], /Unknown option --\\x1b\[31m\\u\{202e\}/],
  [['train', 'x\nresnet-ft: done\u0085'], /x\\x0aresnet-ft: done\\x85/],
  [['tr\u001b]0;x\u0007'], /tr\\x1b\]0;x\\x07/],
  [['data', 'a\nb\u2029'], /a\\x0ab\\u\{2029\}/],
  [['weights', 'lis\u200bt\u001b'], /lis\\u\{200b\}t\\x1b/],
  [['libtorch', 'where\n'], /where\\x0a/],
  [['summary', 'no\nmodel\u001b.pth'], /no\\x0amodel\\x1b\.pth/],
  [['export', 'a\nb.pth', '--format', 'onnx\u001bc'], /onnx\\x1bc/],
  [['train', ANTS_BEES, 'too\u001b', 'many\n'], /too\\x1b, many\\x0a/],
  [['bench', '--model', 'no\u001bfile\n'], /no\\x1bfile\\x0a/],
])('an error line that repeats what was typed, case %#', async (args, message) => {
  expect(await errorLine(args)).toMatch(message);
});

test('the stack of --verbose, and a LIBTORCH from the environment', async () => {
  const ran = await run(['eval', 'no\u001b[2J\nmodel.pth', data, '--verbose']);
  expectShown(ran);
  expect(ran.stderr).toMatch(/\n {4}at /);
  const env = { LIBTORCH: path.join(tmp, 'lib\u001b[2J\ntorch') };
  expect(await errorLine(['libtorch', 'where'], env)).toContain('lib\\x1b[2J\\x0atorch');
  expectShown(await run(['doctor'], { env: { ...env, TORCH_HOME: path.join(tmp, 'home\u009b') } }));
  expectShown(await run(['weights', 'list'], { env: { TORCH_HOME: path.join(tmp, 'home\u009b') } }));
});

// Other systems refuse such names.
const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('names that are not UTF-8 are errors that say so', async () => {
  const latin = path.join(tmp, 'latin');
  fs.cpSync(ANTS_BEES, latin, { recursive: true });
  const rename = (name: string): void => {
    const from = Buffer.from(path.join(latin, name));
    fs.renameSync(from, Buffer.concat([from, Buffer.from([0xe9]), Buffer.from(path.extname(name))]));
  };
  const [image = ''] = fs.readdirSync(path.join(latin, 'val', 'bees'));
  rename(path.join('val', 'bees', image));
  const told = (line: string): void =>
    expect(line).toMatch(/\uFFFD.*no such (file|folder); \uFFFD .* not UTF-8: rename it/);
  told(await errorLine(['eval', trained, path.join(latin, 'val'), '--class-map', 'ants=0,bees=1']));
  rename(path.join('val', 'ants'));
  told(
    await errorLine([
      'train',
      path.join(latin, 'val'),
      '--val-split',
      '0.5',
      ...ONE_STEP,
      '--output',
      path.join(tmp, 'no'),
    ]),
  );
  const ran = await run(['predict', trained, path.join(latin, 'val')]);
  expect(ran.code).toBe(1);
  const lines = ran.stderr.trimEnd().split('\n');
  expect(lines).toHaveLength(2);
  lines.forEach(told);
});

/** The records of a CSV text (RFC 4180). */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/g)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    if (end === '\n') rows.push([]);
  }
  return rows.slice(0, -1);
}
