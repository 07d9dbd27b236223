'use strict';

const { crc32 } = require('node:zlib');

/** Writes the checksums of a PNG's chunks anew: most readers go no further than to the first wrong one. */
function mendPng(input) {
  const bytes = Buffer.from(input);
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = bytes.readUInt32BE(at);
    const end = at + 8 + length;
    if (end + 4 > bytes.length) break;
    bytes.writeUInt32BE(crc32(bytes.subarray(at + 4, end)), end);
    at = end + 4;
  }
  return bytes;
}

/** Writes the length of a WebP anew. */
function mendWebp(input) {
  const bytes = Buffer.from(input);
  if (bytes.length >= 12) bytes.writeUInt32LE(bytes.length - 8, 4);
  return bytes;
}

module.exports = { mendPng, mendWebp };
