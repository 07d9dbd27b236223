'use strict';

const { deflateSync } = require('node:zlib');
const { mendPng } = require('../checksums');
const { exif, xmp } = require('./metadata');

// PNGs that mutations don't come to: what is compressed and has a checksum stays whole, and what stands around it is of any kind, in any order
// (PNG specification, 3rd edition; https://www.w3.org/TR/png-3/).

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
const DEPTHS = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] };
const CHANNELS = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
/** The first column and row of each pass of Adam7, and the steps between. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

const u16 = (...numbers) => Buffer.concat(numbers.map((number) => Buffer.from([number >> 8, number & 255])));

function u32(...numbers) {
  const bytes = Buffer.alloc(4 * numbers.length);
  for (const [i, number] of numbers.entries()) bytes.writeUInt32BE(number, 4 * i);
  return bytes;
}

/** A chunk whose checksum {@link mendPng} writes. */
const chunk = (name, content) => Buffer.concat([u32(content.length), Buffer.from(name), content, u32(0)]);

function pixels(random, { width, height, bitsOfPixel, interlaced }) {
  const passes = interlaced ? PASSES : [[0, 0, 1, 1]];
  const rows = passes.flatMap(([left, top, across, down]) => {
    const columns = Math.ceil((width - left) / across);
    if (columns <= 0) return [];
    return Array.from({ length: Math.max(0, Math.ceil((height - top) / down)) }, () =>
      Buffer.from([
        random.oneIn(100) ? 5 + random.below(250) : random.below(5),
        ...random.bytes(Math.ceil((columns * bitsOfPixel) / 8)),
      ]),
    );
  });
  let raw = Buffer.concat(rows);
  if (random.oneIn(10)) raw = Buffer.concat([raw, random.bytes(50)]);
  if (random.oneIn(20)) raw = raw.subarray(0, random.below(raw.length));
  let packed = deflateSync(raw, {
    level: random.pick([0, 1, 9]),
    windowBits: 9 + random.below(7),
    strategy: random.below(5),
  });
  if (random.oneIn(10)) packed = Buffer.concat([packed, random.bytes(9)]);
  if (random.oneIn(20)) packed = packed.subarray(0, packed.length - random.below(6));
  if (random.oneIn(20)) packed[packed.length - 1] ^= 1;
  return packed;
}

function palette(random, bits) {
  if (random.oneIn(20)) return chunk('PLTE', random.bytes(random.below(800)));
  return chunk('PLTE', random.bytes(3 * (random.oneIn(2) ? 2 ** Math.min(bits, 8) : 1 + random.below(256))));
}

function transparency(random, { colour, bits }) {
  if (random.oneIn(6)) return chunk('tRNS', random.bytes(random.below(300)));
  const sample = () => random.below(2 ** bits);
  if (colour === 0) return chunk('tRNS', u16(sample()));
  if (colour === 2) return chunk('tRNS', u16(sample(), sample(), sample()));
  return chunk('tRNS', random.bytes(1 + random.below(2 ** Math.min(bits, 8))));
}

/** A text that may say how the image is turned, in one of the three ways, whole or damaged. */
function text(random) {
  const profile = random.oneIn(2);
  const keyword = random.oneIn(10) ? 'Comment' : profile ? 'Raw profile type exif' : 'XML:com.adobe.xmp';
  const hex = random.oneIn(2)
    ? exif(random).toString('hex')
    : `${Buffer.from('Exif\0\0').toString('hex')}${exif(random).toString('hex')}`;
  let content = profile ? Buffer.from(`\nexif\n      26\n${hex}\n`) : xmp(random);
  if (random.oneIn(8)) content = Buffer.concat([Buffer.from([0xff]), content]);
  if (random.oneIn(8)) content = Buffer.alloc(0);
  const name = random.pick(['tEXt', 'zTXt', 'iTXt']);
  const packs = name === 'zTXt' || (name === 'iTXt' && random.oneIn(2));
  let packed = packs ? deflateSync(content) : content;
  if (packs && random.oneIn(5)) packed = packed.subarray(0, random.below(packed.length));
  if (packs && random.oneIn(5)) packed = random.bytes(9);
  const odd = () => (random.oneIn(8) ? random.below(256) : 0);
  const between = {
    tEXt: [],
    zTXt: [odd()],
    iTXt: [packs ? 1 + odd() : odd(), odd(), ...(random.oneIn(8) ? [0xff] : []), 0, 0],
  }[name];
  return chunk(name, Buffer.concat([Buffer.from(`${keyword}\0`), Buffer.from(between), packed]));
}

