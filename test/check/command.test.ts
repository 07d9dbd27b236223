import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import stringWidth from 'string-width';
import type { CheckReport } from '../../lib';
import { finding } from '../../lib/check/finding';
import { reportLines } from '../../lib/cli/check-report';
import { printable } from '../../lib/text/printable';
import { ROOT, run, scratch } from '../cli/run';
import { callApi } from '../predict/call-api';
import { fill, picture, put, soundData } from './pictures';

const tmp = scratch();
const onLinux = process.platform === 'linux' ? test : test.skip;

/** Names that end lines, leave quotes, run commands, look like options, and turn text around. */
const HOSTILE = [
  '-rf.jpg',
  "it's $(touch pwned) `touch pwned`.jpg",
  'a\nrm -rf data\n.jpg',
  "\u202egpj.\u001b[2J\\'x.jpg",
  'a b;touch pwned.jpg',
];

const reportOf = async (data: string): Promise<CheckReport> =>
  JSON.parse((await run(['check', data, '--json'])).stdout) as CheckReport;

test('a sound data set: nothing was found, and --strict is content', async () => {
  const data = await soundData(path.join(tmp, 'sound'));
  const ran = await run(['check', data, '--strict']);
  expect(ran.code).toBe(0);
  expect(ran.stderr).toBe('');
  expect(ran.stdout).toMatch(/^split +images +classes +fewest +most\ntrain +20 +2 +10 +10\nval +10 +2 +5 +5\n/);
  expect(ran.stdout).toMatch(/^nothing was found$/m);
  expect(
    (await run(['check', data, '--commands'])).stdout
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#')),
  ).toEqual([]);
});

test('--strict has code 1 for errors and warnings, and 0 for notes; without it the code is 0', async () => {
  const data = await soundData(path.join(tmp, 'strict'));
  put(path.join(data, 'train', 'ants', 'small.png'), await picture(500, 30, 30).png().toBuffer());
  expect((await run(['check', data, '--strict'])).code).toBe(0);
  put(path.join(data, 'train', 'ants', 'broken.jpg'), 'no image');
  expect((await run(['check', data])).code).toBe(0);
  expect((await run(['check', data, '--strict'])).code).toBe(1);
  expect((await run(['check', data, '--strict', '--json'])).code).toBe(1);
});

test('--quiet prints counts alone', async () => {
  const data = await soundData(path.join(tmp, 'quiet'));
  put(path.join(data, 'train', 'ants', 'broken.jpg'), 'no image');
  const { stdout } = await run(['check', data, '--quiet']);
  expect(stdout).toBe('errors\n  1  unreadable image\n\n1 error, 0 warnings, 0 notes; nothing was changed\n');
});

test('one folder of classes, val/ elsewhere, and folders that are none', async () => {
  await fill(path.join(tmp, 'one', 'ants'), 0, 10);
  await fill(path.join(tmp, 'one', 'bees'), 10, 10);
  await fill(path.join(tmp, 'other', 'ants'), 5, 5);
  const { splits, counts } = await reportOf(path.join(tmp, 'one'));
  expect(splits.map(({ name, images }) => ({ name, images }))).toEqual([{ name: 'all', images: 20 }]);
  expect(counts).toEqual({});
  const ran = await run(['check', path.join(tmp, 'one'), '--val', path.join(tmp, 'other'), '--json']);
  const report = JSON.parse(ran.stdout) as CheckReport;
  expect(report.splits.map(({ name, folder }) => ({ name, folder }))).toEqual([
    { name: 'train', folder: path.join(tmp, 'one') },
    { name: 'val', folder: path.join(tmp, 'other') },
  ]);
  expect(report.counts).toEqual({ leak: 5, 'missing-class': 1 });
  const gone = await run(['check', path.join(tmp, 'gone')]);
  expect(gone).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^resnet-ft: no such folder: .*gone\n$/),
  });
  for (const idle of ['--folds 3', '--batch-size 8', '--backend js', '--device cpu', '--threads 1']) {
    const refused = await run(['check', path.join(tmp, 'one'), ...idle.split(' ')]);
    const message = `resnet-ft: ${idle.split(' ')[0]} needs --model. See resnet-ft check --help\n`;
    expect(refused).toMatchObject({ code: 2, stdout: '', stderr: message });
  }
  const both = await run(['check', path.join(tmp, 'one'), '--json', '--commands']);
  expect(both).toMatchObject({ code: 2, stdout: '' });
  const quiet = await run(['check', path.join(tmp, 'one'), '--quiet', '--commands']);
  expect(quiet).toMatchObject({ code: 2, stdout: '' });
});

