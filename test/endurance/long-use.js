// Uses the built package in one process so many times, and prints what it has of memory, threads and descriptors meanwhile:
// [HEAP_FILE=FILE LD_PRELOAD=heap.so] node --expose-gc long-use.js predictions|requests|loads|trainings TIMES MODEL DATA
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { setTimeout } = require('node:timers/promises');

const resnetFt = require(path.join(__dirname, '..', '..'));

const SAMPLES = 20;
/** Requests at the same time. */
const CONNECTIONS = 8;
const MACHINE = { device: 'cpu', threads: 1 };
/** Until threads that wait for more work have ended. */
const REST = 8000;
const SETTLING = 100;

const megabytes = (bytes) => Number((bytes / 2 ** 20).toFixed(3));

/** Megabytes that are this process's own, once what is free is free; and of them those that are in use by JavaScript and, with heap.c, of malloc. */
async function memory() {
  // What a collection finds, such as the content of images, is freed a little later.
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    await setTimeout(SETTLING);
  }
  const [, kilobytes] = /^Anonymous:\s+(\d+) kB$/m.exec(fs.readFileSync('/proc/self/smaps_rollup', 'utf8'));
  const { HEAP_FILE } = process.env;
  if (HEAP_FILE !== undefined) os.getPriority();
  const allocated = HEAP_FILE === undefined ? 0 : Number(fs.readFileSync(HEAP_FILE, 'utf8'));
  return {
    resident: megabytes(Number(kilobytes) * 1024),
    used: megabytes(process.memoryUsage().heapUsed + allocated),
  };
}

const threads = () => fs.readdirSync('/proc/self/task').length;
/** What is open, without the folder that is read to see it. */
const descriptors = () => fs.readdirSync('/proc/self/fd').length - 1;

/** @returns {Promise<{ once: () => Promise<unknown>, times?: number, end?: () => Promise<unknown> }>} what is done again and again, so many times at once */
const KINDS = {
  async predictions({ model, images }) {
    const opened = await resnetFt.loadModel(model, MACHINE);
    let next = 0;
    return {
      once: async () => {
        const { probability } = await opened.predict(images[next++ % images.length]);
        if (!(probability > 0)) throw new Error(`a probability of ${probability}`);
      },
      end: () => opened.close(),
    };
  },
  /** A server and its clients, in one process: eight requests at a time, which a batch takes together. */
  async requests({ model, images }) {
    const server = await resnetFt.serveModel({ model, port: 0, ...MACHINE });
    const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });
    const bodies = images.map((image) => fs.readFileSync(image));
    const post = (body) =>
      new Promise((resolve, reject) => {
        const headers = { 'content-type': 'application/octet-stream', 'content-length': body.length };
        const request = http.request(`${server.url}predict`, { method: 'POST', agent, headers }, (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part) => (text += part));
          response.on('end', () => {
            if (response.statusCode === 200 && JSON.parse(text).probability > 0) resolve();
            else reject(new Error(`${response.statusCode} ${text}`));
          });
        });
        request.on('error', reject).end(body);
      });
    let next = 0;
    return {
      times: CONNECTIONS,
      once: () => Promise.all(Array.from({ length: CONNECTIONS }, () => post(bodies[next++ % bodies.length]))),
      async end() {
        agent.destroy();
        await server.close();
      },
    };
  },
  async loads({ model, images }) {
    return {
      async once() {
        const opened = await resnetFt.loadModel(model, MACHINE);
        await opened.predict(images[0]);
        await opened.close();
      },
    };
  },
  async trainings({ data, folder }) {
    let next = 0;
    return {
      async once() {
        const output = path.join(folder, String(next++));
        const small = { arch: 'resnet18', weights: 'none', imageSize: 32, epochs: 1, batchSize: 8, report: false };
        await resnetFt.train({ data, ...MACHINE, ...small, cropCache: '0', output });
        fs.rmSync(output, { recursive: true });
      },
    };
  },
};

async function main([kind, count, model, data]) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'resnet-ft-long-use-'));
  const val = path.join(data, 'val');
  const images = fs
    .readdirSync(val)
    .flatMap((name) => fs.readdirSync(path.join(val, name)).map((file) => path.join(val, name, file)));
  const given = { model, data, images, folder };
  // All that is made once, with the first use.
  const first = await KINDS[kind](given);
  await first.once();
  await first.end?.();
  // Streams are made when they are first asked for, and libuv opens a file with the first pipe.
  for (const stream of [process.stdout, process.stderr]) stream.write('');
  await setTimeout(REST);
  const before = { threads: threads(), descriptors: descriptors() };

  const { once, end, times = 1 } = await KINDS[kind](given);
  const calls = Math.ceil(Number(count) / times);
  const every = Math.max(1, Math.floor(calls / SAMPLES));
  const samples = [];
  for (let i = 1; i <= calls; i++) {
    await once();
    if (i % every === 0) samples.push(await memory());
  }
  await end?.();
  await setTimeout(REST);
  // The first quarter warms up: heaps of several threads, compiled code, kernels that oneDNN keeps. The least of each part counts, for what is
  // free but scattered is not held; what is held stays in the least too.
  const quarter = Math.floor(samples.length / 4);
  const middle = Math.floor((samples.length + quarter) / 2);
  const least = (name, ...part) => Math.min(...samples.slice(...part).map((sample) => sample[name]));
  const growth = (name) => Number((least(name, middle) - least(name, quarter, middle)).toFixed(3));
  fs.rmSync(folder, { recursive: true });
  process.stdout.write(
    JSON.stringify({
      ...{
        kind,
        times: Number(count),
        samples,
        growth: { used: growth('used'), resident: growth('resident') },
        before,
      },
      after: { threads: threads(), descriptors: descriptors() },
    }),
  );
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
