'use strict';

const { formatOf } = require('../../dist/check/format');
const { insteadOf } = require('../../dist/data/no-image');
const { extensionOf, pixelsOf } = require('../../dist/data/image-kind');
const { Finding } = require('../engine/property');

module.exports = {
  stretch: true,
  dictionary: [
    '<svg',
    '<?xml',
    '<!--',
    '-->',
    '<!doctype html',
    'ftyphei',
    'ftypavi',
    '%PDF',
    'GIF89a',
    'RIFF',
    'WEBP',
  ],
  seeds: () =>
    [
      '<?xml version="1.0"?><!-- a --><svg>',
      '<!doctype html>',
      '\0\0\0\x18ftypheic',
      'P6 1 1 255 abc',
      'RIFF\x04\0\0\0WEBP',
    ].map((text) => Buffer.from(text, 'latin1')),
  async read(bytes) {
    const format = formatOf(bytes);
    insteadOf(bytes);
    if ((extensionOf(bytes) === undefined) !== (format === undefined))
      throw new Finding('a format without an extension, or the other way round');
    const pixels = await pixelsOf(bytes);
    if (pixels !== undefined && !(pixels > 0)) throw new Finding(`${pixels} pixels`);
  },
};
