'use strict';

const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { parentPort, workerData } = require('node:worker_threads');
const { Coverage } = require('./coverage');
const { mutate } = require('./mutate');
const { keptOf } = require('./kept');
const { attempt, signature } = require('./property');
const { Random } = require('./random');
const { HEADER, FIELDS } = require('./shared');

// The thread that gives inputs to one target. What it is at lies in memory that it shares with the thread that watches it (watch.js), so
// that the input by which it hangs or runs out of memory is known.

/** Findings of one kind after which no more of it are kept. */
const KEPT_OF_A_KIND = 3;
/** Runs by which a finding is made smaller, and milliseconds. */
const SHRINKING = 400;
const SHRINKING_TIME = 3000;
/** Milliseconds without a pause for the event loop. */
const STRETCH = 200;

const { name, seed, milliseconds, executions, corpus, findings, memory } = workerData;
const fields = new Int32Array(memory, 0, HEADER / 4);
const current = new Uint8Array(memory, HEADER);

/** Where the input is that is given to libraries of C, by which the process may end. */
let currentFile;

function announce(bytes) {
  if (currentFile !== undefined) fs.writeFileSync(currentFile, bytes);
  current.set(bytes.subarray(0, current.length));
  Atomics.store(fields, FIELDS.length, Math.min(bytes.length, current.length));
  Atomics.add(fields, FIELDS.beat, 1);
}

class Fuzzer {
  constructor(target, coverage) {
    this.target = target;
    this.coverage = coverage;
    this.random = new Random(seed);
    this.entries = [];
    this.kinds = new Map();
    this.counts = { executions: 0, read: 0, refused: 0, findings: 0 };
    this.slowest = 0;
    /** When an input last came to something new. */
    this.newAt = performance.now();
  }

  /** @returns whether it ran what never ran before */
  async run(bytes, { keep = true } = {}) {
    announce(bytes);
    this.coverage.reset();
    const begun = performance.now();
    const outcome = attempt(this.target, bytes);
    const settled = typeof outcome.then === 'function' ? await outcome : outcome;
    this.slowest = Math.max(this.slowest, performance.now() - begun);
    this.counts.executions++;
    if (settled.kind !== 'finding') this.counts[settled.kind]++;
    if (settled.kind === 'finding' && keep) await this.found(bytes, settled);
    return { isNew: this.coverage.isNew(), outcome: settled };
  }

  async found(bytes, outcome) {
    this.counts.findings++;
    const kind = signature(outcome);
    const times = (this.kinds.get(kind) ?? 0) + 1;
    this.kinds.set(kind, times);
    if (times > KEPT_OF_A_KIND) return;
    const small = times === 1 ? await this.shrink(bytes, kind) : bytes;
    const hash = createHash('sha1').update(small).digest('hex').slice(0, 12);
    const file = path.join(findings, `${name}-${hash}`);
    fs.mkdirSync(findings, { recursive: true });
    fs.writeFileSync(`${file}.input`, small);
    fs.writeFileSync(
      `${file}.txt`,
      `${outcome.why}\n\n${outcome.error?.stack ?? ''}\n\ncause: ${outcome.error?.cause?.stack ?? 'none'}\n`,
    );
    parentPort.postMessage({ kind: 'finding', why: outcome.why, signature: kind, file: `${file}.input` });
  }

  /** A shorter input with the same finding: parts of it are left out as long as that goes. */
  async shrink(bytes, kind) {
    let best = bytes;
    let tries = 0;
    const until = performance.now() + SHRINKING_TIME;
    const goesOn = () => tries < SHRINKING && performance.now() < until;
    for (let size = best.length >> 1; size > 0 && goesOn(); size >>= 1) {
      for (let at = 0; at < best.length && goesOn(); tries++) {
        const shorter = Buffer.concat([best.subarray(0, at), best.subarray(at + size)]);
        const { outcome } = await this.run(shorter, { keep: false });
        if (outcome.kind === 'finding' && signature(outcome) === kind) best = shorter;
        else at += size;
      }
    }
    return best;
  }

  keep(bytes) {
    this.newAt = performance.now();
    this.entries.push(bytes);
    const hash = createHash('sha1').update(bytes).digest('hex').slice(0, 16);
    fs.writeFileSync(path.join(corpus, hash), bytes);
  }

  next(dictionary) {
    const { entries, random, target } = this;
    // Half of the time one of the latest, which came to where little was tried yet.
    const recent = random.oneIn(2) ? Math.min(16, entries.length) : entries.length;
    const { limit = 4096, json = false, stretch = false, gentle = false } = target;
    if (target.make !== undefined && random.oneIn(4)) return target.make(random, this.seeds);
    // What is near a whole input is seldom the latest that was new.
    const entry =
      gentle && random.oneIn(2) ? random.pick(this.seeds) : entries[entries.length - 1 - random.below(recent)];
    const mutated = mutate(entry, random, { dictionary, other: random.pick(entries), limit, json, stretch, gentle });
    return target.fix !== undefined && !random.oneIn(3) ? target.fix(mutated) : mutated;
  }

  async all(until) {
    this.seeds = await this.target.seeds();
    const before = fs.readdirSync(corpus).map((file) => fs.readFileSync(path.join(corpus, file)));
    for (const bytes of [...this.seeds, ...keptOf(name), ...before]) {
      const { isNew } = await this.run(bytes);
      if (isNew || this.entries.length === 0) this.entries.push(bytes);
    }
    const dictionary = [
      ...this.coverage.tokens(),
      ...(this.target.dictionary ?? []).map((text) => Buffer.from(text, 'latin1')),
    ];
    let pause = performance.now() + STRETCH;
    for (let now = performance.now(); now < until && this.counts.executions < executions; now = performance.now()) {
      const bytes = this.next(dictionary);
      if ((await this.run(bytes)).isNew) this.keep(bytes);
      if (now < pause) continue;
      await new Promise(setImmediate);
      pause = performance.now() + STRETCH;
    }
  }
}

async function main() {
  fs.mkdirSync(corpus, { recursive: true });
  const { TARGETS } = require('../targets');
  const entry = TARGETS.find((one) => one.name === name);
  if (entry.needs === 'pillow') currentFile = `${corpus}.current`;
  const coverage = new Coverage(entry.covers);
  const target = entry.load();
  await target.open?.();
  coverage.collect();
  const fuzzer = new Fuzzer(target, coverage);
  const begun = performance.now();
  await fuzzer.all(begun + milliseconds);
  const now = performance.now();
  const seconds = (now - begun) / 1000;
  const quiet = (now - fuzzer.newAt) / 1000;
  await target.close?.();
  const { counts, entries, slowest } = fuzzer;
  const counters = { corpus: entries.length, covered: coverage.share, slowest, quiet };
  parentPort.postMessage({ kind: 'done', seconds, ...counts, ...counters, comparisons: target.comparisons?.() });
}

main().catch((error) => {
  parentPort.postMessage({ kind: 'failed', message: error.stack });
});
