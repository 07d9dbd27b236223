import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import type { CheckReport, Finding } from '../../lib';
import { run, scratch } from '../cli/run';
import { fill, picture, put, soundData } from './pictures';

// What stands in the script without a look at it before: it must not cost a file that is worth something, nor break a link.

const tmp = scratch();
const onLinux = process.platform === 'linux' ? test : test.skip;

/** A sound data set, and paths within it. */
async function soundly(name: string): Promise<[string, (...names: string[]) => string]> {
  const data = await soundData(path.join(tmp, name));
  return [data, (...names) => path.join(data, ...names)];
}

const reportOf = async (...args: string[]): Promise<CheckReport> =>
  JSON.parse((await run(['check', ...args, '--json'])).stdout) as CheckReport;

const about = ({ findings }: CheckReport, kind: string, file: string): Finding | undefined =>
  findings.find((one) => one.kind === kind && one.files.includes(file));

/** Of each file, whether it goes without a look. */
const removed = ({ findings }: CheckReport): string[] =>
  findings
    .flatMap(({ commands }) => commands)
    .filter((line) => line.startsWith('rm '))
    .map((line) => path.basename(line));

describe('the same pixels', () => {
  let report: CheckReport;
  let at: (...names: string[]) => string;
  beforeAll(async () => {
    let data: string;
    [data, at] = await soundly('pixels');
    const ants = (name: string): string => at('train', 'ants', name);
    // Black, with the picture in alpha alone.
    for (const i of [1, 2, 3]) {
      const mask = await picture(20 + i, 240, 240)
        .greyscale()
        .raw()
        .toBuffer();
      const icon = sharp({ create: { width: 240, height: 240, channels: 3, background: '#000' } }).joinChannel(mask, {
        raw: { width: 240, height: 240, channels: 1 },
      });
      put(ants(`icon${i}.png`), await icon.png().toBuffer());
    }
    // Gray of 16 bits above 255, which Pillow clips: all white.
    for (const i of [1, 2]) {
      const values = Uint16Array.from({ length: 240 * 240 }, (_, at) => 1000 + ((at * i) % 60_000));
      const gray = sharp(values, { raw: { width: 240, height: 240, channels: 1 } }).toColourspace('grey16');
      put(ants(`scan${i}.png`), await gray.png().toBuffer());
    }
    const jpeg = await picture(700).jpeg().toBuffer();
    put(ants('stored.jpg'), jpeg);
    put(ants('turned.jpg'), await exif(jpeg, 6));
    // Two files of the same bytes, and two others of the same pixels.
    for (const name of ['a.png', 'b.png']) put(ants(name), await picture(701).png({ compressionLevel: 9 }).toBuffer());
    for (const name of ['c.png', 'd.png']) put(ants(name), await picture(701).png({ compressionLevel: 1 }).toBuffer());
    put(at('val', 'bees', 'seen.png'), await picture(702).png({ compressionLevel: 9 }).toBuffer());
    put(at('train', 'bees', 'seen.png'), await picture(702).png({ compressionLevel: 1 }).toBuffer());
    report = await reportOf(data);
  });

  test.each([
    ['icon1.png', ['# rm icon2.png', '# rm icon3.png']],
    ['scan1.png', ['# rm scan2.png']],
    ['stored.jpg', ['# rm turned.jpg']],
    // Of each content one stays.
    ['a.png', ['# rm c.png', 'rm b.png', 'rm d.png']],
  ])('of %s in other bytes goes after a look alone', (name, expected) => {
    const found = about(report, 'duplicate', at('train', 'ants', name));
    expect(found?.files[0]).toBe(at('train', 'ants', name));
    expect(found?.commands.map((line) => line.replace(`-- ${at('train', 'ants')}/`, ''))).toEqual(expected);
  });

  test('in two splits, too', () => {
    const found = about(report, 'leak', at('train', 'bees', 'seen.png'));
    expect(found?.commands).toEqual([`# rm -- ${at('train', 'bees', 'seen.png')}`]);
  });

  test('what the script removes are the last files of a finding', () => {
    const { files } = about(report, 'duplicate', at('train', 'ants', 'a.png')) as Finding;
    expect(files.map((file) => path.basename(file))).toEqual(['a.png', 'c.png', 'b.png', 'd.png']);
  });
});

