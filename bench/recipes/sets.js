/** Folders of images: drawn ones, and such as are taken from folders of other people. */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const sharp = require('sharp');
const { BenchError } = require('../lib/errors');
const { CLASSES, SIDE, drawPicture } = require('./picture');
const { createRandom } = require('./random');

/** Every second class is for pretraining, the others for what is transferred to: as many textures and as many shapes in each half. */
const PRETRAINED_CLASSES = CLASSES.filter((_, i) => i % 2 === 0);
const TRANSFER_CLASSES = CLASSES.filter((_, i) => i % 2 === 1);

/** As many textures as shapes, drawn by the name of the set. */
function someClasses(set, count) {
  const half = TRANSFER_CLASSES.length / 2;
  const random = createRandom(`classes of ${set}`);
  const textures = random.shuffled(TRANSFER_CLASSES.slice(0, half));
  const shapes = random.shuffled(TRANSFER_CLASSES.slice(half));
  return [...textures.slice(0, count >> 1), ...shapes.slice(0, count - (count >> 1))].sort();
}

/**
 * Draws `count` images of each class into folders named like the classes; not again where they are there already.
 *
 * @param request with a key: other images for another key
 */
async function drawFolder(folder, request) {
  const { classes, count, key, hard } = request;
  const marker = path.join(folder, '.drawn');
  const asked = JSON.stringify(request);
  if (fs.existsSync(marker) && fs.readFileSync(marker, 'utf8') === asked) return;
  fs.rmSync(folder, { recursive: true, force: true });
  for (const name of classes) {
    fs.mkdirSync(path.join(folder, name), { recursive: true });
    for (let i = 0; i < count; i++) {
      const raw = { width: SIDE, height: SIDE, channels: 3 };
      const image = sharp(drawPicture(name, `${key}/${i}`, hard), { raw });
      await image.png({ compressionLevel: 1 }).toFile(path.join(folder, name, `${i}.png`));
    }
  }
  fs.writeFileSync(marker, asked);
}

/** A set that is drawn: its test images are the same for every seed, its training images are drawn for each. */
function drawnSet({ name, classes: count, perClass, hard = false }, testPerClass, work) {
  const classes = someClasses(name, count);
  const key = (split) => `${name}/${split}`;
  const test = path.join(work, name, 'test');
  return {
    name,
    title: `${count} classes × ${perClass} images${hard ? ', noisy' : ''}`,
    classes,
    images: count * perClass,
    async test() {
      await drawFolder(test, { classes, count: testPerClass, key: key('test'), hard });
      return test;
    },
    async train(seed) {
      const folder = path.join(work, name, `seed-${seed}`);
      await drawFolder(path.join(folder, 'train'), { classes, count: perClass, key: key(`train ${seed}`), hard });
      // Validation decides nothing here, but train asks for it.
      await drawFolder(path.join(folder, 'val'), { classes, count: 1, key: key(`val ${seed}`), hard });
      return folder;
    },
  };
}

const subfolders = (folder) =>
  fs
    .readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();

function copyInto(folder, from, files) {
  fs.mkdirSync(folder, { recursive: true });
  for (const file of files) fs.copyFileSync(path.join(from, file), path.join(folder, file));
}

/**
 * A set of somebody's: a folder with train/ and val/. Its validation images are the test; what is trained on is drawn from train/ for each
 * seed.
 *
 * @param perClass images of each class that are drawn; undefined takes all
 */
function givenSet(folder, perClass, work) {
  const [train, val] = ['train', 'val'].map((split) => path.join(folder, split));
  for (const split of [train, val]) {
    if (!fs.existsSync(split)) throw new BenchError(`--data: no folder ${split}`);
  }
  const classes = subfolders(train);
  const filesOf = (split, name) => fs.readdirSync(path.join(split, name)).sort();
  const taken = (name) => Math.min(perClass ?? Infinity, filesOf(train, name).length);
  const title = path.basename(path.resolve(folder));
  return {
    name: title,
    title: perClass === undefined ? title : `${title}, ${perClass} of each class`,
    classes,
    images: classes.reduce((sum, name) => sum + taken(name), 0),
    test: () => val,
    train(seed) {
      const to = path.join(work, title, `${perClass ?? 'all'}-of-seed-${seed}`);
      fs.rmSync(to, { recursive: true, force: true });
      for (const name of classes) {
        const drawn = createRandom(`${name}/${seed}`).shuffled(filesOf(train, name)).slice(0, taken(name));
        copyInto(path.join(to, 'train', name), path.join(train, name), drawn);
        copyInto(path.join(to, 'val', name), path.join(train, name), drawn.slice(0, 1));
      }
      return to;
    },
  };
}

module.exports = { PRETRAINED_CLASSES, TRANSFER_CLASSES, drawFolder, drawnSet, givenSet };
