'use strict';

const { deflateSync } = require('node:zlib');

// TIFFs of any combination of what a directory can say of pixels, that are there (TIFF 6.0; BigTIFF).

/** Numbers in the byte order of a file. */
class Numbers {
  constructor(littleEndian) {
    this.littleEndian = littleEndian;
  }

  of(size, number) {
    const bytes = Buffer.alloc(size);
    for (let i = 0; i < size; i++) {
      bytes[this.littleEndian ? i : size - 1 - i] = Number((BigInt(number) >> BigInt(8 * i)) & 0xffn);
    }
    return bytes;
  }
}

/** Types of numbers, and their bytes. */
const [BYTE, TEXT, SHORT, LONG, LONG8] = [1, 2, 3, 4, 16];
const SIZES = { [BYTE]: 1, [TEXT]: 1, [SHORT]: 2, [LONG]: 4, [LONG8]: 8 };
/** Samples of a pixel that a photometric interpretation has. */
const SAMPLES = { 0: 1, 1: 1, 2: 3, 3: 1, 4: 1, 5: 4, 6: 3, 8: 3 };

function packBits(data, random) {
  const out = [];
  for (let at = 0; at < data.length;) {
    let run = 1;
    while (run < 128 && data[at + run] === data[at]) run++;
    if (run > 2) {
      out.push(257 - run, data[at]);
      at += run;
    } else {
      const length = Math.min(1 + random.below(20), data.length - at);
      out.push(length - 1, ...data.subarray(at, at + length));
      at += length;
    }
  }
  return Buffer.from(out);
}

function layoutOf(random) {
  const photometric = random.pick([0, 1, 1, 2, 2, 2, 3, 5, 6, 8, 4]);
  const compression = random.pick([1, 1, 1, 8, 32946, 32773]);
  return {
    width: 1 + random.below(20),
    height: 1 + random.below(20),
    photometric,
    compression,
    samples: random.oneIn(5) ? 1 + random.below(5) : SAMPLES[photometric] + (random.oneIn(3) ? 1 : 0),
    bits: random.pick([1, 2, 4, 8, 8, 8, 8, 16, 16, 32, 64, 12]),
    format: random.pick([1, 1, 1, 1, 2, 3]),
    planar: random.oneIn(4) ? 2 : 1,
    predictor: compression === 8 || compression === 32946 ? random.pick([1, 1, 2, 2, 3]) : 1,
    tile: random.oneIn(3) ? { width: 16 * (1 + random.below(2)), height: 16 * (1 + random.below(2)) } : undefined,
  };
}

/** The strips or tiles, one plane after another. */
function chunksOf({ width, height, samples, bits, planar, tile, compression }, rows, random) {
  const rowBytes = (columns) => Math.ceil((columns * bits * (planar === 2 ? 1 : samples)) / 8);
  const sizes = [];
  for (let plane = planar === 2 ? samples : 1; plane > 0; plane--) {
    if (tile !== undefined) {
      const count = Math.ceil(width / tile.width) * Math.ceil(height / tile.height);
      for (let i = 0; i < count; i++) sizes.push(rowBytes(tile.width) * tile.height);
    } else for (let y = 0; y < height; y += rows) sizes.push(rowBytes(width) * Math.min(rows, height - y));
  }
  return sizes.map((size) => {
    const whole = random.oneIn(5) ? Buffer.alloc(size, random.below(256)) : random.bytes(size);
    const data = random.oneIn(50) ? whole.subarray(0, random.below(size)) : whole;
    if (compression === 1) return data;
    return compression === 32773 ? packBits(data, random) : deflateSync(data, { level: random.pick([0, 1, 9]) });
  });
}

