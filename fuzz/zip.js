'use strict';

const zlib = require('node:zlib');

/**
 * A zip to begin with (PKWARE's APPNOTE, 4.3).
 *
 * @param entries name, data, and whether it is deflated
 */
function zip(entries) {
  const parts = [];
  const directory = [];
  let at = 0;
  for (const { name, data = Buffer.alloc(0), deflate = false } of entries) {
    const packed = deflate ? zlib.deflateRawSync(data) : data;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(deflate ? 8 : 0, 4);
    common.writeUInt32LE(zlib.crc32(data), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(at, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\0\0', 'latin1'), common, tail, Buffer.from(name)]));
    parts.push(local);
    at += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, central, end]);
}

/** Writes the checksums of stored entries anew, where they can be found: a reader would go no further than to the first wrong one. */
function mendZip(input) {
  const bytes = Buffer.from(input);
  for (
    let at = bytes.indexOf('PK\x01\x02');
    at >= 0 && at + 46 <= bytes.length;
    at = bytes.indexOf('PK\x01\x02', at + 4)
  ) {
    const size = bytes.readUInt32LE(at + 20);
    const local = bytes.readUInt32LE(at + 42);
    if (local + 30 > bytes.length) continue;
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    if (start + size <= bytes.length) bytes.writeUInt32LE(zlib.crc32(bytes.subarray(start, start + size)), at + 16);
  }
  return bytes;
}

module.exports = { zip, mendZip };