/** A JPEG with this EXIF orientation, and the same picture byte for byte. */
async function exif(jpeg: Buffer, orientation: number): Promise<Buffer> {
  const turned = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#000' } })
    .withMetadata({ orientation })
    .jpeg()
    .toBuffer();
  const begin = turned.indexOf(Buffer.from([0xff, 0xe1]));
  const segment = turned.subarray(begin, begin + 2 + turned.readUInt16BE(begin + 2));
  return Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)]);
}

describe('unreadable', () => {
  /** With a byte changed right in the middle of the pixels. */
  function flipped(png: Buffer): Buffer {
    const out = Buffer.from(png);
    const middle = Math.floor((out.indexOf('IDAT') + out.length) / 2);
    out[middle] = (out[middle] ?? 0) ^ 0x55;
    return out;
  }

  /** A TIFF with other numbers in its directory, which is little-endian. */
  function patched(tiff: Buffer, change: (tag: number, at: number, out: Buffer) => void): Buffer {
    const out = Buffer.from(tiff);
    const directory = out.readUInt32LE(4);
    for (let i = 0; i < out.readUInt16LE(directory); i++) {
      const entry = directory + 2 + i * 12;
      change(out.readUInt16LE(entry), entry, out);
    }
    return out;
  }

  function bmp(width: number): Buffer {
    const out = Buffer.alloc(54 + 240 * 240 * 3, 100);
    out.write('BM', 'latin1');
    out.writeUInt32LE(out.length, 2);
    for (const [at, value] of [
      [10, 54],
      [14, 40],
      [18, width],
      [22, 240],
      [26, 1 + (24 << 16)],
      [30, 0],
    ] as const)
      out.writeUInt32LE(value, at);
    return out;
  }

  let report: CheckReport;
  let at: (...names: string[]) => string;
  beforeAll(async () => {
    let data: string;
    [data, at] = await soundly('damaged');
    const noise = sharp(await picture(710).png().toBuffer());
    const jpeg = await picture(711).jpeg().toBuffer();
    const progressive = await picture(711).jpeg({ progressive: true }).toBuffer();
    const marker = Math.floor(progressive.length / 2);
    const tiled = await picture(712, 256, 256)
      .tiff({ compression: 'lzw', predictor: 'none', tile: true, tileWidth: 256, tileHeight: 256 })
      .toBuffer();
    for (const [name, content] of Object.entries({
      'plain.png': flipped(await noise.clone().png().toBuffer()),
      'interlaced.png': flipped(await noise.clone().png({ progressive: true }).toBuffer()),
      'palette.png': flipped(await noise.clone().png({ palette: true }).toBuffer()),
      'sparse.tif': patched(tiled, (tag, entry, out) => {
        if (tag === 324 || tag === 325) out.writeUInt32LE(0, entry + 8);
      }),
      'odd.tif': patched(tiled, (tag, entry, out) => {
        if (tag === 256) out.writeUInt32LE(2, entry + 4);
      }),
      'marker.jpg': Buffer.concat([
        progressive.subarray(0, marker),
        Buffer.from([0xff, 0x86]),
        progressive.subarray(marker + 2),
      ]),
      // All pixels are there, and only the end is not.
      'unended.jpg': jpeg.subarray(0, -2),
      'odd.bmp': bmp(2400),
      'odd.pgm': `P5 500 500 255\n${'x'.repeat(240 * 240)}`,
      'cut.jpg': jpeg.subarray(0, Math.floor(jpeg.length / 2)),
      'cut-scans.jpg': progressive.subarray(0, 400),
      'cut.png': (await noise.clone().png().toBuffer()).subarray(0, 2000),
      'cut-interlaced.png': (await noise.clone().png({ progressive: true }).toBuffer()).subarray(0, 2000),
      'cut.bmp': bmp(240).subarray(0, 20_000),
    }))
      put(at('train', 'ants', name), content);
    report = await reportOf(data);
  });

  test.each([
    ['plain.png', /^the file is cut off or damaged/],
    ['interlaced.png', /^the file is cut off or damaged/],
    ['palette.png', /^the file is cut off or damaged/],
    ['sparse.tif', /^TIFF: strips or tiles have no bytes$/],
    ['odd.tif', /^TIFF: a tag of one value has another number of them$/],
    ['marker.jpg', /premature end of data segment/],
    ['unended.jpg', /^the file is cut off/],
    ['odd.bmp', /^BMP: the file is cut off$/],
    ['odd.pgm', /^PNM: the file is cut off$/],
  ])('%s may be mended, and wants a look', (name, reason) => {
    const found = about(report, 'unreadable', at('train', 'ants', name));
    expect(found?.note).toMatch(reason);
    expect(found?.commands).toEqual([`# rm -- ${at('train', 'ants', name)}`]);
  });

  test('only what ends early is sure to be worthless', () => {
    expect(removed(report).sort()).toEqual(['cut-interlaced.png', 'cut-scans.jpg', 'cut.bmp', 'cut.jpg', 'cut.png']);
  });
});

