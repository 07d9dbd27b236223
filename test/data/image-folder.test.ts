import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { layoutOf } from '../../lib/check/layout';
import { openDataset } from '../../lib/data/dataset';
import { scanImageFolder, unreadableFolder } from '../../lib/data/image-folder';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'resnet-ft-folder-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(...names: string[]): void {
  for (const name of names) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), '');
  }
}

test('classes are sorted by code point, dot folders too', async () => {
  // U+FF5E comes before U+1F41C by code point, and after it by UTF-16 unit.
  put('b/x.jpg', '\u{1F41C}/x.jpg', '\uFF5E/x.jpg', 'B/x.jpg', '.dot/x.jpg', 'loose.jpg');
  const folder = await scanImageFolder(root);
  expect(folder.classes).toEqual(['.dot', 'B', 'b', '\uFF5E', '\u{1F41C}']);
  expect(folder.samples.map((sample) => sample.target)).toEqual([0, 1, 2, 3, 4]);
});

test('files are found in sub-folders, in the order of whole paths, by extension', async () => {
  put('c/z.JPG', 'c/a.webp', 'c/a/1.png', 'c/a/b/2.TiFF', 'c/a-b/3.pgm', 'c/skip.gif', 'c/note.txt');
  const { samples } = await scanImageFolder(root);
  // os.walk's folders, sorted: c, c/a, c/a-b, c/a/b.
  expect(samples.map(({ name }) => name.split(path.sep).join('/'))).toEqual([
    'c/a.webp',
    'c/z.JPG',
    'c/a/1.png',
    'c/a-b/3.pgm',
    'c/a/b/2.TiFF',
  ]);
  expect(samples.every(({ file }) => path.isAbsolute(file))).toBe(true);
});

test('what is there and no folder is not said to be missing, and the system says why in its own words once', async () => {
  put('file.jpg');
  const file = path.join(root, 'file.jpg');
  const circle = path.join(root, 'circle');
  symlinkSync(circle, circle);
  const opened = [
    scanImageFolder,
    (data: string) => openDataset({ data, seed: 0 }),
    (data: string) => layoutOf(data, undefined),
  ];
  for (const open of opened) {
    const message = `${file} is a file, not a folder`;
    await expect(open(file)).rejects.toMatchObject({ code: 'DATA_NOT_FOUND', message });
    await expect(open(circle)).rejects.toThrow(/circle: cannot be read: .*ELOOP/);
    await expect(open(path.join(file, 'x'))).rejects.toThrow(/^no such folder: .*x$/);
  }
  // Root, as which tests may run, is never denied anything.
  const denied = Object.assign(new Error("EACCES: permission denied, scandir '/a'"), {
    ...{ errno: -13, code: 'EACCES', syscall: 'scandir', path: '/a' },
  });
  expect(unreadableFolder('/a', denied).message).toBe('/a: cannot be read: permission denied (EACCES)');
});

(process.platform === 'win32' ? test.skip : test)('links are followed, and one without end is named', async () => {
  put('c/real/1.jpg');
  symlinkSync(path.join(root, 'c/real'), path.join(root, 'c/again'));
  symlinkSync('itself.jpg', path.join(root, 'c/itself.jpg')); // leads nowhere: an image that can't be read
  const { samples } = await scanImageFolder(root);
  expect(samples.map(({ name }) => name)).toEqual(['c/itself.jpg', 'c/again/1.jpg', 'c/real/1.jpg']);

  symlinkSync(path.join(root, 'c'), path.join(root, 'c/real/up'));
  await expect(scanImageFolder(root)).rejects.toMatchObject({
    code: 'DATA_INVALID',
    message: expect.stringMatching(/c\/again\/up is a link to .*\/c, in which it lies itself/),
    hint: `Remove the link: rm ${path.join(root, 'c/again/up')}`,
  });
});

