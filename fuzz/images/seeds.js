'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const sharp = require('sharp');
const { Scratch } = require('../engine/scratch');
const { findPython } = require('./pillow');

const UNUSUAL = path.join(__dirname, '..', '..', 'test', 'data', 'odd-images.py');

/** What Python prints of a script that is given one argument. */
function python(script, argument) {
  const { status, stdout, stderr } = spawnSync(findPython(), ['-W', 'ignore', script, argument], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(`${path.basename(script)} ${argument}: ${stderr}`);
  return stdout;
}

/** Images as Pillow writes them, which the script prints in base64, a line each. */
const byPillow = (format) =>
  python(path.join(__dirname, 'seeds.py'), format)
    .trim()
    .split('\n')
    .map((line) => Buffer.from(line, 'base64'));

const ENDINGS = { jpeg: '.jpg', tiff: '.tif', pnm: '.ppm' };
/** What a mutation may be as long as, with room for what is put into it. */
const MOST_BYTES = 3000;

/** Images of kinds that hardly anybody writes, whole and damaged: those of test/data/pillow-parity.test.ts. */
function unusual(format) {
  const scratch = new Scratch();
  try {
    python(UNUSUAL, scratch.folder);
    return fs
      .readdirSync(scratch.folder)
      .filter((name) => name.endsWith(ENDINGS[format] ?? `.${format}`))
      .map((name) => fs.readFileSync(path.join(scratch.folder, name)))
      .filter(({ length }) => length <= MOST_BYTES);
  } finally {
    scratch.remove();
  }
}

/** What libvips writes and Pillow does not: interlaced PNGs, tiled TIFFs, optimized scans. */
const WRITTEN_BY_SHARP = {
  jpeg: [
    { progressive: true, optimizeScans: true, trellisQuantisation: true, overshootDeringing: true },
    { chromaSubsampling: '4:4:4', quality: 20 },
    { progressive: true, chromaSubsampling: '4:2:0' },
  ],
  png: [1, 2, 4, 8]
    .flatMap((bits) => [false, true].map((progressive) => ({ progressive, palette: true, colours: 2 ** bits })))
    .concat([{ progressive: true }, { progressive: true, adaptiveFiltering: true }]),
  gif: [{ progressive: true }, { progressive: false, colours: 4 }],
  tiff: ['none', 'lzw', 'deflate', 'packbits', 'jpeg'].flatMap((compression) => [
    { compression },
    { compression, tile: true, tileWidth: 16, tileHeight: 16 },
    { compression, predictor: 'horizontal', bigtiff: true },
  ]),
  webp: [{ nearLossless: true }, { quality: 1, alphaQuality: 0 }, { smartSubsample: true, effort: 0 }],
};

const WIDTH = 37;
const HEIGHT = 29;

async function bySharp(format) {
  const ramps = Buffer.from(Array.from({ length: WIDTH * HEIGHT * 4 }, (_, i) => (i * 7 + ((i * i) >> 5)) & 255));
  const of = (channels, width = WIDTH, height = HEIGHT) =>
    sharp(ramps.subarray(0, width * height * channels), { raw: { width, height, channels } });
  const images = [1, 3, 4].flatMap((channels) =>
    (WRITTEN_BY_SHARP[format] ?? []).map((options) => of(channels).toFormat(format, options)),
  );
  // What is no option: sixteen bits a channel, fewer than eight.
  if (format === 'png') images.push(of(3, 12, 9).toColourspace('rgb16').png({ progressive: true }));
  if (format === 'tiff') {
    images.push(of(3, 12, 9).toColourspace('rgb16').tiff({ compression: 'lzw', predictor: 'horizontal' }));
    for (const bitdepth of [1, 2, 4])
      images.push(of(1).toColourspace('b-w').tiff({ bitdepth, compression: 'lzw', predictor: 'none' }));
  }
  const seeds = await Promise.all(images.map((image) => image.toBuffer()));
  return seeds.filter(({ length }) => length <= MOST_BYTES);
}

/** Small images of a format to begin with, always the same. */
async function seedsOf(format) {
  return [...byPillow(format), ...unusual(format), ...(await bySharp(format))];
}

module.exports = { seedsOf };
