/**
 * Plants mistakes into a copy of a data set by a seed, and counts how many of them `resnet-ft check` finds, and what else it reports.
 *
 *   node bench/check.js DATA COPY [--seed 0] [--model MODEL] [--sweep]
 *
 * DATA has train/ and val/ with the same two or more classes, such as the tutorial's ants and bees; COPY is made anew. Planted are 20 swapped labels, 10
 * duplicates (4 copies, 3 re-encoded, 3 resized), 5 leaks into val/ (2 copies, 2 re-encoded, 1 resized) and 3 corrupt files (cut in half, zeros, empty).
 * Each concerns images of its own. COPY/planted.json says what was done. With --model the swapped labels are looked for too. With --sweep, it is counted
 * instead how many copies of 100 images are found as look-alikes, by what was done to them.
 */
'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const sharp = require('sharp');

const CLI = path.join(__dirname, '..', 'bin', 'resnet-ft.js');
/** What tells a folder that may be made anew. */
const MARK = 'planted.json';

const CHANGES = {
  copied: (file) => fs.readFileSync(file),
  're-encoded': (file) => sharp(file).jpeg({ quality: 50 }).toBuffer(),
  resized: async (file) => {
    const { width } = await sharp(file).metadata();
    return sharp(file)
      .resize({ width: Math.round(width * 0.6) })
      .jpeg({ quality: 85 })
      .toBuffer();
  },
};
const SWEEP = {
  're-encoded at quality 30': (file) => sharp(file).jpeg({ quality: 30 }).toBuffer(),
  'half as wide': (file) => scaled(file, 0.5),
  'a fifth as wide': (file) => scaled(file, 0.2),
  'a quarter brighter': (file) => sharp(file).modulate({ brightness: 1.25 }).jpeg().toBuffer(),
  'made grey': (file) => sharp(file).greyscale().jpeg().toBuffer(),
  'out of shape (300 x 300)': (file) => sharp(file).resize(300, 300, { fit: 'fill' }).jpeg().toBuffer(),
  '2 % cut off each side': (file) => cut(file, 0.02),
  '5 % cut off each side': (file) => cut(file, 0.05),
  '10 % cut off each side': (file) => cut(file, 0.1),
  mirrored: (file) => sharp(file).flop().jpeg().toBuffer(),
};

async function scaled(file, share) {
  const { width } = await sharp(file).metadata();
  return sharp(file)
    .resize({ width: Math.round(width * share) })
    .jpeg()
    .toBuffer();
}

async function cut(file, share) {
  const { width, height } = await sharp(file).metadata();
  const [left, top] = [Math.round(width * share), Math.round(height * share)];
  return sharp(file)
    .extract({ left, top, width: width - 2 * left, height: height - 2 * top })
    .jpeg()
    .toBuffer();
}

/** mulberry32, as lib/data/draw.ts has it. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Every image as split/class/name, in an order that the seed draws. */
function drawn(folder, seed) {
  const names = fs.readdirSync(folder, { recursive: true }).map(String);
  const images = names.filter((name) => /^(train|val)[\\/].*\.jpe?g$/i.test(name)).sort();
  const random = generator(seed);
  for (let i = images.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [images[i], images[j]] = [images[j], images[i]];
  }
  return images;
}

async function plant(copy, seed) {
  const images = drawn(copy, seed);
  const planted = { labels: [], duplicates: [], leaks: [], corrupt: [] };
  const classes = fs.readdirSync(path.join(copy, 'train')).sort();
  const take = (from) =>
    images.splice(
      images.findIndex((name) => name.startsWith(from)),
      1,
    )[0];
  for (let i = 0; i < 20; i++) {
    const name = take('');
    const [split, given, base] = name.split(path.sep);
    const other = classes[(classes.indexOf(given) + 1) % classes.length];
    const moved = path.join(split, other, base);
    fs.renameSync(path.join(copy, name), path.join(copy, moved));
    planted.labels.push(moved);
  }
  const add = async (kind, change, name, split) => {
    const [, own, base] = name.split(path.sep);
    const made = path.join(split, own, `${change}-${base}`);
    fs.writeFileSync(path.join(copy, made), await CHANGES[change](path.join(copy, name)));
    planted[kind].push({ change, files: [name, made] });
  };
  for (const change of [...Array(4).fill('copied'), ...Array(3).fill('re-encoded'), ...Array(3).fill('resized')]) {
    const name = take('');
    await add('duplicates', change, name, name.split(path.sep)[0]);
  }
  for (const change of ['copied', 'copied', 're-encoded', 're-encoded', 'resized'])
    await add('leaks', change, take('train'), 'val');
  for (const damage of [(bytes) => bytes.subarray(0, bytes.length / 2), (bytes) => bytes.fill(0), () => '']) {
    const name = take('');
    fs.writeFileSync(path.join(copy, name), damage(fs.readFileSync(path.join(copy, name))));
    planted.corrupt.push(name);
  }
  fs.writeFileSync(path.join(copy, MARK), `${JSON.stringify(planted, undefined, 2)}\n`);
  return planted;
}

