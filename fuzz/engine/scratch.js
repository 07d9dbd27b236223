'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/** A folder of a target's own, in memory where the system has such a file system: each input becomes a file. */
class Scratch {
  constructor() {
    const base = fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir();
    this.folder = fs.mkdtempSync(path.join(base, 'resnet-ft-fuzz-'));
    // Also where the thread is ended in the middle of an input.
    process.once('exit', () => this.remove());
  }

  /** Writes a file, and returns its path. */
  file(name, bytes) {
    const file = path.join(this.folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, bytes);
    return file;
  }

  remove() {
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

module.exports = { Scratch };
