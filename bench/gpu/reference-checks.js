/** What PyTorch gave: losses, order, mirroring, initial weights and logits. */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { hashOf, nothing, train, withSession } = require('./images');

const FILES = ['train_full.json', 'train_layer4.json'];

const read = (folder, name) => JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8'));

/** The recipe of a file of figures. */
function recipeOf({ args }) {
  const { seed, momentum, freeze } = args;
  return { seed, momentum, trainFrom: freeze === '' ? 'conv1' : 'layer4' };
}

/** How many steps of which epoch, of so many in all. */
function epochsOf(steps, perEpoch) {
  const epochs = [];
  for (let done = 0; done < steps; done += perEpoch) epochs.push([epochs.length + 1, Math.min(perEpoch, steps - done)]);
  return epochs;
}

/** The validation images whose logits a file has. */
function evaluated({ val_files: names }, { val }) {
  const indices = Int32Array.from(names, (name) =>
    val.files.findIndex((file) => file.split(path.sep).join('/').endsWith(`/val/${name}`)),
  );
  if (indices.includes(-1)) throw new Error(`the data lacks ${names[indices.indexOf(-1)]}`);
  return { store: val.store, targets: indices.map((index) => val.targets[index]), indices, batchSize: names.length };
}

const lossesOf = (session, images, { args }, steps) =>
  train(session, images.train, {
    ...{ batchSize: args.batch, lr: args.lr },
    epochs: epochsOf(steps, Math.ceil(images.train.targets.length / args.batch)),
  });

module.exports = {
  async draws({ addon, device, images, reference, check }) {
    const figures = FILES.map((name) => [name, read(reference, name)]);
    const count = images.train.targets.length;
    for (const [name, { args, order, flips }] of figures) {
      await withSession(addon, { device, seed: args.seed }, async (session) => {
        const drawn = Array.from({ length: Math.ceil(order.length / count) }, (_, i) => session.draws(i + 1, count));
        const flat = (key) => drawn.flatMap((epoch) => Array.from(epoch[key])).slice(0, order.length);
        check(`order of ${name}`, flat('order'), order);
        check(`mirroring of ${name}`, flat('flips'), flips);
      });
    }
    if (!fs.existsSync(path.join(reference, 'order.json'))) return;
    const { n, seed, epochs } = read(reference, 'order.json');
    await withSession(addon, { device, seed }, async (session) => {
      for (const [i, { order, flips }] of epochs.entries()) {
        const drawn = session.draws(i + 1, n);
        check(`order of epoch ${i + 1}`, Array.from(drawn.order), order);
        check(`mirroring of epoch ${i + 1}`, Array.from(drawn.flips), flips);
      }
    });
  },

  async weights({ addon, device, images, reference, check }) {
    const figures = read(reference, FILES[0]);
    const recipe = { seed: figures.args.seed };
    const onCpu = await withSession(addon, { ...recipe, device: 'cpu' }, async (session) =>
      hashOf(await session.stateDict()),
    );
    await withSession(addon, { ...recipe, device, precision: 'fp64' }, async (session) => {
      const { logits } = await session.evaluate(evaluated(figures, images), nothing);
      check('logits of the initial weights', Array.from(logits), figures.init_logits_eval.flat(), 1e-4);
    });
    await withSession(addon, { ...recipe, device }, async (session) => {
      const tensors = await session.stateDict();
      check('initial weights, as on the CPU', hashOf(tensors), onCpu);
      for (const { name, data } of tensors) {
        const sums = figures.init_sums?.[name];
        if (sums === undefined || name.endsWith('num_batches_tracked')) continue;
        const sum = new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4).reduce(
          (all, value) => all + value,
          0,
        );
        const [expected, absolute] = sums;
        if (!(Math.abs(sum - expected) <= 1e-6 * absolute)) check(`sum of ${name}`, sum, expected, 0);
      }
    });
  },

  async losses({ addon, device, images, reference, check }) {
    for (const name of FILES) {
      const figures = read(reference, name);
      const session = { ...recipeOf(figures), device, precision: 'fp64', deterministic: true };
      await withSession(addon, session, async (one) => {
        const { losses } = figures;
        const found = await lossesOf(one, images, figures, losses.length);
        // Each against its own: a step that is far off must not hide behind a greater one.
        found.forEach((loss, i) => check(`fp64, step ${i + 1} of ${name}`, loss, losses[i], 1e-6));
        const { logits } = await one.evaluate(evaluated(figures, images), nothing);
        check(`fp64, logits after ${name}`, Array.from(logits), figures.final_logits_eval.flat(), 1e-5);
      });
    }
    const figures = read(reference, FILES[0]);
    await withSession(addon, { ...recipeOf(figures), device, precision: 'fp32-strict' }, async (one) => {
      const [first] = await lossesOf(one, images, figures, 1);
      check('fp32-strict, first step', first, figures.losses[0], 1e-4);
    });
  },
};
