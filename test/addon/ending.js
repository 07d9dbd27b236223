// A program that ends while the native backend computes: node ending.js KIND DELAY, in milliseconds after the first batch.
'use strict';

const path = require('node:path');
const { isMainThread, Worker, workerData } = require('node:worker_threads');

const { dist, modelOf, sessionOf } = require('./small-session.js');
const [kind, delay] = isMainThread ? process.argv.slice(2) : [workerData];
const COUNT = 256;
const MODEL = modelOf(2);
const SESSION = sessionOf(2, { parameterGroups: [{ from: 'conv1' }] });

const after = (work) => setTimeout(work, Number(delay));
const exit = () => {
  process.stdout.write('ended\n');
  process.exit(7);
};
const once = (work) => {
  let first = true;
  return () => {
    if (first) work();
    first = false;
  };
};

async function open(size = 64) {
  const { openBackend } = require(path.join(dist, 'backend', 'registry.js'));
  const backend = await openBackend('native', () => {});
  const session = await backend.createSession(SESSION);
  return { backend, session, store: backend.createCropStore(COUNT, size) };
}

/** Resolves with the first batch; the pass goes on. */
function train({ session, store }, batchSize = 4) {
  const learningRates = new Float64Array(COUNT / batchSize);
  const pass = { store, targets: new Int32Array(COUNT), batchSize, epoch: 1, learningRates, keepFrom: 0 };
  return new Promise((begun) => {
    void session.trainEpoch(pass, once(begun));
  });
}

const KINDS = {
  async train() {
    await train(await open());
    after(exit);
  },
  async uncaught() {
    await train(await open());
    after(() => {
      throw new Error('meant to be uncaught');
    });
  },
  async rejection() {
    await train(await open());
    after(() => void Promise.reject(new Error('meant to be uncaught')));
  },
  async predict() {
    const { backend, session, store } = await open();
    const model = await backend.createModel(MODEL, await session.stateDict());
    void model.run(
      { store, count: COUNT, batchSize: 2, features: true },
      once(() => after(exit)),
    );
  },
  async close() {
    const opened = await open();
    await train(opened);
    void opened.session.close();
    after(exit);
  },
  /** While a network is made: nothing can stop that. */
  async create() {
    const { backend, session } = await open();
    const tensors = await session.stateDict();
    for (let i = 0; i < 3; i++) void backend.createModel(MODEL, tensors);
    void backend.createSession(SESSION);
    after(exit);
  },
  /** A batch that takes far longer than anybody waits for a process to end. */
  async batch() {
    const opened = await open(320);
    void train(opened, COUNT);
    setTimeout(exit, 300 + Number(delay));
  },
  async images() {
    const { backend } = await open();
    const image = { width: 3000, height: 3000, data: new Uint8Array(27e6), lent: true };
    for (let i = 0; i < 12; i++) void backend.resizeCrop(image, { resize: 1500, crop: 0 });
    after(exit);
  },
  /** By a listener that comes before those that the package added. */
  async listener() {
    process.prependListener('exit', () => process.exit(7));
    await train(await open());
    process.prependListener('exit', () => process.exit(7));
    after(exit);
  },
  async terminated() {
    const worker = new Worker(__filename, { workerData: 'worker' });
    worker.on('message', () => after(() => void worker.terminate().then(exit)));
  },
  async 'exit beside a worker'() {
    new Worker(__filename, { workerData: 'worker' }).on('message', () => after(exit));
  },
  async 'exit beside a worker and a pass'() {
    await train(await open());
    new Worker(__filename, { workerData: 'worker' }).on('message', () => after(exit));
  },
  async 'a worker that exits'() {
    const worker = new Worker(__filename, { workerData: 'exits' });
    worker.on('exit', exit);
  },
  /** Ends by itself, with everything open but nothing running. */
  async natural() {
    const opened = await open();
    opened.session.cancel();
    await opened.session.evaluate({ store: opened.store, targets: new Int32Array(8), batchSize: 4 }, () => {});
    process.stdout.write('ended\n');
    process.exitCode = 7;
  },
  async worker() {
    await train(await open());
    require('node:worker_threads').parentPort.postMessage('begun');
  },
  async exits() {
    await train(await open());
    setTimeout(() => process.exit(3), 5);
  },
};

void KINDS[kind]();
