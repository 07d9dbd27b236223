/** Decodes one image of argv and prints the longest delay of the event loop, the threads that were started and the peak of memory. */
'use strict';

const { monitorEventLoopDelay } = require('node:perf_hooks');
const threads = require('node:worker_threads');
const { setTimeout: wait } = require('node:timers/promises');

let started = 0;
threads.Worker = class extends threads.Worker {
  constructor(...args) {
    super(...args);
    started++;
  }
};

const { decodeImage } = require('../../dist/data/decode.js');

async function main(files) {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  await wait(50);
  delay.reset();
  const began = performance.now();
  const results = await Promise.allSettled(files.map((file) => decodeImage(file)));
  const ms = performance.now() - began;
  await wait(50); // for the delay that the last step made to be noticed
  const sizes = results.map(({ value, reason }) => (value ? `${value.width} x ${value.height}` : reason.message));
  const peakMb = process.resourceUsage().maxRSS / 1024;
  process.stdout.write(JSON.stringify({ sizes, ms, delayMs: delay.max / 1e6, started, peakMb }));
}

void main(process.argv.slice(2));