function check(...args) {
  const text = execFileSync(process.execPath, [CLI, 'check', ...args, '--json'], {
    maxBuffer: 2 ** 28,
    encoding: 'utf8',
  });
  return JSON.parse(text);
}

function count(copy, report, planted) {
  const inCopy = (files) => files.map((file) => path.relative(copy, file));
  const of = (...kinds) =>
    report.findings.filter(({ kind }) => kinds.includes(kind)).map((one) => ({ ...one, files: inCopy(one.files) }));
  const line = (what, found, expected, reported) => {
    const right = expected.filter((one) => found.some(({ files }) => one.every((file) => files.includes(file)))).length;
    const wrong = reported.filter(
      ({ files }) => !expected.some((one) => one.every((file) => files.includes(file))),
    ).length;
    console.log(`${what.padEnd(34)} ${right} of ${expected.length} found, ${wrong} false alarms`);
  };
  const pairs = (kind) => planted[kind].map(({ files }) => files);
  const duplicates = of('duplicate', 'near-duplicate');
  line('duplicates', duplicates, pairs('duplicates'), duplicates);
  const leaks = of('leak', 'near-leak');
  line('leaks', leaks, pairs('leaks'), leaks);
  const corrupt = of('unreadable', 'suspicious');
  line(
    'corrupt',
    corrupt,
    planted.corrupt.map((name) => [name]),
    corrupt,
  );
  const conflicts = of('label-conflict', 'near-conflict');
  console.log(`${'the same image in two classes'.padEnd(34)} ${conflicts.length} false alarms`);
  const wrong = of('wrong-label');
  if (report.judgedBy === null || report.judgedBy.accuracy === null) {
    console.log(`wrong labels: not judged (${report.skipped.map(({ reason }) => reason).join('; ')})`);
    return;
  }
  line(
    'wrong labels',
    wrong,
    planted.labels.map((name) => [name]),
    wrong,
  );
  line(
    'wrong labels, the 20 surest',
    wrong.slice(0, 20),
    planted.labels.map((name) => [name]),
    wrong.slice(0, 20),
  );
  console.log(
    `cross-validated accuracy ${report.judgedBy.accuracy.toFixed(3)}, chance ${report.judgedBy.chance.toFixed(3)}`,
  );
}

async function sweep(data, copy, seed) {
  const images = drawn(data, seed).slice(0, 100);
  for (const [change, make] of Object.entries(SWEEP)) {
    const folder = path.join(copy, 'class');
    fs.rmSync(copy, { recursive: true, force: true });
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(copy, MARK), '{}\n');
    for (const [i, name] of images.entries()) {
      fs.copyFileSync(path.join(data, name), path.join(folder, `${i}-a.jpg`));
      fs.writeFileSync(path.join(folder, `${i}-b.jpg`), await make(path.join(data, name)));
    }
    const groups = check(copy)
      .findings.filter(({ kind }) => kind === 'near-duplicate')
      .map(({ files }) => files.map((file) => parseInt(path.basename(file), 10)));
    const right = groups.filter((own) => own.length === 2 && own[0] === own[1]).length;
    console.log(`${change.padEnd(26)} ${right} of ${images.length} found, ${groups.length - right} false alarms`);
  }
}

async function main() {
  const options = {
    seed: { type: 'string', default: '0' },
    model: { type: 'string' },
    sweep: { type: 'boolean', default: false },
  };
  const { positionals, values } = parseArgs({ allowPositionals: true, options });
  const [data, copy] = positionals.map((folder) => path.resolve(folder));
  if (copy === undefined) throw new Error('usage: node bench/check.js DATA COPY [--seed N] [--model MODEL] [--sweep]');
  if (fs.existsSync(copy) && !fs.existsSync(path.join(copy, MARK)))
    throw new Error(`${copy} exists and was not made by this program`);
  if (values.sweep) return sweep(data, copy, Number(values.seed));
  fs.rmSync(copy, { recursive: true, force: true });
  fs.cpSync(data, copy, { recursive: true, dereference: true });
  // The source may be read-only.
  for (const name of fs.readdirSync(copy, { recursive: true })) fs.chmodSync(path.join(copy, String(name)), 0o755);
  fs.chmodSync(copy, 0o755);
  const planted = await plant(copy, Number(values.seed));
  const report = check(copy, ...(values.model === undefined ? [] : ['--model', values.model]));
  count(copy, report, planted);
  console.log(`${report.decoded} images in ${report.seconds.toFixed(1)} s`);
  return undefined;
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
