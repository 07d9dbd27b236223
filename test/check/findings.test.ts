import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import type { CheckReport, Finding } from '../../lib';
import { run, scratch } from '../cli/run';
import { fill, picture, put, soundData, warned } from './pictures';

const data = path.join(scratch(), 'data');
const at = (...names: string[]): string => path.join(data, ...names);
const onLinux = process.platform === 'linux' ? test : test.skip;

let report: CheckReport;
let before: string;

/** Names, sizes, times and contents of all that is there. */
function listing(): string {
  return (
    fs
      .readdirSync(data, { recursive: true })
      .map(String)
      // Node.js can't ask for what it has no name of.
      .filter((name) => !name.includes('\uFFFD'))
      .sort()
      .map((name) => {
        const stats = fs.lstatSync(at(name));
        return `${name} ${stats.size} ${stats.mtimeMs} ${stats.mode} ${stats.isFile() ? fs.readFileSync(at(name)).toString('base64').slice(-40) : ''}`;
      })
      .join('\n')
  );
}

const of = (kind: string): Finding[] => report.findings.filter((one) => one.kind === kind);
/** The one finding of a kind about this file. */
function about(kind: string, file: string): Finding {
  const found = of(kind).filter(({ files }) => files.includes(file));
  expect(found.map((one) => one.kind)).toEqual([kind]);
  return found[0] as Finding;
}