/** Tags as [number, type, values]; some that should be there are left out now and then. */
function tagsOf(layout, rows, random) {
  const { width, height, photometric, compression, samples, bits, format, planar, predictor, tile } = layout;
  const each = (value) => Array.from({ length: samples }, () => value);
  const any = () => random.pick([SHORT, LONG]);
  const tags = [
    [256, any(), [width]],
    [257, any(), [height]],
    [262, SHORT, [photometric]],
  ];
  const sometimes = (always, oneIn, ...tag) => {
    if (always || random.oneIn(oneIn)) tags.push(tag);
  };
  sometimes(bits !== 1, 2, 258, SHORT, random.oneIn(10) ? [bits] : each(bits));
  sometimes(compression !== 1, 2, 259, SHORT, [compression]);
  sometimes(false, 20, 254, LONG, [random.below(3)]);
  sometimes(false, 8, 266, SHORT, [1 + random.below(2)]);
  sometimes(false, 3, 274, SHORT, [random.below(10)]);
  sometimes(samples !== 1, 2, 277, SHORT, [samples]);
  sometimes(false, 20, 280, SHORT, each(random.below(10)));
  sometimes(false, 20, 281, SHORT, each(random.below(256)));
  sometimes(planar === 2, 2, 284, SHORT, [planar]);
  sometimes(false, 20, 305, TEXT, [...Buffer.from('text\0')]);
  sometimes(predictor !== 1, 5, 317, SHORT, [predictor]);
  if (photometric === 3) {
    const length = 3 * 2 ** Math.min(bits, 8);
    tags.push([320, SHORT, Array.from({ length }, () => random.below(65536))]);
  }
  const more = samples - SAMPLES[photometric];
  if (more > 0 && !random.oneIn(6)) tags.push([338, SHORT, Array.from({ length: more }, () => random.below(4))]);
  sometimes(format !== 1, 2, 339, SHORT, random.oneIn(5) ? [format] : each(format));
  sometimes(false, 20, 700, BYTE, [...Buffer.from('<x tiff:Orientation="6"/>')]);
  if (tile !== undefined) tags.push([322, any(), [tile.width]], [323, any(), [tile.height]]);
  else sometimes(rows < height, 2, 278, any(), [rows]);
  return tags;
}

/** A TIFF of up to 20 x 20 pixels. */
function makeTiff(random) {
  const layout = layoutOf(random);
  const { height, tile } = layout;
  const rows = random.oneIn(2) ? height : 1 + random.below(height + 2);
  const chunks = chunksOf(layout, rows, random);
  const tags = tagsOf(layout, rows, random);
  const big = random.oneIn(6);
  const numbers = new Numbers(!random.oneIn(3));
  const word = big ? 8 : 4;
  let length = big ? 16 : 8;
  const place = (bytes) => {
    const at = length;
    length += bytes.length;
    return at;
  };
  tags.push([tile === undefined ? 273 : 324, big ? LONG8 : LONG, chunks.map(place)]);
  if (!random.oneIn(30)) tags.push([tile === undefined ? 279 : 325, LONG, chunks.map((chunk) => chunk.length)]);
  tags.sort(([a], [b]) => a - b);
  if (random.oneIn(30)) tags.reverse();

  const body = [...chunks];
  const even = () => {
    if (length % 2 === 1) body.push(Buffer.alloc(place([0]) && 1));
  };
  even();
  const directory = length;
  place({ length: (big ? 8 : 2) + tags.length * (big ? 20 : 12) + word });
  const values = [];
  const entries = tags.map(([tag, type, list]) => {
    const bytes = Buffer.concat(list.map((value) => numbers.of(SIZES[type], value)));
    const here = bytes.length <= word;
    const field = here ? Buffer.concat([bytes, Buffer.alloc(word - bytes.length)]) : numbers.of(word, place(bytes));
    if (!here) values.push(bytes);
    return Buffer.concat([numbers.of(2, tag), numbers.of(2, type), numbers.of(word, list.length), field]);
  });
  const head = [Buffer.from(numbers.littleEndian ? 'II' : 'MM'), numbers.of(2, big ? 43 : 42)];
  if (big) head.push(numbers.of(2, 8), numbers.of(2, 0));
  return Buffer.concat([
    ...head,
    numbers.of(word, directory),
    ...body,
    numbers.of(big ? 8 : 2, tags.length),
    ...entries,
    numbers.of(word, 0),
    ...values,
  ]);
}

module.exports = { makeTiff };
