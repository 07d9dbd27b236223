'use strict';

const { mendWebp } = require('../checksums');
const { exif, xmp } = require('./metadata');

// WebPs whose chunks are those of whole ones, in another order, left out, twice or with others between, and whose flags are of any kind
// (https://developers.google.com/speed/webp/docs/riff_container).

const HEADER = 12;

function chunksOf(bytes) {
  const chunks = [];
  for (let at = HEADER; at + 8 <= bytes.length;) {
    const length = bytes.readUInt32LE(at + 4);
    chunks.push({
      name: bytes.toString('latin1', at, at + 4),
      content: Buffer.from(bytes.subarray(at + 8, at + 8 + length)),
    });
    at += 8 + length + (length % 2);
  }
  return chunks;
}

function written({ name, content }) {
  const head = Buffer.alloc(8);
  head.write(name, 'latin1');
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content, Buffer.alloc(content.length % 2)]);
}

const flip = (content, random, from, to) => {
  content[from + random.below(to - from)] ^= 1 << random.below(8);
};

const CHANGES = [
  (chunks, random) => {
    const made = [
      { name: 'EXIF', content: exif(random) },
      { name: 'XMP ', content: xmp(random) },
      { name: 'ICCP', content: random.bytes(9) },
      { name: 'ANIM', content: random.bytes(6) },
      { name: 'abcd', content: random.bytes(random.below(9)) },
    ];
    chunks.splice(random.below(chunks.length + 1), 0, random.pick(made));
  },
  (chunks, random) => {
    if (chunks[0]?.name === 'VP8X') flip(chunks[0].content, random, 0, 1);
  },
  (chunks, random) => {
    if (chunks[0]?.name === 'VP8X' && random.oneIn(3)) flip(chunks[0].content, random, 4, 10);
  },
  (chunks, random) => {
    chunks.splice(random.below(chunks.length), 1);
  },
  (chunks, random, others) => {
    if (others.length > 0) chunks.splice(random.below(chunks.length + 1), 0, random.pick(others));
  },
  (chunks, random) => {
    if (chunks.length === 0) return;
    const [i, j] = [random.below(chunks.length), random.below(chunks.length)];
    [chunks[i], chunks[j]] = [chunks[j], chunks[i]];
  },
  (chunks, random) => {
    const frame = chunks.find(({ name }) => name === 'ANMF');
    if (frame !== undefined && frame.content.length >= 16) flip(frame.content, random, 0, 16);
  },
  (chunks, random) => {
    const alpha = chunks.find(({ name }) => name === 'ALPH');
    if (alpha !== undefined && alpha.content.length > 0) alpha.content[0] = random.below(256);
  },
];

/** A WebP of the chunks of one seed, some of another's among them. */
function makeWebp(random, seeds) {
  const chunks = chunksOf(random.pick(seeds));
  const others = chunksOf(random.pick(seeds));
  for (let i = random.below(4); i > 0; i--) random.pick(CHANGES)(chunks, random, others);
  const whole = mendWebp(Buffer.concat([Buffer.from('RIFF\0\0\0\0WEBP'), ...chunks.map(written)]));
  if (random.oneIn(10)) whole.writeUInt32LE(Math.max(0, whole.length - 8 + random.below(9) - 4), 4);
  if (random.oneIn(10)) return Buffer.concat([whole, random.bytes(20)]);
  return random.oneIn(20) ? whole.subarray(0, random.below(whole.length)) : whole;
}

module.exports = { makeWebp };
