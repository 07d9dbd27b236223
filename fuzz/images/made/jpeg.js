'use strict';

const { exif, xmp } = require('./metadata');

// JPEGs whose pixels are those of whole ones, and whose segments are in another order, left out, changed or have others between them
// (ITU-T T.81, T.871; Adobe's Technical Note 5116).

const [SOF0, SOF2, SOS, DQT, DRI, APP0, APP1, APP2, APP14, COMMENT] = [
  0xc0, 0xc2, 0xda, 0xdb, 0xdd, 0xe0, 0xe1, 0xe2, 0xee, 0xfe,
];

/** The segments up to the first scan, and the bytes behind them. */
function parts(bytes) {
  const segments = [];
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1];
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    segments.push({ marker, content: Buffer.from(bytes.subarray(at + 4, end)) });
    at = end;
    if (marker === SOS) break;
  }
  return { segments, scan: bytes.subarray(at) };
}

const written = ({ marker, content }) =>
  Buffer.concat([Buffer.from([0xff, marker, (content.length + 2) >> 8, (content.length + 2) & 255]), content]);

const adobe = (transform) => ({
  marker: APP14,
  content: Buffer.concat([Buffer.from('Adobe\0'), Buffer.from([100, 0, 0, 0, 0, transform])]),
});
const frameOf = (segments) =>
  segments.find(({ marker, content }) => marker >= SOF0 && marker <= SOF2 && content.length > 6);
const without = (segments, unwanted) => segments.filter(({ marker }) => marker !== unwanted);

/** Names of components, which tell libjpeg of colours where no other segment does. */
const NAMES = [
  [82, 71, 66],
  [1, 2, 3],
  [0, 1, 2],
  [1, 34, 35],
  [1, 2, 3, 4],
  [67, 77, 89, 75],
];

const CHANGES = [
  (segments) => without(segments, APP0),
  (segments) => without(segments, APP14),
  (segments, random) => [adobe(random.below(4)), ...without(segments, APP14)],
  (segments, random) => {
    const names = random.pick(NAMES);
    const frame = frameOf(segments)?.content;
    const scan = segments.at(-1).content;
    for (let i = 0; i < names.length; i++) {
      if (frame !== undefined && 6 + 3 * i < frame.length) frame[6 + 3 * i] = names[i];
      if (scan[0] > 1 && i < scan[0] && 1 + 2 * i < scan.length) scan[1 + 2 * i] = names[i];
    }
    return segments;
  },
  // Another subsampling.
  (segments, random) => {
    const frame = frameOf(segments)?.content;
    const at = frame === undefined ? 0 : 7 + 3 * random.below(frame[5]);
    if (at > 0 && at < frame.length) frame[at] = random.pick([0x11, 0x21, 0x22, 0x12, 0x41, 0x14, 0x13, 0x31]);
    return segments;
  },
  // A row or column more or less.
  (segments, random) => {
    const frame = frameOf(segments)?.content;
    if (frame !== undefined) frame[random.pick([2, 4])] += random.below(3) - 1;
    return segments;
  },
  (segments, random) => {
    const tables = segments.filter(({ marker, content }) => marker === DQT && content.length > 64);
    if (tables.length > 0)
      random.pick(tables).content[1 + random.below(64)] = random.pick([0, 1, 255, random.below(256)]);
    return segments;
  },
  (segments, random) => {
    const made = [
      { marker: COMMENT, content: random.bytes(random.below(9)) },
      { marker: DRI, content: Buffer.from([0, random.below(6)]) },
      {
        marker: APP0,
        content: Buffer.from([...Buffer.from('JFIF\0'), 1, random.below(4), random.below(3), 0, 72, 0, 72, 0, 0]),
      },
      { marker: APP1, content: Buffer.concat([Buffer.from('Exif\0\0'), exif(random)]) },
      { marker: APP1, content: Buffer.concat([Buffer.from('http://ns.adobe.com/xap/1.0/\0'), xmp(random)]) },
      { marker: APP2, content: Buffer.concat([Buffer.from('ICC_PROFILE\0\x01\x01'), random.bytes(20)]) },
      { marker: APP2, content: Buffer.concat([Buffer.from('MPF\0'), random.bytes(30)]) },
      adobe(random.below(3)),
    ];
    segments.splice(random.below(segments.length), 0, random.pick(made));
    return segments;
  },
];

/** A JPEG of the pixels of one seed. */
function makeJpeg(random, seeds) {
  let { segments, scan } = parts(random.pick(seeds));
  if (segments.length === 0) return random.pick(seeds);
  for (let i = random.below(4); i > 0; i--) segments = random.pick(CHANGES)(segments, random);
  if (random.oneIn(10)) scan = Buffer.concat([scan, random.bytes(30)]);
  if (random.oneIn(20)) scan = scan.subarray(0, random.below(scan.length));
  return Buffer.concat([Buffer.from([0xff, 0xd8]), ...segments.map(written), scan]);
}

module.exports = { makeJpeg };
