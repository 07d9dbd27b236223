'use strict';

const fs = require('node:fs');
const path = require('node:path');

const KEPT = path.join(__dirname, '..', 'kept');

/** The inputs by which a target once failed: files, or modules that make one which is too large for a file. */
function keptOf(name) {
  const folder = path.join(KEPT, name);
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder)
    .sort()
    .map((file) => path.join(folder, file))
    .map((file) => (file.endsWith('.js') ? require(file) : fs.readFileSync(file)));
}

module.exports = { keptOf };
