import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { records, ROOT, run, scratch } from '../cli/run';
import { trainFixtureModel, VAL } from './fixture-model';

const tmp = scratch();
const ANT = path.join(VAL, 'ants', '8124241_36b290d372.jpg');
const BEE = path.join(VAL, 'bees', 'abeja.jpg');
let model: string;

beforeAll(async () => {
  model = await trainFixtureModel(tmp);
});

/** Runs `predict`, and hands over standard input to whoever writes it. */
function predict(
  args: string[],
  write: (child: ChildProcessWithoutNullStreams) => void,
): Promise<[number | null, string]> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [path.join(ROOT, 'bin', 'resnet-ft.js'), 'predict', model, ...args]);
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.on('error', () => {});
    child.on('close', (code) => resolve([code, stderr]));
    write(child);
  });
}

const filesOf = (stdout: string): unknown[] => records(stdout).map(({ file }) => file);

test('a folder gives what train predicted of it, in the same order, from the model file alone', async () => {
  const alone = path.join(tmp, 'alone.safetensors');
  fs.copyFileSync(path.join(model, 'model.safetensors'), alone);
  const expected = records(fs.readFileSync(path.join(model, 'predictions.jsonl'), 'utf8'));
  const ran = await run(['predict', alone, VAL, '--json', '--batch-size', '3']);
  expect(ran.stderr).toBe('');
  expect(ran.code).toBe(0);
  const got = records(ran.stdout);
  expect(got.map(({ file }) => file)).toEqual(expected.map(({ file }) => file));
  for (const [i, { class: name, probability, top }] of got.entries()) {
    expect(name).toBe(expected[i]?.['predictedClass']);
    const wanted = (expected[i]?.['probabilities'] as Record<string, number>)[name as string] as number;
    expect(Math.abs((probability as number) - wanted)).toBeLessThan(1e-5);
    expect(top).toEqual([{ class: name, index: name === 'ants' ? 0 : 1, probability }]);
  }
});

test('text is file, class and probability; --top-k beyond the number of classes gives them all', async () => {
  const ran = await run(['predict', model, BEE, ANT, '--top-k', '7']);
  const lines = ran.stdout.trimEnd().split('\n');
  expect(lines.map((line) => line.split('\t')[0])).toEqual([BEE, ANT]);
  for (const line of lines) {
    const [, first, high, second, low, ...more] = line.split('\t');
    expect([first, second].sort()).toEqual(['ants', 'bees']);
    expect(high).toMatch(/^[01]\.\d{4}$/);
    expect(Number(high)).toBeGreaterThanOrEqual(Number(low));
    expect(Number(high) + Number(low)).toBeCloseTo(1, 3);
    expect(more).toEqual([]);
  }
});

test('what cannot be read is reported in its place, the others still come, and the exit code is 1', async () => {
  const bad = path.join(tmp, 'bad.jpg');
  const empty = path.join(tmp, 'empty');
  const missing = path.join(tmp, 'missing.jpg');
  fs.writeFileSync(bad, fs.readFileSync(ANT).subarray(0, 2000));
  fs.mkdirSync(empty);
  const args = [ANT, bad, BEE, empty, missing, path.join(tmp, '*.gif'), ANT];
  const ran = await run(['predict', model, ...args, '--json', '--batch-size', '2']);
  expect(ran.code).toBe(1);
  expect(filesOf(ran.stdout)).toEqual(args);
  const codes = records(ran.stdout).map(({ error }) => (error as { code: string } | undefined)?.code);
  const unreadable = 'IMAGE_UNREADABLE';
  expect(codes).toEqual([undefined, unreadable, undefined, 'DATA_INVALID', unreadable, 'DATA_NOT_FOUND', undefined]);
  const lines = ran.stderr.trimEnd().split('\n');
  expect(lines).toHaveLength(4);
  for (const [i, name] of [bad, empty, missing, '*.gif'].entries()) {
    expect(lines[i]).toMatch(/^resnet-ft: /);
    expect(lines[i]).toContain(name);
  }
  const text = await run(['predict', model, bad]);
  expect(text).toMatchObject({ code: 1, stdout: '', stderr: `${lines[0]}\n` });
});

describe('what is read', () => {
  let photos: string;
  const copy = (...names: string[]): void => {
    for (const name of names) {
      fs.mkdirSync(path.dirname(path.join(photos, name)), { recursive: true });
      fs.copyFileSync(ANT, path.join(photos, name));
    }
  };
  const expand = async (...args: string[]): Promise<string[]> => {
    const ran = await run(['predict', model, '--json', ...args.map((arg) => path.join(photos, arg))]);
    expect(ran.stderr).toBe('');
    return filesOf(ran.stdout).map((file) => path.relative(photos, file as string));
  };

  beforeAll(() => {
    photos = path.join(tmp, 'photos');
    copy(
      'b.JPG',
      'a.jpg',
      'a[1].jpg',
      'a1.jpg',
      'b1.jpg',
      'sub/c.png',
      'sub/deep/d.jpeg',
      '.hidden/e.jpg',
      'other.dat',
    );
    fs.symlinkSync(photos, path.join(photos, 'sub', 'circle'));
  });

  test('of a folder all images, through its sub-folders, links in circles too', async () => {
    const images = ['a.jpg', 'a1.jpg', 'a[1].jpg', 'b.JPG', 'b1.jpg', '.hidden/e.jpg', 'sub/c.png', 'sub/deep/d.jpeg'];
    expect(await expand('.')).toEqual(images);
  });

  test('globs as a shell expands them; a name that exists is none', async () => {
    const globs: [string, string[]][] = [
      ['a*.jpg', ['a.jpg', 'a1.jpg', 'a[1].jpg']],
      ['a[1].jpg', ['a[1].jpg']],
      ['b[1].jpg', ['b1.jpg']],
      ['**/*.{png,jpeg}', ['sub/c.png', 'sub/deep/d.jpeg']],
      ['s*', ['sub/c.png', 'sub/deep/d.jpeg']],
      ['?.JPG', ['b.JPG']],
      ['.h*/*', ['.hidden/e.jpg']],
      ['*.dat', ['other.dat']],
    ];
    expect(await expand(...globs.map(([glob]) => glob))).toEqual(globs.flatMap(([, files]) => files));
  });
});

