import fs from 'node:fs';
import path from 'node:path';
import type { CompareResult } from '../../lib/compare/types';
import type { EvalResult } from '../../lib/eval/types';
import { buildNetwork } from '../../lib/network/architecture';
import { ANTS_BEES, records, run, scratch } from '../cli/run';
import { madeWeights } from '../made-weights';

const tmp = scratch();
const output = path.join(tmp, 'compare');
const recipe = ['--arch', 'resnet18', '--batch-size', '4', '--epochs', '1', '--device', 'cpu'];

async function compare(...args: string[]): Promise<CompareResult> {
  const ran = await run(['compare', ANTS_BEES, ...recipe, '--output', output, '--json', ...args]);
  expect(ran.stderr).toBe('');
  expect(ran.code).toBe(0);
  const done = records(ran.stdout).at(-1);
  expect(done).toMatchObject({ kind: 'done' });
  return done as unknown as CompareResult;
}

test('the rows are what train and eval give, and what is finished is not run again', async () => {
  const weights = path.join(tmp, 'made.pth');
  await madeWeights(weights, { network: buildNetwork('resnet18', 1000), seed: 3 });

  const first = await compare('--rows', 'scratch');
  expect(first.rows.map(({ row, images, reused }) => [row, images, reused])).toEqual([['scratch', 8, false]]);
  const model = path.join(output, 'scratch', 'model.safetensors');
  const changed = fs.statSync(model).mtimeMs;

  // The same steps by train, and its model by eval.
  const trained = path.join(tmp, 'trained');
  const flags = ['--weights', 'none', '--keep', 'min-batch-loss', '--output', trained, '--quiet'];
  expect((await run(['train', ANTS_BEES, ...recipe, ...flags])).code).toBe(0);
  const evaluated = await run(['eval', trained, ANTS_BEES, '--device', 'cpu', '--json']);
  const { correct, images, loss } = JSON.parse(evaluated.stdout) as EvalResult;
  expect(first.rows[0]).toMatchObject({ correct, images });
  expect(first.rows[0]?.loss).toBeCloseTo(loss, 5);

  // A run that was interrupted: its folder is put aside, not deleted, and the row runs.
  fs.mkdirSync(path.join(output, 'fine-tuned'));
  fs.writeFileSync(path.join(output, 'fine-tuned', 'config.json'), '{}');
  const all = await compare('--weights', weights);
  expect(all.rows.map(({ row, reused }) => [row, reused])).toEqual([
    ['pretrained', false],
    ['fine-tuned', false],
    ['scratch', true],
  ]);
  expect(all.rows[2]).toEqual({ ...first.rows[0], reused: true });
  expect(fs.statSync(model).mtimeMs).toBe(changed);
  expect(fs.readFileSync(path.join(output, 'fine-tuned.unfinished-1', 'config.json'), 'utf8')).toBe('{}');

  const pretrained = await run(['eval', weights, ANTS_BEES, '--device', 'cpu', '--json', '--batch-size', '4']);
  const asItIs = JSON.parse(pretrained.stdout) as EvalResult;
  expect(all.rows[0]).toMatchObject({ correct: asItIs.correct, images: 8, interval: asItIs.interval });
  expect(fs.readFileSync(path.join(output, 'compare.md'), 'utf8')).toMatch(
    /^\| from scratch \| \d\/8 \| [\d.]+ % \| /m,
  );
  expect(JSON.parse(fs.readFileSync(path.join(output, 'compare.json'), 'utf8'))).toMatchObject({ rows: all.rows });

  // The table keeps the rows that were not asked for this time.
  const table = fs.readFileSync(path.join(output, 'compare.md'), 'utf8');
  const few = await compare('--rows', 'fine-tuned', '--weights', weights);
  expect(few.rows.map(({ row, reused }) => [row, reused])).toEqual([['fine-tuned', true]]);
  expect(fs.readFileSync(path.join(output, 'compare.md'), 'utf8')).toBe(table);
  const kept = JSON.parse(fs.readFileSync(path.join(output, 'compare.json'), 'utf8')) as CompareResult;
  expect(kept.rows).toEqual(all.rows.map((row) => ({ ...row, reused: true })));
  // But not those of other weights.
  await compare('--rows', 'scratch');
  expect(fs.readFileSync(path.join(output, 'compare.md'), 'utf8')).toBe(
    table
      .split('\n')
      .filter((line) => !line.startsWith('| pretrained'))
      .join('\n'),
  );

  // Another recipe must not mix with these rows.
  const other = ['--epochs', '3', '--output', output, '--rows', 'scratch'];
  const refused = await run(['compare', ANTS_BEES, ...recipe, ...other]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(
    /scratch was made with 1 for --epochs, not 3\. Choose another folder with --output\n$/,
  );
});

test('a row that is finished is not taken for one of other images in the same folder', async () => {
  const weights = path.join(tmp, 'images.pth');
  await madeWeights(weights, { network: buildNetwork('resnet18', 1000), seed: 3 });
  const data = path.join(tmp, 'images');
  fs.cpSync(ANTS_BEES, data, { recursive: true });
  const args = ['--rows', 'pretrained,scratch', '--weights', weights, '--epochs', '1', '--image-size', '64'];
  const again = (): ReturnType<typeof run> =>
    run(['compare', data, ...recipe, ...args, '--output', path.join(tmp, 'of-images'), '--json']);
  expect(await again()).toMatchObject({ code: 0, stderr: '' });
  const train = path.join(data, 'train', 'ants');
  const val = path.join(data, 'val', 'ants');
  // Another training image changes nothing for the network as it is.
  const [first = ''] = fs.readdirSync(train);
  fs.copyFileSync(path.join(train, first), path.join(train, `more-${first}`));
  expect(await again()).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /scratch was made with other images: class ants of the training images has 7 images and had 6\. Choose another folder with --output\n$/,
    ) as string,
  });
  fs.rmSync(path.join(train, `more-${first}`));
  const done = records((await again()).stdout).at(-1) as unknown as CompareResult;
  expect(done.rows.map(({ row, reused }) => [row, reused])).toEqual([
    ['pretrained', true],
    ['scratch', true],
  ]);
  const [of = ''] = fs.readdirSync(val);
  fs.appendFileSync(path.join(val, of), ' ');
  expect((await again()).stderr).toMatch(
    /pretrained was made with other images: class ants of the validation images has files of other names or sizes/,
  );
});

