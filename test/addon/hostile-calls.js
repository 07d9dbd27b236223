// Calls the addon as no caller should, and prints what came of each call: node --expose-gc hostile-calls.js
'use strict';

const path = require('node:path');
const { dist, modelOf, sessionOf } = require('./small-session.js');
const { loadAddon } = require(path.join(dist, 'backend', 'native', 'load.js'));
const { buildNetwork } = require(path.join(dist, 'network', 'architecture.js'));

const addon = loadAddon();
const MODEL = modelOf(2);
const SESSION = sessionOf(2);
const ignore = () => {};

/** Takes the bytes away from whoever has them, and lets others have their memory. */
function take({ buffer }) {
  globalThis.structuredClone(buffer, { transfer: [buffer] });
  globalThis.gc();
  for (let i = 0; i < 20; i++) new Uint8Array(1 << 20).fill(i);
}

/** An image of noise in a buffer of its own, of more bytes than are always copied. */
function image(side = 700, make = (bytes) => new Uint8Array(bytes)) {
  const data = make(3 * side * side);
  for (let i = 0; i < data.length; i++) data[i] = (i * 7919) >>> 5;
  return { width: side, height: side, data };
}

const resizable = (bytes) => new Uint8Array(new ArrayBuffer(bytes, { maxByteLength: 2 * bytes }));
const shared = (bytes) => new Uint8Array(new SharedArrayBuffer(bytes));
const taken = (array) => {
  take(array);
  return array;
};

