'use strict';

const fs = require('node:fs');
const path = require('node:path');

/** Writes a file whole or not at all. */
function writeWhole(file, text) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  fs.writeFileSync(temporary, text, { flush: true });
  fs.renameSync(temporary, file);
}

module.exports = { writeWhole };
