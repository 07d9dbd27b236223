import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { PREPROCESSING, type Preprocessing } from '../../lib/options';
import { ANTS_BEES, records, ROOT, run, scratch } from '../cli/run';
import { makeTensors, writeModel } from './made-model';

// The package is fetched by the test: as a devDependency it would bring onnxruntime-web, over 100 MB, of which Node.js uses nothing. Its
// other dependencies are among ours.

const VERSION = '4.3.2';
const tmp = scratch();
const folder = path.join(tmp, 'package');

beforeAll(() => {
  const packed = execFileSync('npm', ['pack', `@huggingface/transformers@${VERSION}`, '--pack-destination', tmp], {
    encoding: 'utf8',
    cwd: tmp,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  execFileSync('tar', ['xf', path.join(tmp, packed.trim()), '-C', tmp]);
  fs.mkdirSync(path.join(folder, 'node_modules'));
  for (const name of ['sharp', 'onnxruntime-node', 'onnxruntime-common']) {
    fs.symlinkSync(path.join(ROOT, 'node_modules', name), path.join(folder, 'node_modules', name));
  }
}, 300_000);

const IMAGES = ['val/ants', 'val/bees', 'train/bees'].flatMap((of) =>
  fs.readdirSync(path.join(ANTS_BEES, of)).map((name) => path.join(ANTS_BEES, of, name)),
);

/** Class names that are properties of objects, or numbers, must not come to be others. */
const CLASSES = ['__proto__', 'constructor', '10', '2', '"<b>', '蜜蜂 🐝'];

test.each<[string, Partial<Preprocessing>, number | undefined]>([
  ['a crop', {}, undefined],
  ['black bars', { resize: 160, crop: 160, fit: 'pad', interpolation: 'bicubic' }, undefined],
  ['out of shape', { resize: 160, crop: 160, fit: 'stretch' }, undefined],
  ['a calibrated model', {}, 2.5],
])(
  "transformers.js' pipeline takes the folder as it is, and says what we say: %s",
  async (name, other, temperature) => {
    const preprocessing = { ...PREPROCESSING, ...other };
    const card = { arch: 'resnet18' as const, classes: CLASSES, preprocessing, temperature };
    const model = path.join(tmp, `${name}.safetensors`);
    await writeModel(model, card, makeTensors(card));
    const output = `${path.join(tmp, name.replaceAll(' ', '-'))}/`;
    expect(await run(['export', model, '--format', 'onnx', '--output', output])).toMatchObject({ code: 0, stderr: '' });
    const script = path.join(__dirname, 'transformers-pipeline.js');
    const said = JSON.parse(
      execFileSync(process.execPath, [script, folder, output, ...IMAGES], { encoding: 'utf8' }),
    ) as { label: string; score: number }[][];
    const args = ['--json', '--top-k', String(CLASSES.length), '--device', 'cpu'];
    const predicted = await run(['predict', model, ...IMAGES, ...args]);
    expect(predicted).toMatchObject({ code: 0, stderr: '' });
    const ours = records(predicted.stdout) as { top: { class: string; probability: number }[] }[];
    const differences = ours.flatMap(({ top }, i) => {
      const row = said[i] ?? [];
      expect(row.map(({ label }) => label).sort()).toEqual([...CLASSES].sort());
      return top.map(({ class: of, probability }) =>
        Math.abs(probability - (row.find(({ label }) => label === of)?.score ?? NaN)),
      );
    });
    expect(differences).toHaveLength(IMAGES.length * CLASSES.length);
    // Its resize has no antialiasing: docs/model-card.md has the figures of ants and bees.
    expect(differences.reduce((sum, one) => sum + one, 0) / differences.length).toBeLessThan(0.03);
  },
  120_000,
);
