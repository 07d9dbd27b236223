'use strict';

const { spawn, spawnSync } = require('node:child_process');
const path = require('node:path');

const ROOT = path.resolve(__dirname, '..', '..');
const OWN = path.join(ROOT, '.venv-tools', process.platform === 'win32' ? 'Scripts' : 'bin', 'python');

/** The Python that has Pillow: that of .venv-tools, or of the PATH. */
function findPython() {
  return [OWN, 'python3', 'python'].find(
    (python) => spawnSync(python, ['-c', 'import PIL.Image'], { stdio: 'ignore' }).status === 0,
  );
}

/** Why images can't be compared with Pillow; undefined where they can. */
function whyNotPillow() {
  return findPython() === undefined ? 'no Python has Pillow (pip install -r scripts/requirements-dev.txt)' : undefined;
}

/** Pillow in a process of its own, which is asked for one image after another. */
class Pillow {
  constructor() {
    this.start();
  }

  start() {
    this.child = spawn(findPython(), ['-W', 'ignore', path.join(__dirname, 'oracle.py')], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.chunks = [];
    this.length = 0;
    this.waiting = undefined;
    this.ended = false;
    this.child.stdout.on('data', (chunk) => {
      this.chunks.push(chunk);
      this.length += chunk.length;
      this.waiting?.();
    });
    this.child.on('close', () => {
      this.ended = true;
      this.waiting?.();
    });
    this.child.stdin.on('error', () => {});
  }

  async take(length) {
    while (this.length < length && !this.ended) await new Promise((resolve) => (this.waiting = resolve));
    if (this.length < length) return undefined;
    const all = Buffer.concat(this.chunks);
    this.chunks = [all.subarray(length)];
    this.length -= length;
    return all.subarray(0, length);
  }

  /**
   * What Pillow makes of an image.
   *
   * @returns width, height, RGB pixels, which are left out where the image is large, and its orientation, 0 where that is not known; or the reason why it refuses it; undefined where
   *   Pillow itself crashed
   */
  async open(bytes) {
    const head = Buffer.alloc(4);
    head.writeUInt32LE(bytes.length);
    this.child.stdin.write(Buffer.concat([head, bytes]));
    const answer = await this.take(16);
    if (answer === undefined) {
      this.start();
      return undefined;
    }
    const [width, height, length, orientation] = [0, 4, 8, 12].map((at) => answer.readUInt32LE(at));
    const content = length === 0 ? Buffer.alloc(0) : await this.take(length);
    if (width === 0) return { reason: content.toString() };
    return { width, height, orientation, data: length === 0 ? undefined : content };
  }

  close() {
    this.child.stdin.end();
    this.child.kill();
  }
}

module.exports = { Pillow, findPython, whyNotPillow };
