import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { ANTS_BEES, records, ROOT, run, scratch, type Outcome } from '../cli/run';
import { EmulatedProject, whyNotEmulated } from './emulated';

/** A CPU with all that qemu can do, bfloat16 included; its vectors are as short as Graviton4's. */
const NEWEST = 'max,sve-max-vq=1,pauth-impdef=on';

const TRAIN = ['train', ANTS_BEES, '--arch', 'resnet18', '--weights', 'none', '--epochs', '1', '--batch-size', '6'];
TRAIN.push(
  '--image-size',
  '64',
  '--threads',
  '1',
  '--precision',
  'fp32',
  '--backend',
  'native',
  '--no-report',
  '--json',
);

const IMAGES = ['ants', 'bees'].flatMap((name) => {
  const folder = path.join(ANTS_BEES, 'val', name);
  return fs.readdirSync(folder).map((file) => path.join(folder, file));
});

/** Prints the logits of images, by the folder of resnet-ft and a model. */
const LOGITS = `
const [root, file, ...images] = process.argv.slice(2);
const { loadModel } = require(root + '/dist/index.js');
(async () => {
  const model = await loadModel(file, { threads: 1, device: 'cpu', backend: 'native' });
  const logits = [];
  for await (const result of model.classifier.run(images, { batchSize: 4 })) logits.push(...result.logits);
  await model.close();
  console.log(JSON.stringify(logits));
})();
`;

/** SHA-256 of each crop that a training has kept, by that of its image; the order is that in which images were decoded. */
function cropsOf(folder: string): Map<string, string> {
  const names = fs.readdirSync(path.join(folder, 'cache')).filter((name) => name.endsWith('.crops'));
  expect(names).toHaveLength(1);
  const pack = fs.readFileSync(path.join(folder, 'cache', names[0] as string));
  const bytes = 64 * 64 * 3;
  // Crops, then an entry of 36 bytes for each, then a trailer of 52 (lib/data/crop-pack.ts).
  const count = (pack.length - 52) / (bytes + 36);
  const entry = (at: number): string => pack.toString('hex', count * bytes + at * 36, count * bytes + at * 36 + 32);
  const crop = (at: number): Buffer => pack.subarray(at * bytes, (at + 1) * bytes);
  return new Map(
    Array.from({ length: count }, (_, at) => [entry(at), createHash('sha256').update(crop(at)).digest('hex')]),
  );
}

const why = whyNotEmulated();
const onQemu = why === undefined ? describe : describe.skip;

onQemu(`Linux arm64 under qemu${why === undefined ? '' : ` (left out: ${why})`}`, () => {
  const here = scratch();
  const program = path.join(here, 'logits.cjs');
  let arm64: EmulatedProject;
  let trained: { here: Outcome; there: Outcome };

  const trainInto = (folder: string): string[] => [
    ...[...TRAIN, '--output', path.join(folder, 'run')],
    ...['--cache-dir', path.join(folder, 'cache'), '--crop-cache', '100MB'],
  ];

  beforeAll(async () => {
    fs.writeFileSync(program, LOGITS);
    arm64 = await EmulatedProject.create();
    trained = { here: await run(trainInto(here)), there: await arm64.cli(trainInto(arm64.file('.'))) };
  });
  afterAll(() => arm64?.close());

  /** What each line of doctor says, by its name; none may be a problem. */
  async function doctor(cpu?: string): Promise<Map<string, string>> {
    const { stdout } = await arm64.cli(['doctor', '--json', '--timeout', '300'], cpu);
    const { checks } = JSON.parse(stdout) as { checks: { name: string; status: string; found: string }[] };
    expect(checks.filter(({ status }) => status === 'problem')).toEqual([]);
    return new Map(checks.map(({ name, found }) => [name, found]));
  }

  test('doctor finds everything, LibTorch in its package', async () => {
    const found = await doctor();
    expect(found.get('platform')).toMatch(/^linux-arm64, glibc /);
    expect(found.get('addon')).toMatch(/prebuilt for linux-arm64\), compiled against LibTorch 2\.13/);
    expect(found.get('libtorch')).toMatch(/libtorch-linux-arm64-cpu \(from package\)$/);
    expect(found.get('precision')).toMatch(/^auto is fp32 for training/);
  });

  test('the crops of a training are those of x64 to the byte, and its losses the same to 1e-3', () => {
    for (const { code, stderr } of Object.values(trained))
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const [ours, theirs] = [cropsOf(here), cropsOf(arm64.file('.'))];
    expect(ours.size).toBe(20);
    expect(theirs).toEqual(ours);
    const losses = [trained.here, trained.there].map(({ stdout }) =>
      records(stdout).flatMap(({ kind, loss }) => (kind === 'step' ? [loss as number] : [])),
    );
    expect(losses[0]).toHaveLength(2);
    losses[1]?.forEach((loss, i) => expect(Math.abs(loss - (losses[0]?.[i] ?? NaN))).toBeLessThan(1e-3));
  });

  test('the logits of a model are those of x64 to 1e-4, and predict says the same classes', async () => {
    const model = path.join(here, 'run');
    const there = await arm64.run([program, arm64.installed, model, ...IMAGES]);
    expect(there).toMatchObject({ code: 0 });
    const ours = JSON.parse(
      execFileSync(process.execPath, [program, ROOT, model, ...IMAGES], { encoding: 'utf8' }),
    ) as number[];
    const theirs = JSON.parse(there.stdout) as number[];
    expect(theirs).toHaveLength(2 * IMAGES.length);
    theirs.forEach((logit, i) => expect(Math.abs(logit - (ours[i] ?? NaN))).toBeLessThan(1e-4));
    const classes = ({ stdout }: Outcome): unknown[] => records(stdout).map((record) => record['class']);
    const predict = ['predict', model, ...IMAGES, '--threads', '1', '--json'];
    expect(classes(await arm64.cli(predict))).toEqual(classes(await run(predict)));
  });

  // LibTorch has no fast backward pass in bfloat16 there: a step takes several times as long.
  test('training is in float32 on a CPU with bfloat16 too', async () => {
    expect((await doctor(NEWEST)).get('precision')).toMatch(/^auto is fp32 for training .*bfloat16 of Arm CPUs$/);
  });
});