/** Chunks that may stand anywhere, or at least do. */
function other(random, header) {
  const { width, height, bits, colour } = header;
  return random.pick([
    () => chunk('gAMA', u32(random.pick([45455, 100000, 220000, 0, 2 ** 32 - 1]))),
    () => chunk('sRGB', random.bytes(1)),
    () => chunk('cHRM', random.bytes(32)),
    () => chunk('sBIT', Buffer.alloc(CHANNELS[colour], 1 + random.below(bits))),
    () => chunk('bKGD', random.bytes(random.pick([1, 2, 6]))),
    () => chunk('hIST', random.bytes(2 * 2 ** Math.min(8, bits))),
    () => chunk('pHYs', random.bytes(9)),
    () => chunk('tIME', random.bytes(7)),
    () => chunk('cICP', random.bytes(4)),
    () => chunk('iCCP', Buffer.concat([Buffer.from('p\0\0'), deflateSync(random.bytes(100))])),
    () => chunk('acTL', u32(random.below(3), 0)),
    () => chunk('fcTL', Buffer.concat([u32(random.below(2), width, height, 0, 0), u16(1, 1), Buffer.from([0, 0])])),
    () => chunk('eXIf', exif(random)),
    () => chunk('tEXt', Buffer.concat([Buffer.from('exif\0'), exif(random)])),
    () => text(random),
    () => text(random),
    () => transparency(random, header),
    () => palette(random, bits),
  ])();
}

/** A PNG of up to 12 x 12 pixels, most of which are whole. */
function makePng(random) {
  const colour = random.pick([0, 2, 3, 4, 6]);
  const bits = random.pick(DEPTHS[colour]);
  const [width, height] = [1 + random.below(12), 1 + random.below(12)];
  const interlaced = random.oneIn(3);
  const header = { width, height, bits, colour };
  const chunks = [];
  if (colour === 3 ? !random.oneIn(30) : random.oneIn(20)) chunks.push(palette(random, bits));
  if (random.oneIn(3)) chunks.push(transparency(random, header));
  for (let i = random.below(5); i > 0; i--) {
    chunks.splice(random.oneIn(2) ? 0 : random.below(chunks.length + 1), 0, other(random, header));
  }
  let rest = pixels(random, { width, height, bitsOfPixel: bits * CHANNELS[colour], interlaced });
  while (rest.length > 0 && random.oneIn(2)) {
    const length = random.below(rest.length + 1);
    chunks.push(chunk('IDAT', rest.subarray(0, length)));
    if (random.oneIn(20)) chunks.push(other(random, header));
    rest = rest.subarray(length);
  }
  chunks.push(chunk('IDAT', rest));
  for (let i = random.oneIn(3) ? random.below(4) : 0; i > 0; i--) chunks.push(other(random, header));
  if (!random.oneIn(20)) chunks.push(chunk('IEND', Buffer.alloc(0)));
  if (random.oneIn(20)) chunks.push(random.bytes(20));
  const first = Buffer.concat([u32(width, height), Buffer.from([bits, colour, 0, 0, interlaced ? 1 : 0])]);
  return mendPng(Buffer.concat([SIGNATURE, chunk('IHDR', first), ...chunks]));
}

module.exports = { makePng };
