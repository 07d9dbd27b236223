import fs from 'node:fs';
import path from 'node:path';
import { takeFolderOfRuns, RunFolder } from '../../lib/train/run-folder';
import { resolveTrainOptions } from '../../lib/options';
import { run, scratch } from '../cli/run';
import { SMALL_RUN } from './small-run';

// What is in an output folder before a run begins: nothing of it is written over.

const tmp = scratch();

/** A folder of files that hold their names. */
function folderOf(...files: string[]): string {
  const folder = fs.mkdtempSync(path.join(tmp, 'folder-'));
  for (const file of files) {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.writeFileSync(path.join(folder, file), file);
  }
  return folder;
}

const control = { signal: new AbortController().signal, emit: () => {} } as unknown as Parameters<
  typeof takeFolderOfRuns
>[1];

const refusal = async (folder: string): Promise<string> =>
  RunFolder.prepare(folder).then(
    async (taken) => (await taken.close(), 'taken'),
    (error: Error & { hint?: string }) => `${error.message}. ${error.hint ?? ''}`.replaceAll(folder, 'OUT'),
  );

const severalRefusal = async (folder: string): Promise<string> =>
  takeFolderOfRuns(folder, control).then(
    async (taken) => (await taken.release(), 'taken'),
    (error: Error & { hint?: string }) => `${error.message}. ${error.hint ?? ''}`.replaceAll(folder, 'OUT'),
  );

const OTHER = 'Choose another folder with --output';

test.each([
  'model.safetensors',
  'last.safetensors',
  'result.json',
  'predictions.jsonl',
  'skipped.jsonl',
  'report.html',
  'report.json',
  'metrics.jsonl',
  'checkpoints/step-00000005.safetensors',
])('a folder that has %s is refused, and keeps it', async (file) => {
  const folder = folderOf(file, 'notes.txt');
  expect(await refusal(folder)).toBe(
    `The output folder OUT already has ${file}, which this run would overwrite. ${OTHER}`,
  );
  expect(fs.readFileSync(path.join(folder, file), 'utf8')).toBe(file);
});

test('files that no run writes, and an empty folder of checkpoints, are no reason', async () => {
  const folder = folderOf('README.md', 'notes.txt', 'weights.safetensors', 'checkpoints/mine.txt');
  expect(await refusal(folder)).toBe('taken');
  fs.rmSync(path.join(folder, 'checkpoints', 'mine.txt'));
  expect(await refusal(folder)).toBe('taken');
  expect(fs.readFileSync(path.join(folder, 'README.md'), 'utf8')).toBe('README.md');
});

test.each(['{}', '{"architectures": ["ResNetForImageClassification"], "model_type": "resnet"}', 'no JSON', ''])(
  'a config.json of others (%j) is not called a run',
  async (text) => {
    const folder = folderOf('model.safetensors');
    fs.writeFileSync(path.join(folder, 'config.json'), text);
    const told = `The output folder OUT has a config.json that is not of resnet-ft, or is damaged. ${OTHER}`;
    expect(await refusal(folder)).toBe(told);
    expect(await severalRefusal(folder)).toBe(told);
  },
);

test('a repeats.json of others is not called several trainings', async () => {
  const folder = folderOf();
  fs.writeFileSync(path.join(folder, 'repeats.json'), '{"again": true}');
  expect(await refusal(folder)).toBe(
    `The output folder OUT has a repeats.json that is not of resnet-ft, or is damaged. ${OTHER}`,
  );
});

test('a config.json of ours is, and how to go on is told', async () => {
  const folder = folderOf();
  const preprocessing = { resize: 256, crop: 224, mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2] };
  const config = { options: resolveTrainOptions({ data: 'photos' }), classes: ['ants', 'bees'], preprocessing };
  fs.writeFileSync(path.join(folder, 'config.json'), JSON.stringify(config));
  expect(await refusal(folder)).toBe(
    `The output folder OUT holds a run already (config.json), which was stopped or killed before its end. Go on with it: npx resnet-ft train --resume OUT. Or choose another folder with --output`,
  );
  fs.writeFileSync(path.join(folder, 'result.json'), '{}');
  expect(await refusal(folder)).toBe(`The output folder OUT holds a run already (config.json). ${OTHER}`);
});

describe('a folder that can not be looked into', () => {
  afterEach(() => jest.restoreAllMocks());

  (process.platform === 'win32' ? test.skip : test)('is refused for its checkpoints, and let go of', async () => {
    const folder = folderOf();
    const checkpoints = path.join(folder, 'checkpoints');
    fs.symlinkSync('checkpoints', checkpoints);
    expect(await refusal(folder)).toMatch(
      /^The output folder OUT has checkpoints, which can't be looked at: .*ELOOP.*\. Choose another folder/,
    );
    expect(fs.readdirSync(folder)).toEqual(['checkpoints']);
    fs.rmSync(checkpoints);
    expect(await refusal(folder)).toBe('taken');
  });

  test.each([
    ['a run', refusal, 'model.safetensors'],
    ['several trainings', severalRefusal, 'predictions.jsonl'],
  ])('by %s is refused, and let go of', async (_, refusedTo, name) => {
    const folder = path.join(folderOf(), 'new');
    jest.spyOn(fs, 'lstatSync').mockImplementationOnce((file) => {
      throw Object.assign(new Error('mine'), { code: 'EIO', errno: -5, syscall: 'lstat', path: file });
    });
    expect(await refusedTo(folder)).toBe(
      `The output folder OUT has ${name}, which can't be looked at: i/o error (EIO). ${OTHER}`,
    );
    // As it was before.
    expect(fs.existsSync(folder)).toBe(false);
    expect(await refusedTo(folder)).toBe('taken');
  });
});

test('several trainings leave alone what is in their folder, and take one of a model that they do not write', async () => {
  for (const file of ['predictions.jsonl', 'folds.json', 'seeds.json']) {
    expect(await severalRefusal(folderOf(file))).toBe(
      `The output folder OUT already has ${file}, which this run would overwrite. ${OTHER}`,
    );
  }
  expect(await severalRefusal(folderOf('model.safetensors'))).toBe('taken');
  const plan = { by: 'folds', count: 2, options: { data: 'photos' } };
  const folder = folderOf('predictions.jsonl', 'folds.json');
  fs.writeFileSync(path.join(folder, 'repeats.json'), JSON.stringify(plan));
  expect(await severalRefusal(folder)).toBe('taken');
});

test('train says so before it begins, also where --resume names the folder, and with --folds of that of a fold', async () => {
  const folder = folderOf('model.safetensors', 'checkpoints/step-00000005.safetensors');
  for (const option of ['--output', '--resume']) {
    expect(await run([...SMALL_RUN, '--steps', '1', option, folder])).toMatchObject({
      code: 1,
      stderr: `resnet-ft: The output folder ${folder} already has model.safetensors, which this run would overwrite. ${OTHER}\n`,
    });
  }
  const several = folderOf('fold-1/model.safetensors');
  const ran = await run([...SMALL_RUN, '--steps', '1', '--folds', '2', '--output', several]);
  expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining('fold-1 already has model.safetensors, which')]);
  expect(fs.readdirSync(several)).toEqual(['fold-1']);
  expect(fs.readdirSync(folder).sort()).toEqual(['checkpoints', 'model.safetensors']);
}, 120_000);
