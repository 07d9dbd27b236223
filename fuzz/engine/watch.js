'use strict';

const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { Worker } = require('node:worker_threads');
const { HEADER, FIELDS, MOST } = require('./shared');

// A process of its own for each target: `node fuzz/engine/watch.js JOB`, of which JOB is JSON. It starts the thread that fuzzes, and watches
// that it neither hangs nor takes too much memory. The last line of its output is what came of it, as JSON.

/** Milliseconds that an input may take: far more than any does, also beside other work. */
const HANG = 20_000;
/** Bytes outside of the JavaScript heap, where files and pixels are. */
const MOST_MEMORY = 1.5e9;
const LOOK = 500;

const job = JSON.parse(process.argv[2]);
const memory = new SharedArrayBuffer(HEADER + MOST);
const fields = new Int32Array(memory, 0, HEADER / 4);
const found = [];
let begun = performance.now();
let beat = 0;

const worker = new Worker(path.join(__dirname, 'loop.js'), {
  workerData: { ...job, memory },
  resourceLimits: { maxOldGenerationSizeMb: 768 },
});

function report(record) {
  process.stdout.write(`${JSON.stringify(record)}\n`);
}

/** Keeps the input that the thread is at, and ends: it can't go on. */
function stuck(why) {
  const bytes = Buffer.from(new Uint8Array(memory, HEADER, Atomics.load(fields, FIELDS.length)));
  const file = path.join(job.findings, `${job.name}-${createHash('sha1').update(bytes).digest('hex').slice(0, 12)}`);
  fs.mkdirSync(job.findings, { recursive: true });
  fs.writeFileSync(`${file}.input`, bytes);
  fs.writeFileSync(`${file}.txt`, `${why}\n`);
  found.push({ why, signature: why, file: `${file}.input` });
  report({ kind: 'done', executions: Atomics.load(fields, FIELDS.beat), findings: 1, ended: why, found });
  // The thread may be in the middle of a call that nothing interrupts.
  process.exit(0);
}

const timer = setInterval(() => {
  const now = Atomics.load(fields, FIELDS.beat);
  if (now !== beat) {
    beat = now;
    begun = performance.now();
  } else if (beat > 0 && performance.now() - begun > HANG) {
    stuck(`it took more than ${HANG / 1000} seconds`);
  }
  if (process.memoryUsage().rss > MOST_MEMORY) stuck(`it took more than ${MOST_MEMORY / 1e9} GB of memory`);
}, LOOK);

worker.on('message', (message) => {
  if (message.kind === 'finding') found.push(message);
  else if (message.kind === 'failed') {
    process.stderr.write(`${message.message}\n`);
    process.exit(1);
  } else {
    clearInterval(timer);
    report({ ...message, found });
    void worker.terminate();
  }
});
worker.on('error', (error) => stuck(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'it ran out of memory' : error.stack));