beforeAll(async () => {
  await soundData(data);
  const jpeg = await picture(0).jpeg().toBuffer();
  // Files.
  put(at('train', 'ants', 'cut.jpg'), (await picture(101).jpeg().toBuffer()).subarray(0, 2000));
  put(at('train', 'ants', 'empty.jpg'), '');
  put(at('train', 'ants', 'zeros.jpg'), Buffer.alloc(5000));
  put(at('train', 'ants', 'page.jpg'), '<!DOCTYPE html><html><body>Not found</body></html>');
  put(at('train', 'ants', 'lfs.png'), 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n');
  const box = (brand: string): Buffer => Buffer.from(`\0\0\0\x18ftyp${brand}\0\0\0\0`.padEnd(100, 'x'), 'latin1');
  for (const [name, content] of Object.entries({
    'phone.jpg': box('heic'),
    'avif.jpg': box('avif'),
    'jp2.jpg': Buffer.from('\0\0\0\fjP  \r\n\x87\n'.padEnd(100, 'x'), 'latin1'),
    'jxl.jpg': Buffer.from('\0\0\0\fJXL \r\n\x87\n'.padEnd(100, 'x'), 'latin1'),
    'tga.jpg': Buffer.concat([
      Buffer.from([0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2, 0, 24, 0]),
      Buffer.alloc(12, 7),
    ]),
    'pdf.jpg': '%PDF-1.7\n',
    'zip.jpg': 'PK\x03\x04 and so on',
    'huge.pgm': 'P5 100000 100000 255\n1',
    'words.jpg': 'no image',
  }))
    put(at('train', 'ants', name), content);
  put(at('train', 'ants', '.jpg'), await picture(400).jpeg().toBuffer());
  put(at('train', 'bees', '.png'), await picture(401).jpeg().toBuffer());
  put(at('train', 'ants', 'warned.jpg'), await warned(102));
  for (const name of [
    'a.gif',
    'b.heic',
    'c.svg',
    'd.jfif',
    'd.jpe',
    'e.txt',
    'f.jpg ',
    'f.jpg.',
    'noextension',
    'Thumbs.db',
  ])
    put(at('train', 'ants', name), 'x');
  for (const name of ['d.jfif', 'd.jpe']) put(at('train', 'ants', name), jpeg);
  put(at('train', 'loose.jpg'), jpeg);
  put(at('train', 'labels.csv'), 'x');
  fs.mkdirSync(at('valid', 'ants'), { recursive: true });
  put(at('train', 'ants', 'really.jpg'), await picture(103).png().toBuffer());
  put(at('train', 'ants', 'moving.png'), await picture(104).gif().toBuffer());
  put(at('train', 'ants', 'turned.jpg'), await picture(105).withMetadata({ orientation: 6 }).jpeg().toBuffer());
  put(at('train', 'ants', 'tiny.png'), await picture(106, 20, 30).png().toBuffer());
  put(at('train', 'ants', 'long.jpg'), await picture(107, 1000, 250).jpeg().toBuffer());
  put(
    at('train', 'ants', 'white.jpg'),
    await sharp({ create: { width: 300, height: 300, channels: 3, background: '#fff' } })
      .jpeg()
      .toBuffer(),
  );
  put(at('train', 'ants', 'line.png'), await picture(109, 3000, 1).png().toBuffer());
  put(at('train', 'ants', '.hidden', 'h.jpg'), await picture(108).jpeg().toBuffer());
  // Copies.
  const own = await picture(110).jpeg().toBuffer();
  for (const name of ['one.jpg', 'two.jpg']) put(at('train', 'bees', name), own);
  put(at('train', 'bees', 'pixels.png'), await picture(111).png({ compressionLevel: 9 }).toBuffer());
  put(at('train', 'bees', 'pixels-again.png'), await picture(111).png({ compressionLevel: 1 }).toBuffer());
  put(at('train', 'bees', 'large.jpg'), await picture(112, 640, 480).jpeg().toBuffer());
  put(
    at('train', 'bees', 'less.jpg'),
    await sharp(at('train', 'bees', 'large.jpg'))
      .resize(240)
      .jpeg({ quality: 40 })
      .toBuffer(),
  );
  put(
    at('train', 'bees', 'upright.jpg'),
    await sharp(await picture(105).jpeg().toBuffer())
      .rotate(90)
      .jpeg({ quality: 70 })
      .toBuffer(),
  );
  for (const name of ['train/ants', 'train/bees']) put(at(name, 'both.jpg'), await picture(113).jpeg().toBuffer());
  put(at('train', 'ants', 'near.jpg'), await picture(114).jpeg().toBuffer());
  put(at('train', 'bees', 'near.jpg'), await picture(114).jpeg({ quality: 50 }).toBuffer());
  for (const name of ['train/ants', 'val/ants']) put(at(name, 'leaked.jpg'), await picture(115).jpeg().toBuffer());
  put(at('train', 'ants', 'seen.jpg'), await picture(116).jpeg().toBuffer());
  put(
    at('val', 'ants', 'seen.jpg'),
    await sharp(at('train', 'ants', 'seen.jpg'))
      .resize(200)
      .jpeg()
      .toBuffer(),
  );
  // Classes.
  await fill(at('train', '.ipynb_checkpoints'), 120, 1);
  await fill(at('train', 'wild bees'), 130, 10);
  await fill(at('train', 'Wild_Bees'), 140, 3);
  await fill(at('train', 'rare'), 150, 1);
  fs.mkdirSync(at('train', 'none'));
  for (const [i, name] of ['wild bees', 'Wild_Bees', 'rare', 'none', '.ipynb_checkpoints'].entries())
    await fill(at('val', name), 160 + 5 * i, 5);
  await fill(at('val', 'ant'), 300, 5);
  if (process.platform === 'linux') {
    fs.symlinkSync('..', at('train', 'bees', 'loop'));
    fs.symlinkSync('nowhere.jpg', at('train', 'bees', 'dangling.jpg'));
    execFileSync('mkfifo', [at('train', 'bees', 'pipe.jpg')]);
    // A folder whose name is not UTF-8 can't be found by what Node.js makes of it.
    fs.mkdirSync(Buffer.concat([Buffer.from(`${at('train', 'bees')}/latin`), Buffer.from([0xe9])]));
  }
  before = listing();
  const ran = await run(['check', data, '--json']);
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  report = JSON.parse(ran.stdout) as CheckReport;
}, 60_000);

test('nothing was changed', () => {
  expect(listing()).toBe(before);
});

test('the report counts splits, classes, findings and what could be decoded', () => {
  expect(report.data).toBe(data);
  expect(report.splits.map(({ name, folder }) => ({ name, folder }))).toEqual([
    { name: 'train', folder: at('train') },
    { name: 'val', folder: at('val') },
  ]);
  expect(report.splits[0]?.classes).toContainEqual({ name: 'wild bees', images: 10 });
  const unread = of('unreadable').length;
  const images = report.splits.reduce((sum, split) => sum + split.images, 0);
  expect(report.decoded).toBe(images - unread);
  for (const [kind, count] of Object.entries(report.counts)) expect(of(kind)).toHaveLength(count);
  const severities = report.findings.map(({ severity }) => ['error', 'warning', 'note'].indexOf(severity));
  expect(severities).toEqual(severities.toSorted((a, b) => a - b));
});

test.each([
  // Only what is surely worthless goes without a look.
  ['cut.jpg', /premature end/, 'rm -- FILE'],
  ['empty.jpg', /^the file is empty$/, 'rm -- FILE'],
  ['zeros.jpg', /^nothing but zeros, not an image$/, 'rm -- FILE'],
  ['page.jpg', /^a web page, not an image$/, '# rm -- FILE'],
  ['lfs.png', /^a Git LFS pointer/, '# git -C FOLDER lfs pull'],
  ['phone.jpg', /^HEIC is not supported; convert it to JPEG or PNG$/, '# magick HEIC:FILE BASE.png'],
  ['avif.jpg', /^AVIF is not supported; convert it to JPEG or PNG$/, '# magick AVIF:FILE BASE.png'],
  ['jp2.jpg', /^JPEG 2000 is not supported; convert it to JPEG or PNG$/, '# magick JP2:FILE BASE.png'],
  ['jxl.jpg', /^JPEG XL is not supported; convert it to JPEG or PNG$/, '# magick JXL:FILE BASE.png'],
  ['tga.jpg', /^TGA is not supported; convert it to JPEG or PNG$/, '# magick TGA:FILE BASE.png'],
  ['pdf.jpg', /^a PDF, not an image$/, '# mv -n -- FILE BASE.pdf'],
  ['zip.jpg', /^a zip archive, not an image$/, '# mv -n -- FILE BASE.zip'],
  ['huge.pgm', /too large/, '# magick FILE -resize 4096x4096 BASE.jpg'],
  ['words.jpg', /^not an image/, '# rm -- FILE'],
])('unreadable: %s', (name, reason, command) => {
  const file = at('train', 'ants', name);
  const { note, severity, commands } = about('unreadable', file);
  expect(note).toMatch(reason);
  expect(severity).toBe('error');
  const base = file.replace(/\.[a-z]+$/, '');
  expect(commands).toEqual([command.replace('FILE', file).replace('BASE', base).replace('FOLDER', path.dirname(file))]);
});

onLinux('unreadable: links that lead nowhere, and pipes, which are not waited for', () => {
  const dangling = about('unreadable', at('train', 'bees', 'dangling.jpg'));
  expect(dangling.note).toBe('no such file');
  // What it leads to may be on a disk that is not there now.
  expect(dangling.commands).toEqual([`# rm -- ${at('train', 'bees', 'dangling.jpg')}`]);
  expect(about('unreadable', at('train', 'bees', 'pipe.jpg')).note).toBe('a named pipe, not a file');
});

onLinux('folders that have no end, and folders that cannot be listed', () => {
  expect(about('link-loop', at('train', 'bees', 'loop')).commands).toEqual([`rm -- ${at('train', 'bees', 'loop')}`]);
  const [unlisted] = of('unreadable-folder');
  expect(unlisted?.files[0]).toContain('latin\uFFFD');
  expect(unlisted?.note).toMatch(/not UTF-8: rename it/);
  expect(unlisted?.commands).toEqual([]);
});

test('decoded with warnings', () => {
  expect(about('suspicious', at('train', 'ants', 'warned.jpg')).note).toMatch(/Corrupt JPEG data/);
  expect(of('suspicious')).toHaveLength(1);
});

test.each([
  ['train/ants/a.gif', /^GIF is not trained on/, /^# magick \S+a\.gif \S+a\.png$/],
  ['train/ants/b.heic', /^HEIC is not trained on/, /^# magick/],
  ['train/ants/c.svg', /^SVG is not trained on/, /^# magick/],
  ['train/ants/d.jfif', /call it \.jpg/, /^mv -n -- \S+d\.jfif \S+d\.jpg$/],
  // The name that another line gives is taken then.
  ['train/ants/d.jpe', /call it \.jpg/, /^mv -n -- \S+d\.jpe \S+d-2\.jpg$/],
  ['train/ants/f.jpg ', /^"\.jpg " is no extension of an image$/, undefined],
  ['train/ants/f.jpg.', /^"\." is no extension of an image$/, undefined],
  ['train/ants/e.txt', /^\.txt is no extension of an image$/, undefined],
  ['train/ants/noextension', /^has no extension$/, undefined],
  ['train/loose.jpg', /^lies beside the folders of the classes/, undefined],
  ['valid', /^a folder beside those of the splits/, undefined],
])('passed over: %s', (name, note, command) => {
  const found = about('not-used', at(name));
  expect(found.note).toMatch(note);
  if (command === undefined) expect(found.commands).toEqual([]);
  else expect(found.commands.join('\n')).toMatch(command);
});

test('what systems put into folders, and texts beside the classes, are not told of', () => {
  expect(of('not-used').flatMap(({ files }) => files.map((file) => path.basename(file)))).not.toContain('Thumbs.db');
  expect(of('not-used').flatMap(({ files }) => files.map((file) => path.basename(file)))).not.toContain('labels.csv');
});

test('wrong extensions', () => {
  const png = about('wrong-extension', at('train', 'ants', 'really.jpg'));
  expect(png.note).toBe('.jpg by its name, PNG by its content');
  expect(png.commands).toEqual([`mv -n -- ${at('train', 'ants', 'really.jpg')} ${at('train', 'ants', 'really.png')}`]);
  // By its own name it would not be trained on.
  expect(about('wrong-extension', at('train', 'ants', 'moving.png')).commands.join()).toMatch(/^# magick GIF:/);
  // A name that is nothing but an extension.
  const bare = about('wrong-extension', at('train', 'bees', '.png'));
  expect(bare.note).toBe('.png by its name, JPEG by its content');
  expect(bare.commands).toEqual([`mv -n -- ${at('train', 'bees', '.png')} ${at('train', 'bees', '.jpg')}`]);
  expect(of('wrong-extension')).toHaveLength(3);
});

test('turned by EXIF, and what --exif-rotate makes of it', () => {
  const { note } = about('exif-rotated', at('train', 'ants', 'turned.jpg'));
  expect(note).toBe('--exif-rotate turns it to the right, 320 x 240 becomes 240 x 320');
  expect(of('exif-rotated')).toHaveLength(1);
});

test('small, long and blank images', () => {
  expect(about('small', at('train', 'ants', 'tiny.png')).note).toBe('20 x 30 pixels; the network sees 224 x 224');
  expect(about('extreme-shape', at('train', 'ants', 'long.jpg')).note).toBe(
    '1000 x 250: one side is 4 times the other',
  );
  expect(about('extreme-shape', at('train', 'ants', 'line.png')).note).toMatch(/ is 3000 times the other$/);
  expect(about('blank', at('train', 'ants', 'white.jpg')).note).toBe('300 x 300 pixels of one colour');
  expect(of('blank')).toHaveLength(1);
});

test('duplicates: the same file, and the same pixels in another', () => {
  const same = about('duplicate', at('train', 'bees', 'one.jpg'));
  expect(same.note).toBe('the same file twice');
  expect(same.commands).toEqual([`rm -- ${at('train', 'bees', 'two.jpg')}`]);
  expect(about('duplicate', at('train', 'bees', 'pixels.png')).note).toBe('the same pixels in two files');
  expect(of('duplicate')).toHaveLength(2);
});

test('look-alikes: in another size, quality or turn; the larger one stays, and nothing is removed without a look', () => {
  const near = about('near-duplicate', at('train', 'bees', 'less.jpg'));
  expect(near.files).toEqual([at('train', 'bees', 'large.jpg'), at('train', 'bees', 'less.jpg')]);
  expect(near.score).toBeGreaterThan(0.9);
  expect(near.commands).toEqual([`# rm -- ${at('train', 'bees', 'less.jpg')}`]);
  expect(of('near-duplicate')).toHaveLength(1);
});

test('the same image, or nearly, in two classes', () => {
  const both = about('label-conflict', at('train', 'ants', 'both.jpg'));
  expect(both.note).toBe('the same file twice, as ants and bees');
  expect(both.commands).toEqual([
    `# rm -- ${at('train', 'ants', 'both.jpg')}`,
    `# rm -- ${at('train', 'bees', 'both.jpg')}`,
  ]);
  expect(about('near-conflict', at('train', 'ants', 'near.jpg')).files).toContain(at('train', 'bees', 'near.jpg'));
  // The photograph lies on its side and its copy was turned.
  expect(about('near-conflict', at('train', 'ants', 'turned.jpg')).files).toContain(at('train', 'bees', 'upright.jpg'));
  expect(of('label-conflict')).toHaveLength(1);
  expect(of('near-conflict')).toHaveLength(2);
});

test('leaks: what is validated with stays', () => {
  const leak = about('leak', at('val', 'ants', 'leaked.jpg'));
  expect(leak.note).toBe('the same file twice, in train and val');
  expect(leak.commands).toEqual([`rm -- ${at('train', 'ants', 'leaked.jpg')}`]);
  expect(about('near-leak', at('val', 'ants', 'seen.jpg')).commands).toEqual([
    `# rm -- ${at('train', 'ants', 'seen.jpg')}`,
  ]);
  expect(of('leak')).toHaveLength(1);
  expect(of('near-leak')).toHaveLength(1);
});

test('classes: missing, empty, named alike, hidden, few, uneven', () => {
  expect(about('missing-class', at('train', 'ant')).note).toBe('train has no class ant, which is in val; it has ants');
  expect(of('missing-class')).toHaveLength(1);
  expect(about('empty-class', at('train', 'none')).commands).toEqual([`rmdir -- ${at('train', 'none')}`]);
  const alike = about('alike-classes', at('train', 'wild bees'));
  expect(alike.note).toBe('Wild_Bees (3 images) and wild bees (10 images)');
  expect(alike.files[0]).toBe(at('train', 'wild bees'));
  expect(about('hidden-class', at('train', '.ipynb_checkpoints')).note).toBe(
    'train/.ipynb_checkpoints is a class with 1 image',
  );
  expect(about('hidden-image', at('train', 'ants', '.hidden', 'h.jpg')).severity).toBe('warning');
  expect(about('few-images', at('train', 'rare')).note).toBe('rare has 1 image in train, fewer than 10');
  expect(of('imbalance').map(({ note }) => note)).toEqual([
    expect.stringMatching(/^ants has \d+ times as many images as .ipynb_checkpoints/),
  ]);
});

test('without a model, it says what was not looked for, and how to have it', () => {
  expect(report.judgedBy).toBeNull();
  expect(report.skipped.map(({ part }) => part)).toEqual(['embeddings', 'labels']);
  expect(report.skipped[0]?.reason).toMatch(/--model imagenet-v1/);
});
