/**
 * Walks one image, one option and the class names through the package: the files that each passes, in order, as docs/architecture.md shows
 * them. A file that is gone, or that does not mention any more what passes it, is an error.
 *
 *   node scripts/walks.js [--write]     prints the walks, or puts them into docs/architecture.md
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const MARKS = ['<!-- walks: begin -->', '<!-- walks: end -->'];

/** Steps are [file, what the file must mention, what happens there]. */
const WALKS = [
  {
    title: 'One image, from its folder to the loss',
    steps: [
      ['lib/data/image-folder.ts', 'samples', 'found, with the class of its folder'],
      ['lib/data/dataset.ts', 'Sample', 'goes to training or validation'],
      ['lib/train/crop-data.ts', 'makeCrops', 'gets a place in the store of its split'],
      ['lib/data/crops.ts', 'decodeResizable', 'taken from the cache, or decoded'],
      ['lib/data/decode.ts', 'planOf', 'read, within the bound of memory'],
      ['lib/data/decoders/plan.ts', 'decode', 'becomes RGB, by sharp or a decoder of ours'],
      ['native/addon/images.cpp', 'put', 'crosses the border'],
      ['native/core/resize.cpp', 'resize', 'resized and cropped, as Pillow does'],
      ['native/core/crop_store.cpp', 'CropStore', 'kept as bytes'],
      ['native/core/batches.cpp', 'Batches', 'comes in the order of the epoch'],
      ['native/core/batch.cpp', 'Normalizer', 'mirrored or not, and normalised'],
      ['native/core/session.cpp', 'train_epoch', 'goes through the network to the loss'],
    ],
  },
  {
    title: 'One option, `--momentum`',
    steps: [
      ['lib/options/optimization.ts', 'momentum', 'declared: type, range, default, help, what it affects'],
      ['lib/train/recipe.ts', 'momentum', 'becomes part of the recipe'],
      ['lib/backend/recipe.ts', 'momentum', 'its place in what crosses the border'],
      ['native/addon/recipe.cpp', 'momentum', 'read, once and strictly'],
      ['native/core/recipe.h', 'momentum', 'its place on the other side'],
      ['native/core/sgd.cpp', 'momentum', 'used'],
    ],
  },
  {
    title: 'The class names, from the folders to an answer',
    steps: [
      ['lib/data/image-folder.ts', 'classes', 'the names of the folders, sorted'],
      ['lib/data/dataset.ts', 'classes', 'the same for both splits, or an error'],
      ['lib/train/train.ts', 'classes', 'part of what the run says of its model'],
      ['lib/model/describe.ts', 'classes', 'written into the metadata of the weights, and read from there'],
      ['lib/model/open.ts', 'classes', 'held against the number of outputs'],
      ['lib/model/scores.ts', 'classes', 'put beside the probabilities'],
    ],
  },
];

function walks(root) {
  return WALKS.flatMap(({ title, steps }) => {
    const lines = steps.map(([file, word, what], i) => {
      const found = path.join(root, file);
      if (!fs.existsSync(found)) throw new Error(`${title}: there is no ${file}`);
      if (!fs.readFileSync(found, 'utf8').includes(word)) throw new Error(`${title}: ${file} does not mention ${word}`);
      return `${i + 1}. \`${file}\`: ${what}`;
    });
    return [`${title}: ${steps.length} files.`, '', ...lines, ''];
  }).join('\n');
}

/** The page with the walks between its marks. */
function written(page, text) {
  const [begin, end] = MARKS.map((mark) => page.indexOf(mark));
  if (begin === -1 || end < begin) throw new Error(`the page has no ${MARKS.join(' and ')}`);
  return `${page.slice(0, begin + MARKS[0].length)}\n\n${text}\n${page.slice(end)}`;
}

function main(root) {
  const text = walks(root);
  if (!process.argv.includes('--write')) return console.log(text);
  const file = path.join(root, 'docs', 'architecture.md');
  fs.writeFileSync(file, written(fs.readFileSync(file, 'utf8'), text));
}

if (require.main === module) {
  try {
    main(path.resolve(__dirname, '..'));
  } catch (error) {
    process.stderr.write(`walks: ${error.message}\n`);
    process.exitCode = 1;
  }
}

module.exports = { walks, written };
