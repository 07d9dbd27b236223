'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { unzip } = require('../../dist/download/unzip');
const { Finding } = require('../engine/property');
const { Scratch } = require('../engine/scratch');
const { mendZip, zip } = require('../zip');

const LIMITS = { maxEntries: 50, maxBytes: 65536 };

let scratch;

module.exports = {
  codes: ['DATA_INVALID'],
  dictionary: [
    '../',
    '/etc/',
    'C:\\',
    '..\\',
    '\0',
    'PK\x01\x02',
    'PK\x03\x04',
    'PK\x05\x06',
    'PK\x06\x06',
    'PK\x06\x07',
  ],
  open: () => void (scratch = new Scratch()),
  close: () => scratch.remove(),
  seeds: () => [
    zip([
      { name: 'a/' },
      { name: 'a/b.txt', data: Buffer.from('b'.repeat(99)), deflate: true },
      { name: 'c', data: Buffer.from('c') },
    ]),
    zip([{ name: 'x/../y', data: Buffer.from('y') }]),
    zip([]),
  ],
  fix: mendZip,
  async read(bytes) {
    const archive = scratch.file('archive.zip', bytes);
    const into = path.join(scratch.folder, 'into');
    fs.rmSync(into, { recursive: true, force: true });
    fs.mkdirSync(into);
    const error = await unzip(archive, into, LIMITS).catch((cause) => cause);
    const beside = fs.readdirSync(scratch.folder).filter((name) => name !== 'into' && name !== 'archive.zip');
    if (beside.length > 0) throw new Finding(`an entry left the folder: ${beside.join()}`);
    // Names that the file system has no room for are its own errors.
    if (error !== undefined && !['ENAMETOOLONG', 'EISDIR', 'ENOTDIR'].includes(error.code)) throw error;
    const files = fs.readdirSync(into, { recursive: true, withFileTypes: true });
    if (files.some((file) => !file.isFile() && !file.isDirectory()))
      throw new Finding('an entry became neither a file nor a folder');
  },
};