test('what is wrong with a path is said each time that it is named', async () => {
  const empty = path.join(tmp, 'without-images');
  fs.mkdirSync(empty);
  const none = path.join(tmp, 'nofile*');
  const { stderr } = await run(['predict', model, empty, empty, none, none]);
  expect(stderr.match(/no image in this folder/g)).toHaveLength(2);
  expect(stderr.match(/no file matches it as a glob/g)).toHaveLength(2);
});

describe('a list on standard input', () => {
  test('gives each result without waiting for the next path', async () => {
    const files = fs.readdirSync(path.join(VAL, 'bees')).map((name) => path.join(VAL, 'bees', name));
    let stdout = '';
    let given = 0;
    const [code, stderr] = await predict(['-', '--json'], (child) => {
      const give = (): void =>
        void (given < files.length ? child.stdin.write(`${files[given++]}\n`) : child.stdin.end());
      // The next path is written only after the result of the one before: waiting for a batch would never end.
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
        if (records(stdout).length === given) give();
      });
      give();
    });
    expect([code, stderr]).toEqual([0, '']);
    expect(filesOf(stdout)).toEqual(files);
  });

  test('carriage returns, empty lines and a last line without an end; --null takes names with new lines', async () => {
    const odd = path.join(tmp, 'two\nlines*.jpg');
    fs.copyFileSync(BEE, odd);
    for (const [args, list, files] of [
      [['-'], `${ANT}\r\n\n${BEE}`, [ANT, BEE]],
      [[BEE, '-', ANT, '--null'], `${odd}\0${ANT}\0`, [BEE, odd, ANT, ANT]],
    ] as const) {
      let stdout = '';
      const [code, stderr] = await predict([...args, '--json'], (child) => {
        child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
        child.stdin.end(list);
      });
      expect([code, stderr]).toEqual([0, '']);
      expect(filesOf(stdout)).toEqual(files);
    }
  });

  test('a folder in its place is said to be one', () => {
    const folder = fs.openSync(VAL, 'r');
    const args = [path.join(ROOT, 'bin', 'resnet-ft.js'), 'predict', model, '-'];
    const { status, stderr } = spawnSync(process.execPath, args, {
      stdio: [folder, 'ignore', 'pipe'],
      encoding: 'utf8',
    });
    fs.closeSync(folder);
    const message = 'resnet-ft: standard input is a folder, not a list of paths. Name the folder itself\n';
    expect([status, stderr]).toEqual([1, message]);
  });

  test('Ctrl-C ends the waiting for it, and so does a reader that has enough', async () => {
    for (const stop of ['signal', 'pipe']) {
      const [code, stderr] = await predict(['-'], (child) => {
        const feed = setInterval(() => child.stdin.write(`${ANT}\n`), 20);
        child.on('close', () => clearInterval(feed));
        child.stdout.once('data', () => {
          if (stop === 'pipe') return child.stdout.destroy();
          clearInterval(feed);
          setTimeout(() => child.kill('SIGINT'), 300);
        });
      });
      expect(code).toBe(stop === 'signal' ? 130 : 141);
      expect(stderr).toMatch(stop === 'signal' ? /^resnet-ft: [^\n]+ stopped[^\n]*\n$/ : /^$/);
    }
  });
});

test('files of a folder that are not taken are counted, those beside a named image not', async () => {
  const mixed = path.join(tmp, 'mixed');
  fs.mkdirSync(mixed);
  for (const name of ['a.gif', 'b.gif', 'noextension', '.hidden']) fs.writeFileSync(path.join(mixed, name), '');
  fs.copyFileSync(BEE, path.join(mixed, 'bee.jpg'));
  const ignored = 'ignored 3 files whose names have no image extension: 2 .gif, 1 with an unusual extension or none\n';
  expect(await run(['predict', model, mixed])).toMatchObject({ code: 0, stderr: ignored });
  expect((await run(['predict', model, path.join(mixed, 'bee.jpg')])).stderr).toBe('');
});

test('--features gives the input of the classifier', async () => {
  const ran = await run(['predict', model, ANT, '--json', '--features']);
  expect(records(ran.stdout)[0]?.['features']).toHaveLength(512);
});

test.each([
  [['m'], /Expected resnet-ft predict <model> <images\.\.>/],
  [['m', 'x.jpg', '--top-k', '0'], /Expected an integer of at least 1 for --top-k but received 0/],
  [['m', 'x.jpg', '--null'], /--null needs - among the images/],
  [['m', 'x.jpg', '--features'], /--features needs --json/],
  [['m', 'x.jpg', '--topk', '2'], /--topk.*Did you mean --top-k\?/],
])('%j is a usage error', async (args, message) => {
  const ran = await run(['predict', ...args]);
  expect(ran.stderr).toMatch(/^resnet-ft: [^\n]+\n$/);
  expect(ran.stderr).toMatch(message);
  expect(ran).toMatchObject({ code: 2, stdout: '' });
});
