'use strict';

/**
 * Puts load on `resnet-ft serve`: `node bench/serve-load.js MODEL IMAGE REQUESTS [--connections 64] [OPTIONS OF SERVE]`, such as
 * `node bench/serve-load.js runs/first photo.jpg 10000 --device cpu`. The server is a process of its own. Prints figures as JSON, and ends with 1
 * where a request was lost, the 99th percentile is above three full batches, or memory grew.
 *
 * The time of a full batch is what clients see of one on an idle server: the longest of as many requests at once as a batch has images. Such bursts
 * take turns with the load, so that a machine that others use too slows down both alike; the median of all of them counts.
 */
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const autocannon = require('autocannon');

/** Parts of the load, and bursts before each. */
const ROUNDS = 10;
const BURSTS = 3;
/** Rounds after which memory is to stay as it is: until then the allocators fill up. */
const WARM_ROUNDS = 2;
/** Growth of memory from then on that still counts as none. */
const FLAT = 1.1;
const SLOWEST = 3;

function valueOf(args, name, fallback) {
  const at = args.indexOf(name);
  return at < 0 ? fallback : args.splice(at, 2)[1];
}

function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)];
}

const median = (values) => percentile(values, 0.5);

/** Starts the server; gives its first record and the process. */
async function start(model, args) {
  const bin = path.join(__dirname, '..', 'bin', 'resnet-ft.js');
  const server = spawn(process.execPath, [bin, 'serve', model, '--port', '0', '--json', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = readline.createInterface({ input: server.stdout });
  const first = await new Promise((resolve, reject) => {
    lines.once('line', resolve);
    server.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  // Read, or the server's output would be kept in its memory.
  lines.on('line', () => {});
  return { server, url: JSON.parse(first).url };
}

/** A figure of `/metrics`. */
async function metric(url, name) {
  const text = await (await fetch(`${url}metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  return Number(line?.split(' ')[1]);
}

/** Sends so many requests, and adds the milliseconds of each that was answered well. */
async function send(url, image, connections, amount) {
  const latencies = [];
  await autocannon({
    url: `${url}predict`,
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: image,
    connections: Math.min(connections, amount),
    amount,
    timeout: 120,
    setupClient: (client) =>
      client.on('response', (status, _bytes, milliseconds) => {
        if (status === 200) latencies.push(milliseconds);
      }),
  });
  return latencies;
}

async function main([model, imageFile, requests, ...rest]) {
  if (requests === undefined) throw new Error('usage: serve-load.js MODEL IMAGE REQUESTS [OPTIONS OF SERVE]');
  const amount = Number(requests);
  const connections = Number(valueOf(rest, '--connections', 64));
  const at = rest.indexOf('--batch-size');
  const batch = at < 0 ? 32 : Number(rest[at + 1]);
  const image = fs.readFileSync(imageFile);
  const { server, url } = await start(model, rest);
  try {
    await send(url, image, connections, 4 * connections);
    const full = [];
    const all = [];
    const memory = [];
    const rounds = [];
    let seconds = 0;
    for (let round = 1; round <= ROUNDS; round++) {
      for (let i = 0; i < BURSTS; i++) full.push(Math.max(...(await send(url, image, batch, batch))));
      const part = Math.floor((amount * round) / ROUNDS) - Math.floor((amount * (round - 1)) / ROUNDS);
      const begun = performance.now();
      const some = await send(url, image, connections, part);
      all.push(...some);
      rounds.push(Number((percentile(some, 0.99) / median(full.slice(-BURSTS))).toFixed(2)));
      seconds += (performance.now() - begun) / 1000;
      memory.push(await metric(url, 'process_resident_memory_bytes'));
    }
    const waiting = await metric(url, 'resnet_ft_queue_images');
    const lost = amount - all.length;
    const fullBatch = median(full);
    const p99 = percentile(all, 0.99);
    const warm = memory[WARM_ROUNDS - 1];
    const end = memory.at(-1);
    const figures = {
      requests: amount,
      connections,
      batch,
      lost,
      perSecond: Number((amount / seconds).toFixed(1)),
      fullBatchMs: Math.round(fullBatch),
      p50Ms: Math.round(percentile(all, 0.5)),
      p99Ms: Math.round(p99),
      maxMs: Math.round(percentile(all, 1)),
      p99InBatches: Number((p99 / fullBatch).toFixed(2)),
      p99InBatchesByRound: rounds,
      memoryMB: memory.map((bytes) => Math.round(bytes / 1e6)),
      waiting,
    };
    process.stdout.write(`${JSON.stringify(figures)}\n`);
    if (lost > 0 || waiting > 0 || p99 > SLOWEST * fullBatch || end > warm * FLAT) process.exitCode = 1;
  } finally {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
  }
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`serve-load: ${error.message}\n`);
  process.exitCode = 1;
});