test('a row that does not exist', async () => {
  const ran = await run(['compare', ANTS_BEES, '--rows', 'scratch,tuned']);
  expect([ran.code, ran.stderr]).toEqual([2, expect.stringMatching(/--rows but received scratch,tuned/)]);
});

test('every row computes with the backend that was asked for', async () => {
  const weights = path.join(tmp, 'backend.pth');
  await madeWeights(weights, { network: buildNetwork('resnet18', 1000), seed: 3 });
  const small = ['--arch', 'resnet18', '--image-size', '64'];
  const args = ['--rows', 'pretrained', '--weights', weights, ...small, '--backend', 'js', '--json'];
  const ran = await run(['compare', ANTS_BEES, ...args, '--output', path.join(tmp, 'js')]);
  expect(ran.code).toBe(0);
  const events = records(ran.stdout).map(({ event }) => event as { kind: string; note: string } | undefined);
  expect(events.find((event) => event?.kind === 'device')?.note).toMatch(/^backend js/);
});

test('a row that is stopped says that the same command begins it anew', async () => {
  const stopped = path.join(tmp, 'stopped');
  let sent = false;
  const args = ['--rows', 'scratch', '--image-size', '64', '--epochs', '1000', '--output', stopped, '--json'];
  const { code, stderr } = await run(['compare', ANTS_BEES, ...recipe, ...args], {
    onStdout: (text, child) => {
      if (!sent && text.includes('"kind":"step"')) child.kill('SIGTERM');
      sent ||= text.includes('"kind":"step"');
    },
  });
  expect(code).toBe(143);
  expect(stderr).toMatch(/The same command begins this row anew, and keeps those that are finished\n$/);
  expect(stderr).not.toContain('--resume');
});