(process.platform === 'win32' ? test.skip : test)(
  'of folders without end the link is named, never a real folder that is seen through it',
  async () => {
    const real = realpathSync(root);
    put('d/train/ants/1.jpg');
    symlinkSync('../..', path.join(root, "d/train/ants/it's all"));
    await expect(scanImageFolder(path.join(root, 'd/train'))).rejects.toMatchObject({
      message: `${root}/d/train/ants/it's all is a link to ${real}/d, in which it lies itself, so there would be no end of folders`,
      hint: `Remove the link: rm '${root}/d/train/ants/it'\\''s all'`,
    });
    // The link from `alias` is innocent, though it is the last one on the way.
    put('e/data/train/ants/1.jpg');
    symlinkSync('data', path.join(root, 'e/alias'));
    symlinkSync('../../..', path.join(root, 'e/data/train/ants/up'));
    await expect(scanImageFolder(path.join(root, 'e/data/train'))).rejects.toMatchObject({
      hint: `Remove the link: rm ${root}/e/data/train/ants/up`,
    });
    // Two folders that lead to one another, with a real folder at the end.
    put('f/train/ants/1.jpg', 'f/pool/sub/ants/2.jpg');
    symlinkSync('../../pool/sub', path.join(root, 'f/train/ants/more'));
    symlinkSync('../../pool', path.join(root, 'f/pool/sub/again'));
    await expect(scanImageFolder(path.join(root, 'f/train'))).rejects.toMatchObject({
      hint: `Remove the link: rm ${root}/f/train/ants/more/again`,
    });
  },
);

(process.platform === 'win32' ? test.skip : test)('a pipe, a socket or a device is listed and not opened', async () => {
  put('c/1.jpg');
  execFileSync('mkfifo', [path.join(root, 'c', 'pipe.jpg')]);
  symlinkSync('/dev/zero', path.join(root, 'c', 'zero.png'));
  const server = net.createServer().listen(path.join(root, 'c', 'socket.bmp'));
  const { samples } = await scanImageFolder(root);
  server.close();
  expect(samples.map(({ name }) => name)).toEqual(['c/1.jpg', 'c/pipe.jpg', 'c/socket.bmp', 'c/zero.png']);
});

test('files that are passed over are counted by kind, without those that nobody has put there', async () => {
  put(
    'a/1.jpg',
    'a/2.gif',
    'a/b/3.GIF',
    'a/b/4.svg',
    'a/5',
    'a/.DS_Store',
    'a/Thumbs.db',
    'a/6.this-is-none',
    'loose.gif',
  );
  expect((await scanImageFolder(root)).passedOver).toEqual({ '.gif': 2, '.svg': 1, other: 2 });
});

test('errors name the folder or the classes', async () => {
  const missing = path.join(root, 'none');
  await expect(scanImageFolder(missing)).rejects.toMatchObject({
    code: 'DATA_NOT_FOUND',
    message: expect.stringContaining(missing),
  });
  await expect(scanImageFolder(root)).rejects.toMatchObject({
    code: 'DATA_INVALID',
    message: expect.stringContaining('empty'),
  });
  put('ok/1.jpg', 'bad/1.gif', 'worse/readme.txt');
  await expect(scanImageFolder(root)).rejects.toMatchObject({
    code: 'DATA_INVALID',
    message: expect.stringContaining('bad, worse'),
    hint: expect.stringContaining('.jpg'),
  });
});

test('of hidden folders without images it says that they are to be moved away', async () => {
  put('ants/1.jpg', '.git/HEAD');
  await expect(scanImageFolder(root)).rejects.toMatchObject({
    message: `${root}: no image in class .git`,
    hint: expect.stringMatching(
      /\.webp; \.git is a folder that a NAS or another program makes by itself, not a class: move it out$/,
    ),
  });
  mkdirSync(path.join(root, 'none'));
  await expect(scanImageFolder(root)).rejects.toMatchObject({
    hint: expect.stringMatching(/; remove those that are not classes; \.git is a folder that a NAS or /),
  });
});

test('what a NAS makes is not said to be hidden, and what is hidden is', async () => {
  put('ants/1.jpg', '@eaDir/ants', '.mine/note.txt');
  await expect(scanImageFolder(root)).rejects.toMatchObject({
    hint: expect.stringMatching(
      /; \.mine is a hidden folder, not a class: move it out; @eaDir is a folder that a NAS or another program makes by itself, not a class: move it out$/,
    ),
  });
});

test('of a class with nothing but pictures of another format it says so, and how to convert them', async () => {
  put('ants/1.jpg', 'cats/1.HEIC', 'cats/2.heic', 'cats/.DS_Store');
  const check = `npx resnet-ft check ${root} --commands prints commands for it`;
  await expect(scanImageFolder(root)).rejects.toMatchObject({
    message: `${root}: no image in class cats`,
    hint: `cats has only HEIC files (2), which can't be read: convert them to JPEG or PNG; ${check}`,
  });
  put('dogs/1.gif', 'mixed/1.heic', 'mixed/note.txt');
  await expect(scanImageFolder(root)).rejects.toMatchObject({
    hint: expect.stringMatching(
      /^cats has only HEIC files \(2\), which can't be read, dogs has only GIF files \(1\), which are not looked for: convert .*; every sub-folder/,
    ),
  });
});
