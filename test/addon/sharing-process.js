// A process that shares stores and features with the one that forked it: does what each message asks for, one after the other.
'use strict';

const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const dist = path.join(__dirname, '..', '..', 'dist');
const { loadAddon } = require(path.join(dist, 'backend', 'native', 'load.js'));
const { temporaryName } = require(path.join(dist, 'files', 'stale.js'));

const addon = loadAddon();
const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');
const ignore = () => {};
/** What is open, by the names that messages use. */
const open = new Map();

const TASKS = {
  openCrops: ({ name, file, count, size }) => void open.set(name, addon.openCropStore(file, count, size)),
  openImages: ({ name, file, table }) => void open.set(name, addon.openImageStore(file, table)),
  crops: ({ name }) => Array.from({ length: open.get(name).count }, (_, i) => hash(open.get(name).get(i))),
  images: ({ name, present }) => present.map((i) => hash(open.get(name).get(i).data)),
  windows: ({ name, boxes, side }) =>
    Promise.all(boxes.map(async ([i, box]) => hash((await open.get(name).window(i, box, side)).data))),
  put: ({ name, image }) => open.get(name).put(0, image, 8),
  openSession: async ({ name, options }) => void open.set(name, await addon.createSession(options)),
  loadWeights: ({ name, tensors }) => open.get(name).loadStateDict(tensors),
  train: async ({ name, store, ...pass }) =>
    (await open.get(name).trainEpoch({ ...pass, store: open.get(store) }, ignore)).loss,
  evaluate: async ({ name, store, ...pass }) =>
    (await open.get(name).evaluate({ ...pass, store: open.get(store) }, ignore)).logits,
  features: ({ name }) => open.get(name).featuresKept(),
  /** As the process of a machine that makes what the others open; it is killed before they do. */
  make: async ({ folder, image }) => {
    const name = (what) => temporaryName(path.join(folder, what));
    const crops = addon.createCropStore(2, 8, name('crops-train'), true);
    await crops.put(0, image, 8);
    const images = addon.createImageStore(2, { memory: 0, file: name('images-train'), shared: true });
    await images.put(0, image, 0);
    const features = name('features');
    fs.mkdirSync(features, 0o700);
    open.set('made', [crops, images]);
    return features;
  },
};

process.on('message', async ({ task, ...options }) => {
  try {
    process.send({ value: await TASKS[task](options) });
  } catch ({ code, message }) {
    process.send({ error: { code, message } });
  }
});
