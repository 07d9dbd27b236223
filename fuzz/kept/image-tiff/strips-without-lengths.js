'use strict';

// A row of one pixel in each strip, packed into two bytes, and no lengths of the strips: where each ends took the square of the time.
const ROWS = 64_000;
const STRIPS = 8;
const OFFSETS = STRIPS + 2 * ROWS;
const DIRECTORY = OFFSETS + 4 * ROWS;
const SHORT = 3;
const LONG = 4;
const ENTRIES = [
  [256, SHORT, 1, 1], // width
  [257, LONG, 1, ROWS], // height
  [258, SHORT, 1, 8], // bits
  [259, SHORT, 1, 32773], // PackBits
  [262, SHORT, 1, 1], // 0 is black
  [273, LONG, ROWS, OFFSETS],
  [277, SHORT, 1, 1], // samples
  [278, SHORT, 1, 1], // rows of a strip
];

const bytes = Buffer.alloc(DIRECTORY + 2 + 12 * ENTRIES.length + 4);
bytes.write('II*\0', 'latin1');
bytes.writeUInt32LE(DIRECTORY, 4);
for (let row = 0; row < ROWS; row++) {
  bytes[STRIPS + 2 * row + 1] = row % 251; // after a 0: one byte as it is
  bytes.writeUInt32LE(STRIPS + 2 * row, OFFSETS + 4 * row);
}
bytes.writeUInt16LE(ENTRIES.length, DIRECTORY);
for (const [i, [tag, type, count, value]] of ENTRIES.entries()) {
  const at = DIRECTORY + 2 + 12 * i;
  bytes.writeUInt16LE(tag, at);
  bytes.writeUInt16LE(type, at + 2);
  bytes.writeUInt32LE(count, at + 4);
  bytes.writeUInt32LE(value, at + 8);
}

module.exports = bytes;
