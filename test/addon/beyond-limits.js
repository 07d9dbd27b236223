// Asks the addon for more memory and more threads than the system gives, and prints what came of each call.
'use strict';

const { execFileSync } = require('node:child_process');
const { readFileSync } = require('node:fs');
const path = require('node:path');
const { dist, sessionOf } = require('./small-session.js');
const { loadAddon } = require(path.join(dist, 'backend', 'native', 'load.js'));

/** Enough for Node.js, and less than a thread's stack: the test starts this program with stacks of 1 GiB. */
const ROOM = 2 ** 29;
const SESSION = sessionOf(1);

// Without pipes, for which Node.js itself needs memory.
const limit = (bytes) => execFileSync('prlimit', ['--pid', String(process.pid), `--as=${bytes}:`], { stdio: 'ignore' });

/**
 * Asks for this many passes before one of them can be done, so that idle threads don't do for all, and throws the first error.
 */
async function atOnce(count, pass) {
  const ends = await Promise.allSettled(Array.from({ length: count }, pass));
  const failed = ends.find(({ status }) => status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

async function main() {
  const addon = loadAddon();
  const session = await addon.createSession(SESSION);
  const store = addon.createCropStore(64, 32);
  const many = new Int32Array(2e8);
  const weights = { name: 'fc.weight', dtype: 'F32', shape: [2e8], data: new Uint8Array(8e8) };
  const image = { width: 20000, height: 14000, data: new Uint8Array(84e7) };
  const { VmSize } = /VmSize:\s+(?<VmSize>\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8')).groups;
  limit(Number(VmSize) * 1024 + ROOM);

  const calls = {
    crops: () => addon.createCropStore(1e5, 224),
    draws: () => session.draws(1, 1e8),
    targets: () => session.evaluate({ store, targets: many, batchSize: 1 }, () => {}),
    weights: () => session.loadStateDict([weights]),
    image: () => addon.resizeCrop(image, { resize: 0, crop: 0 }),
    threads: () => atOnce(8, () => session.evaluate({ store, targets: new Int32Array(64), batchSize: 64 }, () => {})),
  };
  const results = {};
  for (const [name, call] of Object.entries(calls)) {
    try {
      await call();
      results[name] = { code: 'no error' };
    } catch ({ code, message }) {
      results[name] = { code, message };
    }
  }
  limit('unlimited');
  // It goes on as if nothing had happened.
  results.after = {
    images: (await session.evaluate({ store, targets: new Int32Array(1), batchSize: 1 }, () => {})).images,
  };
  await session.close();
  process.stdout.write(JSON.stringify(results));
}

void main();