async function main() {
  const session = await addon.createSession(SESSION);
  const tensors = await session.stateDict();
  const model = await addon.createModel(MODEL, tensors);
  const store = addon.createCropStore(4, 32);
  for (let i = 0; i < 4; i++) await store.put(i, image(40), 36);
  const images = addon.createImageStore(3, { memory: 1e6 });
  await images.put(0, image(40), 36);
  const box = { left: 1, top: 2, width: 20, height: 30 };
  const targets = Int32Array.of(0, 1, 0, 1);
  let epoch = 0;
  /** A pass over an epoch that is new. */
  const next = () => ({
    ...{ store, targets, indices: Int32Array.of(3, 1, 0, 2), batchSize: 2, epoch: ++epoch },
    ...{ learningRates: new Float64Array(2), keepFrom: 0 },
  });
  const pass = next();
  const state = await session.state();
  const run = { store, count: 4, batchSize: 2, features: true };
  const explained = { store, count: 2, batchSize: 2, layer: 'layer4', classes: Int32Array.of(-1, 0) };
  const bias = { name: 'fc.bias', dtype: 'F32', shape: [2], data: new Uint8Array(8) };
  const crop = { resize: 50, crop: 32 };
  const expected = (await addon.resizeCrop(image(), crop)).data;

  const results = [];
  const outcome = async (call) => {
    try {
      return { value: await call() };
    } catch (error) {
      return { code: error?.code ?? 'none', message: String(error?.message ?? error) };
    }
  };
  const refused = async (name, call) => results.push({ name, wanted: 'refused', ...(await outcome(call)) });
  const done = async (name, call) => results.push({ name, wanted: 'done', ...(await outcome(call)) });

  // Values of every wrong type, in every place.
  const wrong = [undefined, null, true, 'x', '1', 1.5, NaN, Infinity, -1, 2 ** 53, Symbol('s'), 1n, [], {}, ignore];
  const fractions = ['momentum', 'weightDecay', 'clipGrad', 'eps'];
  const adamw = { kind: 'adamw', beta1: 0.9, beta2: 0.9, eps: 1, weightDecay: 0 };
  const fits = (key, kept, value) =>
    (typeof kept === 'boolean' && value === true) ||
    (fractions.includes(key) && (value === 1.5 || value === 2 ** 53)) ||
    (key === 'cacheFile' && typeof value === 'string') ||
    (key === 'loss' && typeof value === 'number') ||
    (key === 'augment' && Array.isArray(value)) ||
    (['optimizer', 'ema'].includes(key) && Array.isArray(kept) && Array.isArray(value)) ||
    (key === 'indices' && value === undefined) ||
    (['generator', 'kept'].includes(key) && value === null);
  const option = (base, key, call) => {
    const { [key]: kept, ...rest } = base;
    return [
      ...(key === 'indices' ? [] : [[`without ${key}`, () => call(rest)]]),
      ...wrong
        .filter((value) => !fits(key, kept, value))
        .map((value) => [`${key} ${String(value)}`, () => call({ ...base, [key]: value })]),
    ];
  };
  const every = (what, base, call) => [
    ...Object.keys(base).flatMap((key) => option(base, key, call).map(([name, one]) => [`${what}: ${name}`, one])),
    [`${what}: an unknown key`, () => call({ ...base, epochs: 1 })],
    ...wrong
      .filter((value) => typeof value !== 'object')
      .map((value) => [`${what}: ${String(value)}`, () => call(value)]),
  ];
  const calls = [
    ...every('createSession', SESSION, (options) => addon.createSession(options)),
    ...every('recipe', SESSION.recipe, (recipe) => addon.createSession({ ...SESSION, recipe })),
    ...every('optimizer', SESSION.recipe.optimizer, (optimizer) =>
      addon.createSession({ ...SESSION, recipe: { ...SESSION.recipe, optimizer } }),
    ),
    ...every('AdamW', adamw, (optimizer) =>
      addon.createSession({ ...SESSION, recipe: { ...SESSION.recipe, optimizer } }),
    ),
    ...every('loss', SESSION.recipe.loss, (loss) =>
      addon.createSession({ ...SESSION, recipe: { ...SESSION.recipe, loss } }),
    ),
    ...every('augmentation', SESSION.recipe.augment[0], (one) =>
      addon.createSession({ ...SESSION, recipe: { ...SESSION.recipe, augment: [one] } }),
    ),
    ...every('parameter group', SESSION.recipe.parameterGroups[0], (one) =>
      addon.createSession({ ...SESSION, recipe: { ...SESSION.recipe, parameterGroups: [one] } }),
    ),
    ...every('restore', state, (one) => session.restore(one)),
    ...every('position', state.position, (position) => session.restore({ ...state, position })),
    ...every('generator', state.generator, (generator) => session.restore({ ...state, generator })),
    ...every('createModel', MODEL, (options) => addon.createModel(options, tensors)),
    ...every('trainEpoch', pass, (options) => session.trainEpoch(options, ignore)),
    ...every('evaluate', { store, targets, batchSize: 2 }, (options) => session.evaluate(options, ignore)),
    ...every('run', run, (options) => model.run(options, ignore)),
    ...every('gradCam', { ...explained, indices: Int32Array.of(0, 1) }, (options) => model.gradCam(options, ignore)),
    ...['fc', 'layer1.9', 'layer4.0.bn9'].map((layer) => [
      `gradCam of ${layer}`,
      () => model.gradCam({ ...explained, layer }, ignore),
    ]),
    ...[[-2, 0], [0, 1e6], [0], [0, 0, 0]].map((classes) => [
      `gradCam for ${classes}`,
      () => model.gradCam({ ...explained, classes: Int32Array.from(classes) }, ignore),
    ]),
    ...every('resizeCrop', crop, (options) => addon.resizeCrop(image(), options)),
    ...every('image', image(40), ({ epochs, ...one } = {}) => addon.resizeCrop(epochs ? null : one, crop)),
    ...wrong.map((value) => [`draws of ${String(value)}`, () => session.draws(value, 4)]),
    ...wrong.map((value) => [`draws for ${String(value)}`, () => session.draws(1, value)]),
    ...wrong.map((value) => [`put at ${String(value)}`, () => store.put(value, image(40), 36)]),
    ...wrong.map((value) => [`put ${String(value)}`, () => store.put(0, value, 36)]),
    ...wrong.map((value) => [`put of size ${String(value)}`, () => store.put(0, image(40), value)]),
    ...wrong.map((value) => [`get ${String(value)}`, () => store.get(value)]),
    ...wrong.map((value) => [`createCropStore of ${String(value)}`, () => addon.createCropStore(value, 32)]),
    ...wrong.map((value) => [`createCropStore of size ${String(value)}`, () => addon.createCropStore(1, value)]),
    ...wrong
      .slice(1)
      .filter((value) => typeof value !== 'string')
      .map((value) => [`createCropStore in ${String(value)}`, () => addon.createCropStore(1, 32, value)]),
    ...wrong
      .filter((value) => value !== undefined)
      .map((value) => [
        `createCropStore shared ${String(value)}`,
        () => addon.createCropStore(1, 32, undefined, value),
      ]),
    ...wrong.map((value) => [`openCropStore in ${String(value)}`, () => addon.openCropStore(value, 1, 32)]),
    ...wrong.map((value) => [`openCropStore of ${String(value)}`, () => addon.openCropStore('none', value, 32)]),
    ...wrong.map((value) => [`openCropStore of size ${String(value)}`, () => addon.openCropStore('none', 1, value)]),
    ...wrong.map((value) => [
      `openImageStore in ${String(value)}`,
      () => addon.openImageStore(value, new Float64Array()),
    ]),
    ...wrong.map((value) => [`openImageStore by ${String(value)}`, () => addon.openImageStore('none', value)]),
    ...wrong
      .filter((value) => value !== undefined && typeof value !== 'string')
      .map((value) => [`cacheShared ${String(value)}`, () => addon.createSession({ ...SESSION, cacheShared: value })]),
    ...wrong.map((value) => [`putAndGet at ${String(value)}`, () => store.putAndGet(value, image(40), 36)]),
    ...wrong.map((value) => [
      `createImageStore of ${String(value)}`,
      () => addon.createImageStore(value, { memory: 1 }),
    ]),
    ...every('createImageStore', { memory: 1 }, (options) => addon.createImageStore(1, options)),
    ...wrong
      .filter((value) => value !== undefined)
      .map((value) => [
        `images shared ${String(value)}`,
        () => addon.createImageStore(1, { memory: 1, shared: value }),
      ]),
    ...every('window', box, (options) => images.window(0, options, 8)),
    ...wrong.map((value) => [`window of ${String(value)}`, () => images.window(value, box, 8)]),
    ...wrong.map((value) => [`window of side ${String(value)}`, () => images.window(0, box, value)]),
    ...wrong
      .filter((value) => value !== undefined && value !== true)
      .map((value) => [`window mirrored ${String(value)}`, () => images.window(0, box, 8, value)]),
    ...wrong.map((value) => [`image put at ${String(value)}`, () => images.put(value, image(40), 36)]),
    ...wrong.map((value) => [`image put of ${String(value)}`, () => images.put(1, image(40), value)]),
    ...wrong.map((value) => [`image size at ${String(value)}`, () => images.size(value)]),
    ...wrong.slice(1).map((value) => [`indices ${String(value)}`, () => model.run({ ...run, indices: value }, ignore)]),
    ...wrong
      .filter((value) => !Array.isArray(value))
      .map((value) => [`loadStateDict ${String(value)}`, () => session.loadStateDict(value)]),
    ...wrong.map((value) => [`loadStateDict of ${String(value)}`, () => session.loadStateDict([value])]),
    ...Object.keys(bias).flatMap((key) =>
      wrong.map((value) => [
        `tensor's ${key} ${String(value)}`,
        () => session.loadStateDict([{ ...bias, [key]: value }]),
      ]),
    ),
    ...wrong
      .filter((value) => typeof value !== 'function')
      .flatMap((value) => [
        [`onStep ${String(value)}`, () => session.trainEpoch(pass, value)],
        [`onBatch ${String(value)}`, () => model.run(run, value)],
      ]),
    ...wrong
      .filter((value) => value !== undefined && value !== true)
      .map((value) => [`stateDict ${String(value)}`, () => session.stateDict(value)]),
    ...wrong
      .filter((value) => value !== -1)
      .map((value) => [`endPasses ${String(value)}`, () => addon.endPasses(value)]),
  ];
  for (const [name, call] of calls) await refused(name, call);

  // Objects of other classes, and none.
  const others = {
    session,
    model,
    images,
    addon,
    proxy: new Proxy(store, {}),
    heir: Object.create(store),
    copy: { ...store },
  };
  Object.assign(others, {
    prototype: Object.getPrototypeOf(store),
    array: targets,
    posing: Object.setPrototypeOf({}, store),
  });
  for (const [name, other] of Object.entries(others)) {
    await refused(`${name} as a store`, () => session.trainEpoch({ ...pass, store: other }, ignore));
    await refused(`${name} as a store of a model`, () => model.run({ ...run, store: other }, ignore));
  }
  for (const method of [
    ...[
      'draws',
      'trainEpoch',
      'evaluate',
      'stateDict',
      'loadStateDict',
      'useKept',
      'state',
      'restore',
      'cancel',
      'close',
    ],
  ]) {
    for (const [name, other] of Object.entries({ ...others, session: store, none: undefined })) {
      await refused(`${method} of ${name}`, () => session[method].call(other, pass, ignore));
    }
  }
  await refused('close of a session', () => store.close.call(session));
  await refused('new Session', () => new session.constructor(pass));
  await refused('new Model', () => new model.constructor(tensors));
  await refused('Session as a function', () => session.constructor());
  await refused('Model as another class', () => Reflect.construct(model.constructor, [], store.constructor));

  // Numbers that nothing has room for.
  // The sanitizers' operator new can't fail: it ends the process.
  if (process.env.RESNET_FT_SANITIZED === undefined) {
    await refused('a crop store without bounds', () => addon.createCropStore(2 ** 40, 16384));
    await refused('a crop store beyond all memory', () => addon.createCropStore(2 ** 33, 4096));
    await refused('images without bounds', () => addon.createImageStore(2 ** 31, { memory: 0 }));
    await refused('classes without bounds', () =>
      addon.createSession({ ...SESSION, network: buildNetwork('resnet18', 2 ** 31 - 1) }),
    );
  }
  await refused('a shape without bounds', () => session.loadStateDict([{ ...bias, shape: [2 ** 52, 2 ** 52, 2] }]));
  await refused('a shape that wraps around', () => session.loadStateDict([{ ...bias, shape: [2 ** 32, 2 ** 32, 4] }]));
  await refused('dimensions without bounds', () => session.loadStateDict([{ ...bias, shape: Array(1e6).fill(1) }]));
  await refused('an unknown device', () => addon.createSession({ ...SESSION, device: 'meta' }));
  await refused('a target that is no class', () =>
    session.evaluate({ store, targets: targets.fill(7), batchSize: 2 }, ignore),
  );
  targets.set([0, 1, 0, 1]);
  await refused('a target below all classes', () =>
    session.trainEpoch({ ...pass, targets: Int32Array.of(-100) }, ignore),
  );

  // Arrays that are gone, change, or go away while they are read.
  const same = (got) => {
    if (Buffer.compare(got.data, expected) !== 0) throw new Error('other bytes than those at the time of the call');
  };
  const whileRead = async (one, change) => {
    const promise = addon.resizeCrop(one, crop);
    change(one);
    same(await promise);
  };
  await refused('bytes that are gone', () => addon.resizeCrop({ ...image(), data: taken(image().data) }, crop));
  await refused('targets that are gone', () =>
    session.evaluate({ store, targets: taken(Int32Array.of(0)), batchSize: 1 }, ignore).then(({ images }) => {
      if (images === 0) throw Object.assign(new Error('nothing'), { code: 'NATIVE_ERROR' });
    }),
  );
  await refused('bytes that go while options are read', () => {
    const one = image(40);
    return addon.resizeCrop(
      {
        data: one.data,
        height: 40,
        get width() {
          take(one.data);
          return 40;
        },
      },
      crop,
    );
  });
  await refused('weights that go while they are read', () => {
    const data = new Uint8Array(8);
    return session.loadStateDict([
      {
        ...bias,
        data,
        get shape() {
          take(data);
          return [2];
        },
      },
    ]);
  });
  await done('bytes taken meanwhile', () => whileRead(image(), ({ data }) => take(data)));
  await done('bytes changed meanwhile', () => whileRead(image(), ({ data }) => data.fill(0)));
  await done('bytes replaced meanwhile', () =>
    whileRead(image(), (one) => {
      one.data = null;
      globalThis.gc();
    }),
  );
  await done('lent bytes replaced meanwhile', () =>
    whileRead({ ...image(), lent: true }, (one) => {
      one.data = null;
      globalThis.gc();
    }),
  );
  await done('a resizable buffer shrunk meanwhile', () =>
    whileRead(image(700, resizable), ({ data }) => data.buffer.resize(0)),
  );
  await done('shared memory', () => whileRead(image(700, shared), ({ data }) => data.fill(0)));
  await refused('a resizable buffer that is too short by then', () => {
    const one = image(40, resizable);
    one.data.buffer.resize(100);
    return addon.resizeCrop(one, crop);
  });
  await done('weights taken meanwhile', async () => {
    const given = tensors.map((tensor) => ({ ...tensor, data: Uint8Array.from(tensor.data) }));
    const promise = addon.createModel(MODEL, given);
    for (const { data } of given) globalThis.structuredClone(data.buffer, { transfer: [data.buffer] });
    given.length = 0;
    take(new Uint8Array(1));
    const made = await promise;
    const [{ logits }, wanted] = [await made.run(run, ignore), await model.run(run, ignore)];
    await made.close();
    if (Buffer.compare(Buffer.from(logits.buffer), Buffer.from(wanted.logits.buffer)) !== 0)
      throw new Error('other weights');
  });
  await done('samples taken and changed meanwhile', async () => {
    const own = { ...next(), targets: Int32Array.from(targets) };
    const promise = session.trainEpoch(own, ignore);
    own.indices.fill(1e9);
    own.targets.fill(1e9);
    own.learningRates.fill(NaN);
    for (const array of [own.targets, own.indices, own.learningRates]) take(array);
    await promise;
  });
  await done('a callback that throws', async () => {
    const error = await session
      .trainEpoch(next(), () => {
        throw new RangeError('thrown by the callback');
      })
      .catch((thrown) => thrown);
    if (!(error instanceof RangeError)) throw new Error(`not the error itself but ${error}`);
  });

  await Promise.all([session.close(), model.close()]);
  store.close();
  await refused('a store that is closed', () => store.get(0));
  for (let i = 0; i < 5; i++) globalThis.gc();
  process.stdout.write(
    JSON.stringify(
      results.map(({ value, ...result }) => ({ ...result, value: value === undefined ? '' : typeof value })),
    ),
  );
}

void main();
