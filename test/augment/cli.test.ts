import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { run, scratch } from '../cli/run';
import { SMALL_RUN } from '../train/small-run';

const tmp = scratch();
const EVERYTHING = [
  ...['--crop-scale', '0.35..1', '--vflip', '0.1', '--rotate', '10', '--color-jitter', '0.4,0.4,0.4,0.1'],
  ...['--trivial-augment', '--erasing', '0.2', '--mixup', '0.2', '--cutmix', '1'],
];

/** What comes after the header, which names the output folder. */
const tensorBytes = (file: Buffer): Buffer => file.subarray(8 + Number(file.readBigUInt64LE()));

/** Trains for three steps; the last weights and what the run says. */
async function train(name: string, args: string[]) {
  const output = path.join(tmp, name);
  const small = [...SMALL_RUN, '--threads', '1', '--steps', '3', '--keep', 'last'];
  const ran = await run([...small, '--output', output, ...args]);
  expect([ran.code, ran.stderr]).toEqual([0, '']);
  const read = (file: string): Buffer => fs.readFileSync(path.join(output, file));
  return {
    sha: crypto
      .createHash('sha256')
      .update(tensorBytes(read('model.safetensors')))
      .digest('hex'),
    options: (JSON.parse(read('config.json').toString()) as { options: Record<string, unknown> }).options,
    stdout: ran.stdout,
    files: fs.readdirSync(output).sort(),
  };
}

test('an augmented run repeats to the bit, whatever the threads and wherever its images are', async () => {
  const first = await train('first', [...EVERYTHING, '--augment-threads', '1']);
  expect(first.options).toMatchObject({ draws: 'counter', cropScale: '0.35..1', mixup: 0.2, hflip: 0.5 });
  const second = await train('second', [...EVERYTHING, '--augment-threads', '3', '--crop-memory', '0']);
  expect(second.stdout).toMatch(
    /train: [\d.]+ MB of [\d.]+ MB of images are kept in a file of the output folder, not in memory/,
  );
  expect(second.sha).toBe(first.sha);
  expect(second.files).toEqual(first.files);
  const plain = await train('plain', ['--draws', 'counter']);
  expect(plain.sha).not.toBe(first.sha);
  const seeded = await train('seeded', [...EVERYTHING, '--seed', '1']);
  expect(seeded.sha).not.toBe(first.sha);
});

test('views of images go with kept features', async () => {
  const args = ['--train-from', 'fc', '--crop-scale', '0.5..1', '--cache-views', '2'];
  const kept = await train('views', args);
  const computed = await train('no-room', [...args, '--cache-memory', '0', '--cache-disk', '0']);
  expect(kept.options).toMatchObject({ cacheViews: 2, draws: 'counter' });
  expect(computed.sha).toBe(kept.sha);
  const advice = /computed each time; --cache-views K keeps those of K views/;
  expect(kept.stdout).not.toMatch(advice);
  const anew = await train('anew', args.slice(0, -2));
  expect(anew.stdout).toMatch(advice);
  // In the first two epochs there is no difference but for that.
  expect(anew.sha).toBe(kept.sha);
});

test("with torch's draws it is refused before any work", async () => {
  const output = path.join(tmp, 'refused');
  const ran = await run([...SMALL_RUN, '--output', output, '--crop-scale', '0.35..1', '--draws', 'torch']);
  expect(ran).toEqual({
    code: 2,
    stdout: '',
    stderr:
      "resnet-ft: Expected counter for --draws but received torch. Of torch's own random numbers only mirroring is drawn; leave --draws out\n",
  });
  expect(fs.existsSync(output)).toBe(false);
});

test('the js backend says that it has none of it, and what does', async () => {
  const ran = await run([...SMALL_RUN, '--backend', 'js', '--crop-scale', '0.35..1', '--output', path.join(tmp, 'js')]);
  expect(ran.code).toBe(1);
  expect(ran.stderr).toMatch(
    /^resnet-ft: The backend js[^\n]* does not have the augmentation random-resized-crop\. With LibTorch: [^\n]*--crop-scale 0\.35\.\.1 [^\n]*--backend native\n$/,
  );
});
