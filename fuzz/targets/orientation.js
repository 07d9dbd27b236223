'use strict';

const { crc32 } = require('node:zlib');
const { orientationOf } = require('../../dist/data/decoders/orientation');
const { Finding } = require('../engine/property');

const EXIF = Buffer.from('4d4d002a00000008000101120003000000010006000000000000', 'hex');
const XMP = Buffer.from('http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation="6"/>', 'latin1');

function jpeg(content) {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(content.length + 2);
  return Buffer.concat([Buffer.from('ffd8ffe1', 'hex'), length, content, Buffer.from('ffd9', 'hex')]);
}

function chunk(name, content) {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(content.length);
  const body = Buffer.concat([Buffer.from(name), content]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([head, body, sum]);
}

const png = (...chunks) => Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...chunks]);

function webp(name, content) {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(content.length);
  return Buffer.concat([Buffer.from('RIFF\0\0\0\0WEBP'), Buffer.from(name), size, content]);
}

module.exports = {
  dictionary: [
    'Exif\0\0',
    'tiff:Orientation="',
    'tiff:Orientation>',
    'eXIf',
    'iTXt',
    'XML:com.adobe.xmp\0',
    '\xff\xe1',
    '\x01\x12\0\x03',
    'II*\0',
    'MM\0*',
  ],
  seeds: () => [
    jpeg(Buffer.concat([Buffer.from('Exif\0\0'), EXIF])),
    jpeg(XMP),
    png(chunk('eXIf', EXIF)),
    png(chunk('iTXt', Buffer.from('XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation="3"/>'))),
    webp('EXIF', EXIF),
    webp('XMP ', XMP.subarray(29)),
  ],
  read(bytes) {
    const found = orientationOf(bytes);
    if (!(Number.isInteger(found) && found >= 1 && found <= 8)) throw new Finding(`an orientation of ${found}`);
  },
};
