/** What every benchmark shares: options, command lines of both sides, and the files that both sides need. */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { BenchError } = require('./errors');
const { ROOT } = require('./machine');
const { runProcess } = require('./process');

/** Images of each class and split in the small data of --quick. */
const QUICK_IMAGES = 8;

const once = (make) => {
  let made;
  return () => (made ??= make());
};

function folders(folder) {
  const entries = fs.readdirSync(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** Copies the first images of every class, so that --quick runs the whole path in little time. */
function copySome(data, to) {
  for (const split of ['train', 'val']) {
    for (const name of folders(path.join(data, split))) {
      const from = path.join(data, split, name);
      fs.mkdirSync(path.join(to, split, name), { recursive: true });
      for (const file of fs.readdirSync(from).sort().slice(0, QUICK_IMAGES)) {
        fs.copyFileSync(path.join(from, file), path.join(to, split, name, file));
      }
    }
  }
  return to;
}

function checkData(data) {
  for (const split of ['train', 'val']) {
    if (!fs.existsSync(path.join(data, split))) throw new BenchError(`--data: no folder ${path.join(data, split)}`);
  }
}

/**
 * @param options as bench/run.js reads them
 * @param environment what bench/pytorch/probe.py printed; undefined without --python
 * @param work an empty folder for what is made on the way
 */
function createContext(options, environment, work) {
  const { python, threads, quick } = options;
  if (options.data !== undefined) checkData(options.data);
  const libtorch = options.libtorch ?? environment?.libtorch;
  const env = libtorch === undefined ? {} : { LIBTORCH: libtorch };
  const data = once(() => (quick ? copySome(options.data, path.join(work, 'data')) : options.data));
  const scratch = (name) => fs.mkdtempSync(path.join(work, `${name}-`));

  /** The command line of resnet-ft, as a user runs it. */
  const cli = (args) =>
    runProcess({ command: process.execPath, args: [path.join(ROOT, 'bin', 'resnet-ft.js'), ...args], env });
  /** A script under bench/. */
  const node = (script, args) =>
    runProcess({ command: process.execPath, args: [path.join(ROOT, 'bench', script), ...args.map(String)], env });
  const pytorch = (script, args) =>
    runProcess({
      command: python,
      args: [path.join(ROOT, 'bench', 'pytorch', script), ...args.map(String)],
      env: { PYTHONDONTWRITEBYTECODE: '1' }, // leaves no __pycache__ in this folder
      patience: args.includes('--compile') ? options.patience : undefined,
    });

  // ResNet-50 with random weights and batch norms that have seen one batch.
  const model = once(async () => {
    const output = scratch('model');
    const flags = ['--weights', 'none', '--steps', '1', '--batch-size', '8', '--device', 'cpu', '--quiet'];
    await cli(['train', data(), ...flags, '--output', output, '--threads', String(threads)]);
    return path.join(output, 'last.safetensors');
  });
  const exported = (extension) =>
    once(async () => {
      const file = path.join(work, `model${extension}`);
      await cli(['export', await model(), '--output', file]);
      return file;
    });
  const imagesOf = (split) => {
    const folder = path.join(data(), split);
    return folders(folder)
      .sort()
      .flatMap((name) => fs.readdirSync(path.join(folder, name)).map((file) => path.join(folder, name, file)));
  };

  return {
    ...options,
    gpu: environment?.gpu ?? undefined,
    data,
    scratch,
    cli,
    node,
    pytorch,
    imagesOf,
    images: () => imagesOf('val'),
    classes: () => folders(path.join(data(), 'train')).length,
    model,
    pth: exported('.pth'),
    onnx: exported('.onnx'),
    /** Removes what a run left, so that the next starts from nothing and the disk does not fill. */
    discard: (folder) => fs.rmSync(folder, { recursive: true, force: true }),
    /** uint8 crops [count, 224, 224, 3], row after row; `count` is the largest that any benchmark reads. */
    crops: once(async () => {
      const file = path.join(work, 'crops.bin');
      await node('ours/crops.js', [data(), file, CROPS]);
      return file;
    }),
  };
}

/** Crops in the file that inference and training steps read. */
const CROPS = 256;

module.exports = { createContext };