onLinux('the lines mend what they say, whatever the names, and only that', async () => {
  const folder = path.join(tmp, 'script');
  const data = await soundData(path.join(folder, "da'ta \u202e"));
  for (const [i, name] of HOSTILE.entries()) {
    put(path.join(data, 'train', 'ants', name), '');
    put(
      path.join(data, 'train', 'bees', name),
      await picture(600 + i)
        .png()
        .toBuffer(),
    );
    put(
      path.join(data, 'train', 'bees', `copy ${name}`),
      await picture(600 + i)
        .png()
        .toBuffer(),
    );
  }
  const before = await reportOf(data);
  expect(before.counts).toEqual({
    unreadable: HOSTILE.length,
    duplicate: HOSTILE.length,
    'wrong-extension': 2 * HOSTILE.length,
  });
  const printed = await run(['check', data, '--commands']);
  expect(printed.code).toBe(0);
  // eslint-disable-next-line no-control-regex
  expect(printed.stdout.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  execFileSync('bash', ['--norc', '-eu', '-c', printed.stdout], { cwd: folder });
  const after = await reportOf(data);
  expect(after.counts).toEqual({});
  // What was renamed is still there, and nothing beside it.
  expect(fs.readdirSync(path.join(data, 'train', 'bees'))).toHaveLength(10 + HOSTILE.length);
  expect(fs.readdirSync(path.join(data, 'train', 'ants'))).toHaveLength(10);
  expect(fs.readdirSync(folder)).toEqual([path.basename(data)]);
});

describe('paths that lead to one file', () => {
  /** The script, run, and what is left that can be read. */
  async function mended(data: string, ...more: string[]): Promise<{ printed: string; notes: string[] }> {
    const { findings } = JSON.parse((await run(['check', data, ...more, '--json'])).stdout) as CheckReport;
    const { stdout: printed } = await run(['check', data, ...more, '--commands']);
    execFileSync('bash', ['--norc', '-eu', '-c', printed], { cwd: tmp });
    const kinds = ['duplicate', 'leak', 'label-conflict'];
    return { printed, notes: findings.filter(({ kind }) => kinds.includes(kind)).map(({ note }) => note) };
  }
  const soundly = async (name: string): Promise<[string, (...names: string[]) => string]> => {
    const data = await soundData(path.join(tmp, name));
    return [data, (...names) => path.join(data, ...names)];
  };

  onLinux('a link goes, and the file that it leads to stays, whatever their order', async () => {
    const [data, at] = await soundly('links');
    fs.symlinkSync('0.jpg', at('train', 'ants', '!first.jpg'));
    fs.symlinkSync('../../train/bees/12.jpg', at('val', 'bees', 'leak.jpg'));
    const { notes } = await mended(data);
    expect(notes).toEqual([
      'the same file twice, in train and val; one is a link to the other',
      'the same file twice; one is a link to the other',
    ]);
    expect(fs.lstatSync(at('train', 'ants', '0.jpg')).isFile()).toBe(true);
    expect(fs.lstatSync(at('train', 'bees', '12.jpg')).isFile()).toBe(true);
    expect((await reportOf(data)).counts).toEqual({});
  });

  onLinux('beside a copy, the link goes, and its target waits for a look', async () => {
    const [data, at] = await soundly('links-and-copy');
    fs.symlinkSync('0.jpg', at('train', 'ants', '!first.jpg'));
    fs.copyFileSync(at('train', 'ants', '0.jpg'), at('val', 'ants', 'copy.jpg'));
    const { printed, notes } = await mended(data);
    expect(notes).toEqual(['the same file 3 times, in train and val; 1 of them is a link']);
    const [target, link] = [at('train', 'ants', '0.jpg'), at('train', 'ants', '!first.jpg')];
    expect(printed).toContain(`\n# rm -- ${target}\nrm -- '${link}'\n`);
    expect(fs.existsSync(at('train', 'ants', '0.jpg'))).toBe(true);
  });

  onLinux('links to a file elsewhere: one stays', async () => {
    const [data, at] = await soundly('links-elsewhere');
    const other = put(path.join(tmp, 'elsewhere.jpg'), await picture(900).jpeg().toBuffer());
    for (const name of ['a.jpg', 'b.jpg']) fs.symlinkSync(other, at('train', 'ants', name));
    const { printed } = await mended(data);
    expect(printed.match(/^rm /gm)).toHaveLength(1);
    expect(fs.existsSync(other)).toBe(true);
    expect(fs.existsSync(at('train', 'ants', 'a.jpg'))).toBe(true);
  });

  onLinux('a link to a whole folder, and one folder as both splits: nothing is removed', async () => {
    const [data, at] = await soundly('linked-folder');
    fs.symlinkSync('ants', at('train', 'Ants'));
    fs.rmSync(at('val', 'ants'), { recursive: true });
    fs.symlinkSync('../train/ants', at('val', 'ants'));
    const { printed, notes } = await mended(data);
    expect(printed).not.toMatch(/^(rm|mv) /m);
    expect(new Set(notes)).toEqual(
      new Set(['the same file 3 times, in train and val, as Ants and ants; some paths lead to one file']),
    );
    const itself = await mended(at('train'), '--val', at('train'));
    expect(itself.printed).not.toMatch(/^(rm|mv) /m);
    expect(fs.readdirSync(at('train', 'ants'))).toHaveLength(10);
  });

  test('of hard links one is as good as the other', async () => {
    const [data, at] = await soundly('hard-links');
    fs.linkSync(at('train', 'ants', '0.jpg'), at('train', 'ants', 'again.jpg'));
    const { printed, notes } = await mended(data);
    expect(notes).toEqual(['the same file twice; hard links to one file']);
    expect(printed).toContain(`rm -- ${at('train', 'ants', 'again.jpg')}`);
    expect(fs.existsSync(at('train', 'ants', '0.jpg'))).toBe(true);
  });

  onLinux('in two classes, only the link is offered', async () => {
    const [data, at] = await soundly('linked-conflict');
    fs.symlinkSync('../ants/0.jpg', at('train', 'bees', 'link.jpg'));
    const { findings } = await reportOf(data);
    expect(findings.map(({ kind, commands }) => ({ kind, commands }))).toEqual([
      { kind: 'label-conflict', commands: [`# rm -- ${at('train', 'bees', 'link.jpg')}`] },
    ]);
  });
});

onLinux('of a class whose folder cannot be listed it is not known whether it is empty', async () => {
  const data = await soundData(path.join(tmp, 'unlisted'));
  for (const split of ['train', 'val'])
    fs.mkdirSync(Buffer.concat([Buffer.from(`${path.join(data, split)}/latin`), Buffer.from([0xe9])]));
  fs.symlinkSync('.', path.join(data, 'train', 'up'));
  const { counts } = await reportOf(data);
  expect(counts).toEqual({ 'unreadable-folder': 2, 'link-loop': 1, 'missing-class': 1 });
});

test('a hidden folder without images is to be moved away, and not to be removed', async () => {
  const data = await soundData(path.join(tmp, 'git'));
  put(path.join(data, 'train', '.git', 'HEAD'), 'ref');
  fs.mkdirSync(path.join(data, 'train', '__MACOSX'));
  const { findings } = await reportOf(data);
  expect(
    findings.filter(({ severity }) => severity !== 'note').map(({ note, commands }) => ({ note, commands })),
  ).toEqual([
    { note: 'a folder that a NAS or another program makes by itself, not a class: move it out', commands: [] },
    { note: 'a folder that a NAS or another program makes by itself, not a class: move it out', commands: [] },
  ]);
});

describe('where there are not the classes that were meant', () => {
  const noteOf = async (data: string, kind: string): Promise<string[]> =>
    (await reportOf(data)).findings.filter((one) => one.kind === kind).map(({ note }) => note);

  test('one class, and the folders within it', async () => {
    const data = path.join(tmp, 'high-up');
    await fill(path.join(data, 'x', 'ants'), 0, 6);
    await fill(path.join(data, 'x', 'bees'), 6, 6);
    expect(await noteOf(data, 'one-class')).toEqual([
      `only one class, x; its folder holds the folders ants and bees: did you mean ${path.join(data, 'x')}?`,
    ]);
    expect(await noteOf(path.join(data, 'x'), 'one-class')).toEqual([]);
    await fill(path.join(tmp, 'one-class', 'train', 'ants'), 0, 10);
    expect(await noteOf(path.join(tmp, 'one-class'), 'one-class')).toEqual(['only one class, ants']);
  });

  test('none: an empty folder, and images without folders', async () => {
    const data = path.join(tmp, 'no-classes');
    fs.mkdirSync(data);
    expect(await noteOf(data, 'no-classes')).toEqual(['no classes here: the folder is empty']);
    put(path.join(data, 'labels.csv'), '');
    expect(await noteOf(data, 'no-classes')).toEqual(['no classes here: the folder has no sub-folders']);
    await fill(data, 0, 3);
    expect(await noteOf(data, 'no-classes')).toEqual([
      'no classes here: 3 images lie in it, and not in folders for their classes',
    ]);
    const page = path.join(tmp, 'no-classes.html');
    const ran = await run(['check', data, '--strict', '--html', page]);
    expect(ran).toMatchObject({ code: 1, stderr: '' });
    expect(ran.stdout).toContain('1 error, 0 warnings, 0 notes');
  });

  onLinux('links that lead nowhere', async () => {
    const data = await soundData(path.join(tmp, 'broken-links'));
    fs.symlinkSync('../ants', path.join(data, 'train', 'moreants'));
    fs.symlinkSync('itself', path.join(data, 'train', 'itself'));
    fs.symlinkSync('nowhere', path.join(data, 'val', 'ants', 'more'));
    expect((await noteOf(data, 'broken-link')).sort()).toEqual([
      'is a link that leads back to itself',
      'is a link to ../ants, which is not there',
      'is a link to nowhere, which is not there',
    ]);
  });
});

test('copies are told of once: look-alikes have one of them', async () => {
  const data = await soundData(path.join(tmp, 'copies-and-looks'));
  const at = (name: string): string => path.join(data, 'train', 'ants', name);
  fs.copyFileSync(at('0.jpg'), at('copy.jpg'));
  put(at('large.jpg'), await picture(0, 640, 480).jpeg({ quality: 50 }).toBuffer());
  const { findings } = await reportOf(data);
  expect(findings.map(({ kind, files }) => [kind, ...files.map((file) => path.basename(file))])).toEqual([
    ['duplicate', '0.jpg', 'copy.jpg'],
    ['near-duplicate', 'large.jpg', '0.jpg'],
  ]);
});

test('names are shown escaped, and come whole as JSON', async () => {
  const data = await soundData(path.join(tmp, 'shown'));
  const name = 'a\n\u001b[2J\u202e.jpg';
  put(path.join(data, 'train', 'ants', name), 'no image');
  const { stdout } = await run(['check', data]);
  expect(stdout).toContain('train/ants/a\\x0a\\x1b[2J\\u{202e}.jpg: not an image');
  expect((await reportOf(data)).findings[0]?.files).toEqual([path.join(data, 'train', 'ants', name)]);
});

describe('on a terminal', () => {
  const long = 'an-image-with-a-name-that-is-longer-than-any-terminal-is-wide-蜜蜂-🐝'.repeat(3);
  let report: CheckReport;
  beforeAll(async () => {
    const data = await soundData(path.join(tmp, 'terminal'));
    for (let i = 0; i < 8; i++) put(path.join(data, 'train', 'ants', `${i}${long.slice(0, 60)}.jpg`), '');
    fs.copyFileSync(path.join(data, 'train', 'ants', '0.jpg'), path.join(data, 'val', 'ants', 'leak.jpg'));
    report = await reportOf(data);
  });

  test.each([40, 80])('no line is wider than %d columns', (width) => {
    const lines = reportLines(report, { width, quiet: false });
    expect(lines.filter((line) => stringWidth(line) > width)).toEqual([]);
    expect(lines).toContain('  8  unreadable images');
    expect(lines).toContain('      and 3 more');
    expect(lines.join(' ')).toContain('…');
  });

  test.each(['क्\u200dष', 'e\u0301', '👩‍👩‍👧‍👦', '🇩🇪', '蜜'])('no letter of a long name is cut in two: %s', (letter) => {
    const file = path.join(report.data, `${letter.repeat(60)}.jpg`);
    const findings = [finding('unreadable', [file], '-')];
    for (const width of [40, 41, 42, 43]) {
      const lines = reportLines({ ...report, findings }, { width, quiet: false });
      expect(lines.filter((line) => stringWidth(printable(line)) > width || printable(line) !== line)).toEqual([]);
      const [shown = ''] = lines.filter((line) => line.includes('…'));
      const head = shown.trim().split('…')[0] ?? '';
      expect(head).toBe(letter.repeat(head.length / letter.length));
    }
  });
});

test('a signal stops it, and leaves no page', async () => {
  const data = path.join(tmp, 'many');
  const large = put(path.join(data, 'ants', 'large.jpg'), await picture(1, 4000, 3000).jpeg().toBuffer());
  for (let i = 0; i < 3000; i++) fs.linkSync(large, path.join(data, 'ants', `${i}.jpg`));
  const page = path.join(tmp, 'stopped.html');
  const child = spawn(process.execPath, [path.join(ROOT, 'bin', 'resnet-ft.js'), 'check', data, '--html', page]);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  setTimeout(() => child.kill('SIGINT'), 2000);
  const [code] = (await once(child, 'close')) as [number];
  expect({ code, stderr }).toEqual({ code: 130, stderr: 'resnet-ft: The check was stopped\n' });
  expect(fs.existsSync(page)).toBe(false);
  expect(fs.readdirSync(tmp).filter((name) => name.includes('stopped'))).toEqual([]);

  const told = await callApi(async ({ api, codeOf }, folder) => {
    const abort = new AbortController();
    return codeOf(api.checkData({ data: folder }, { signal: abort.signal, onEvent: () => abort.abort() }));
  }, data);
  expect(told).toBe('ABORTED');
}, 60_000);

test('checkData refuses what can not be before it looks, and gives its report', async () => {
  const data = await soundData(path.join(tmp, 'api'));
  const told = await callApi(
    async ({ api, codeOf }, folder) => ({
      codes: await Promise.all([
        codeOf(api.checkData({ data: folder, html: 'page.txt' })),
        codeOf(api.checkData({ data: folder, folds: 1 })),
        codeOf(api.checkData({ data: folder, folds: 3 })),
        codeOf(api.checkData({ data: folder, seed: 3 })),
        codeOf(api.checkData(undefined as never)),
        codeOf(api.checkData({ data: folder, html: `${folder}/no/page.html` })),
        codeOf(api.checkData({ data: `${folder}/no` })),
        codeOf(api.checkData({ data: folder, model: `${folder}/no.safetensors` })),
      ]),
      report: await api.checkData({ data: folder, imageSize: 250 }),
    }),
    data,
  );
  expect(told.codes).toEqual([
    'INVALID_OPTION',
    'INVALID_OPTION',
    'INVALID_OPTION',
    'INVALID_OPTION',
    'INVALID_OPTION',
    'OUTPUT_NOT_WRITABLE',
    'DATA_NOT_FOUND',
    'WEIGHTS_INVALID',
  ]);
  expect(told.report).toMatchObject({ data, decoded: 30, counts: { small: 30 }, judgedBy: null, html: null });
});
