'use strict';

const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const { createInstrumenter } = require('istanbul-lib-instrument');

const DIST = path.resolve(__dirname, '..', '..', 'dist');
const VARIABLE = '__fuzz_coverage__';

/** What a count comes to: 1, 2, 3, 4 to 7, 8 to 15, 16 to 31, 32 to 127, more. A loop that ran once more is only new now and then. */
const BUCKETS = Uint8Array.from({ length: 256 }, (_, count) => {
  if (count === 0) return 0;
  const steps = [1, 2, 3, 7, 15, 31, 127, 255];
  return 1 << steps.findIndex((most) => count <= most);
});

/**
 * Counts how often each statement and branch of some files of dist runs: they are instrumented as they are loaded, and their counters lie
 * in one array of bytes, which wrap around.
 */
class Coverage {
  /** @param covers files and folders of dist, without `.js`; to be called before any of them is loaded */
  constructor(covers) {
    this.files = [];
    this.counters = new Uint8Array(0);
    this.seen = new Uint8Array(0);
    const instrumenter = createInstrumenter({ coverageVariable: VARIABLE, compact: false, produceSourceMap: false });
    const plain = Module._extensions['.js'];
    Module._extensions['.js'] = (module, file) => {
      const name = path.relative(DIST, file).replaceAll(path.sep, '/').replace(/\.js$/, '');
      if (!covers.some((one) => name === one || name.startsWith(`${one}/`))) return plain(module, file);
      this.files.push(file);
      return module._compile(instrumenter.instrumentSync(fs.readFileSync(file, 'utf8'), file), file);
    };
  }

  /** Brings the counters of all files that are loaded into the one array. */
  collect() {
    const all = Object.values(globalThis[VARIABLE] ?? {});
    const sizes = all.flatMap(({ s, f, b }) => [s, f, ...Object.values(b)].map((one) => Object.keys(one).length));
    this.counters = new Uint8Array(sizes.reduce((a, b) => a + b, 0));
    this.seen = new Uint8Array(this.counters.length);
    let at = 0;
    const part = (length) => this.counters.subarray(at, (at += length));
    for (const file of all) {
      file.s = part(Object.keys(file.s).length);
      file.f = part(Object.keys(file.f).length);
      for (const key of Object.keys(file.b)) file.b[key] = part(file.b[key].length);
    }
  }

  reset() {
    this.counters.fill(0);
  }

  /** Whether anything ran that never ran so often before; from then on it is known. */
  isNew() {
    const { counters, seen } = this;
    let found = false;
    for (let i = 0; i < counters.length; i++) {
      const count = counters[i];
      if (count === 0) continue;
      const bucket = BUCKETS[count];
      if ((seen[i] & bucket) !== 0) continue;
      seen[i] |= bucket;
      found = true;
    }
    return found;
  }

  /** Share of all statements, functions and branches that ran. */
  get share() {
    return this.seen.length === 0 ? 0 : this.seen.filter((one) => one !== 0).length / this.seen.length;
  }

  /** Texts that the instrumented files know, to be put into inputs. */
  tokens() {
    const texts = this.files.flatMap((file) => [...fs.readFileSync(file, 'utf8').matchAll(/'([^'\\\n]{2,24})'/g)]);
    return [...new Set(texts.map(([, text]) => text))]
      .filter((text) => !text.startsWith('.'))
      .map((text) => Buffer.from(text));
  }
}

module.exports = { Coverage };
