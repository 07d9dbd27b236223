import fs from 'node:fs';
import path from 'node:path';
import { DEFAULT_PREPROCESSING } from '../../lib/model/describe';
import { bytesOf } from '../../lib/options/size';
import { openCropCache } from '../../lib/train/crop-storage';
import { ANTS_BEES, records, run, scratch } from '../cli/run';

const tmp = scratch();
const base = ['train', ANTS_BEES, '--weights', 'none', '--arch', 'resnet18', '--batch-size', '4', '--steps', '1'];
const common = [...base, '--device', 'cpu', '--json'];

/** The losses of a run, and what it noted. */
async function train(name: string, args: string[]): Promise<{ losses: unknown[]; notes: unknown[]; files: string[] }> {
  const output = path.join(tmp, name);
  const ran = await run([...common, '--output', output, ...args]);
  expect(ran.stderr).toBe('');
  expect(ran.code).toBe(0);
  const events = records(ran.stdout);
  const epochs = events.filter(({ kind }) => kind === 'epoch').map(({ seconds: _, ...record }) => record);
  return {
    losses: [...events.filter(({ kind }) => kind === 'step'), ...epochs],
    notes: events.filter(({ kind }) => kind === 'note').map(({ note }) => note),
    files: fs.readdirSync(output),
  };
}

test('crops in a file or from the cache train as those in memory do', async () => {
  const cacheDir = path.join(tmp, 'cache');
  const memory = await train('memory', ['--cache-dir', cacheDir]);
  expect(memory.notes).toEqual([]);

  const blocked = path.join(tmp, 'blocked');
  fs.writeFileSync(blocked, '');
  const file = await train('file', ['--crop-memory', '0', '--cache-dir', path.join(blocked, 'crops')]);
  const inFile = expect.stringMatching(/^(train|val): \d+ crops \(\d\.\d MB\) /);
  const notKept = expect.stringMatching(/^crops are not kept for later runs: .*blocked.*ENOTDIR/);
  expect(file.notes).toEqual([inFile, inFile, notKept]);
  expect(file.losses).toEqual(memory.losses);
  expect(file.files).toEqual(memory.files);

  const cached = await train('cached', ['--cache-dir', cacheDir, '--crop-memory', '2MB']);
  expect(cached.notes).toContain('20 crops of earlier runs were found in the cache');
  expect(cached.losses).toEqual(memory.losses);
});

test('the cache can be switched off, and invalid sizes are named', async () => {
  const cache = { dir: path.join(tmp, 'off'), limit: bytesOf('0'), reserve: 0 };
  expect(await openCropCache({ memory: 0, folder: '', reserve: 0, cache }, DEFAULT_PREPROCESSING)).toBeUndefined();
  const wrong = await run([...common, '--crop-memory', 'much']);
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain('--crop-memory');
});