describe('paths that lead to one file', () => {
  /** The script is run, and each image that could be read before can be read by the same path or by its new name. */
  async function mended(...args: string[]): Promise<{ printed: string; before: CheckReport; after: CheckReport }> {
    const before = await reportOf(...args);
    const { stdout: printed } = await run(['check', ...args, '--commands']);
    // bash takes a socket as its standard input, which it has here, for a login from elsewhere, and would read its start-up file.
    execFileSync('bash', ['--norc', '-eu', '-c', printed], { cwd: tmp });
    return { printed, before, after: await reportOf(...args) };
  }

  onLinux('a file is not given another name where a link leads to it, or where it lies behind a link', async () => {
    const [data, at] = await soundly('renamed');
    put(at('train', 'ants', 'x.jpg'), await picture(720).png().toBuffer());
    fs.symlinkSync('../ants/x.jpg', at('train', 'bees', 'x.jpg'));
    put(at('train', 'bees', 'y.jfif'), await picture(721).jpeg().toBuffer());
    fs.symlinkSync('y.jfif', at('train', 'bees', 'y.jpg'));
    // A link to a link: the one in the middle has to keep its name.
    const other = put(path.join(tmp, 'elsewhere', 'z.bin'), await picture(722).png().toBuffer());
    fs.symlinkSync(other, at('train', 'ants', 'z.jpg'));
    fs.symlinkSync('../ants/z.jpg', at('train', 'bees', 'z.png'));
    put(path.join(tmp, 'shared', 's.jpg'), await picture(723).png().toBuffer());
    put(path.join(tmp, 'shared', 's.jfif'), await picture(724).jpeg().toBuffer());
    fs.symlinkSync(path.join(tmp, 'shared'), at('train', 'ants', 'shared'));
    const { before, after } = await mended(data);
    const commands = (kind: string, ...names: string[]): string[] | undefined =>
      about(before, kind, at(...names))?.commands;
    expect(commands('wrong-extension', 'train', 'ants', 'x.jpg')?.[0]).toMatch(/^# mv .* # a link leads to it$/);
    expect(commands('not-used', 'train', 'bees', 'y.jfif')?.[0]).toMatch(/^# mv .* # a link leads to it$/);
    expect(commands('wrong-extension', 'train', 'ants', 'z.jpg')?.[0]).toMatch(/^# mv /);
    expect(commands('wrong-extension', 'train', 'ants', 'shared', 's.jpg')?.[0]).toMatch(/^# mv .* # .*behind a link/);
    expect(commands('not-used', 'train', 'ants', 'shared', 's.jfif')?.[0]).toMatch(/^# mv /);
    // The link by itself may have another name.
    expect(commands('wrong-extension', 'train', 'bees', 'x.jpg')?.[0]).toMatch(/^mv /);
    expect(after.decoded).toBe(before.decoded);
    expect(after.counts.unreadable).toBeUndefined();
    expect(fs.readdirSync(path.join(tmp, 'shared')).sort()).toEqual(['s.jfif', 's.jpg']);
  });

  onLinux('unreadable: links go, their files after a look, and nothing behind a link to a folder', async () => {
    const [data, at] = await soundly('unreadable');
    const cut = (await picture(730).jpeg().toBuffer()).subarray(0, 2000);
    for (const name of ['one.jpg', 'empty.jpg']) put(path.join(tmp, 'ext', name), name === 'one.jpg' ? cut : '');
    for (const name of ['ants', 'bees']) fs.symlinkSync(path.join(tmp, 'ext'), at('train', name, 'shared'));
    put(path.join(tmp, 'ext-of-one', 'two.jpg'), cut);
    fs.symlinkSync(path.join(tmp, 'ext-of-one'), at('val', 'ants', 'shared'));
    put(at('train', 'ants', 'own.jpg'), cut);
    fs.symlinkSync('../ants/own.jpg', at('train', 'bees', 'link.jpg'));
    const lone = put(path.join(tmp, 'lone.jpg'), cut);
    fs.symlinkSync(lone, at('val', 'bees', 'lone.jpg'));
    const { printed, before } = await mended(data);
    expect(removed(before).sort()).toEqual(['link.jpg', 'lone.jpg']);
    expect(printed).toContain(`\n# rm -- ${at('train', 'ants', 'own.jpg')}\n`);
    expect(printed).toContain(
      `\n# ${at('val', 'ants', 'shared', 'two.jpg')} lies behind a link to a folder: not removed\n`,
    );
    for (const file of ['ext/one.jpg', 'ext/empty.jpg', 'ext-of-one/two.jpg', 'lone.jpg'])
      expect(fs.existsSync(path.join(tmp, file))).toBe(true);
  });

  onLinux('copies: a file behind a link to a folder stays, and a link over which another leads', async () => {
    const [data, at] = await soundly('copies');
    fs.mkdirSync(path.join(tmp, 'others'));
    fs.copyFileSync(at('train', 'ants', '0.jpg'), path.join(tmp, 'others', 'copy.jpg'));
    fs.symlinkSync(path.join(tmp, 'others'), at('train', 'ants', 'shared'));
    // Named by links alone: the first leads over the second.
    const far = put(path.join(tmp, 'far.jpg'), await picture(740).jpeg().toBuffer());
    fs.symlinkSync(far, at('train', 'bees', 'q.jpg'));
    fs.symlinkSync('q.jpg', at('train', 'bees', 'p.jpg'));
    // What is passed over leads to a copy.
    fs.copyFileSync(at('train', 'bees', '12.jpg'), at('train', 'bees', 'again.jpg'));
    fs.symlinkSync('again.jpg', at('train', 'bees', 'old.bak'));
    const { before } = await mended(data);
    expect(fs.existsSync(path.join(tmp, 'others', 'copy.jpg'))).toBe(true);
    expect(about(before, 'duplicate', at('train', 'ants', '0.jpg'))?.note).toBe('the same file twice');
    expect(fs.existsSync(at('train', 'bees', 'p.jpg'))).toBe(true);
    expect(fs.existsSync(at('train', 'bees', 'old.bak'))).toBe(true);
  });

  onLinux('the folder that was named may be a link itself, or lie behind one', async () => {
    const [data] = await soundly('real');
    fs.symlinkSync(data, path.join(tmp, 'alias'));
    const at = (...names: string[]): string => path.join(tmp, 'alias', ...names);
    put(at('train', 'ants', 'empty.jpg'), '');
    put(at('train', 'ants', 'x.jpg'), await picture(750).png().toBuffer());
    fs.copyFileSync(at('train', 'bees', '12.jpg'), at('train', 'bees', 'again.jpg'));
    const { after } = await mended(path.join(tmp, 'alias'));
    expect(after.counts).toEqual({});
  });

  onLinux('classes that are links, or one folder by two names, are not removed by rmdir', async () => {
    const [data, at] = await soundly('linked-classes');
    fs.mkdirSync(path.join(tmp, 'nothing'));
    for (const split of ['train', 'val']) {
      fs.symlinkSync(path.join(tmp, 'nothing'), at(split, 'linked'));
      fs.mkdirSync(at(split, 'one'));
      fs.symlinkSync('one', at(split, 'two'));
    }
    const { before } = await mended(data);
    expect(before.counts['empty-class']).toBe(6);
    expect(fs.readdirSync(at('train'))).toEqual(['ants', 'bees', 'linked', 'one', 'two']);
  });

  onLinux(
    'loops: a link in which the loop does not lie alone, or behind a link to a folder, wants a look',
    async () => {
      const [data, at] = await soundly('loops');
      fs.mkdirSync(path.join(tmp, 'loop'));
      fs.symlinkSync(data, path.join(tmp, 'loop', 'back'));
      fs.symlinkSync('.', path.join(tmp, 'loop', 'self'));
      fs.symlinkSync(path.join(tmp, 'loop'), at('train', 'ants', 'away'));
      const { findings } = await reportOf(data);
      const lines = findings.filter(({ kind }) => kind === 'link-loop').flatMap(({ commands }) => commands);
      expect(lines.length).toBeGreaterThan(1);
      expect(lines.filter((line) => !line.startsWith('# '))).toEqual([]);
    },
  );
});

test('what is called .jfif gets the name of a JPEG if it is one', async () => {
  await fill(path.join(tmp, 'jfif', 'ants'), 0, 10);
  await fill(path.join(tmp, 'jfif', 'bees'), 10, 10);
  const at = (name: string): string => path.join(tmp, 'jfif', 'ants', name);
  put(at('photo.jfif'), await picture(760).jpeg().toBuffer());
  put(at('text.jfif'), 'no image');
  const report = await reportOf(path.join(tmp, 'jfif'));
  expect(about(report, 'not-used', at('photo.jfif'))?.commands).toEqual([
    `mv -n -- ${at('photo.jfif')} ${at('photo.jpg')}`,
  ]);
  expect(about(report, 'not-used', at('text.jfif'))?.commands).toEqual([
    `# mv -n -- ${at('text.jfif')} ${at('text.jpg')}`,
  ]);
});

test('large images that a thread of their own decodes are looked at as strictly as others', async () => {
  await fill(path.join(tmp, 'cmyk', 'ants'), 0, 10);
  await fill(path.join(tmp, 'cmyk', 'bees'), 10, 10);
  for (const side of [200, 400]) {
    const bytes = await picture(770, side, side).toColourspace('cmyk').jpeg().toBuffer();
    // The end of the image, in the middle of it.
    bytes.set([0xff, 0xd9], bytes.length >> 1);
    put(path.join(tmp, 'cmyk', 'ants', `${side}.jpg`), bytes);
  }
  const { findings } = await reportOf(path.join(tmp, 'cmyk'));
  expect(
    findings
      .filter(({ kind }) => kind === 'suspicious')
      .flatMap(({ files }) => files.map((file) => path.basename(file))),
  ).toEqual(['200.jpg', '400.jpg']);
});
