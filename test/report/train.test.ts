import fs from 'node:fs';
import path from 'node:path';
import { openPage, withBrowser } from '../browser/browser';
import { records, run, scratch } from '../cli/run';
import { SMALL_RUN, startRun } from '../train/small-run';

const tmp = scratch();
const folder = path.join(tmp, 'run');
const file = path.join(folder, 'report.html');

let stdout: string;
beforeAll(async () => {
  const args = [...SMALL_RUN, '--epochs', '2', '--mixup', '0.4', '--output', folder, '--report', '--json'];
  const outcome = await run(args);
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  ({ stdout } = outcome);
});

test('train ends with a page about the run in its folder, and says where it is', () => {
  expect(records(stdout).slice(-2)).toMatchObject([{ kind: 'report', file }, { kind: 'done' }]);
  const text = fs.readFileSync(file, 'utf8');
  expect(text).toContain('<h1>run</h1>');
  expect(text.length).toBeLessThan(1e6);
  // Two epochs' batches of four images, mixed.
  const { batches, phases } = JSON.parse(fs.readFileSync(path.join(folder, 'report.json'), 'utf8'));
  expect(batches.map(({ epoch, images }: { epoch: number; images: unknown[] }) => [epoch, images.length])).toEqual([
    [1, 4],
    [2, 4],
  ]);
  expect(phases.map(({ name }: { name: string }) => name)).toEqual(
    expect.arrayContaining(['Reading images', 'Training', 'Validation', 'Saving']),
  );
});

test('report makes the same page again', async () => {
  const before = fs.readFileSync(file, 'utf8');
  fs.rmSync(file);
  const outcome = await run(['report', folder, '--json']);
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(outcome.stdout)).toEqual({ file, runs: [folder], notes: [] });
  expect(fs.readFileSync(file, 'utf8')).toBe(before);
});

withBrowser('the page of a real run', () => {
  test('has its curves, its images with what decided, and no complaints', async () => {
    const { page, complaints, requests, axe, tooWide, close } = await openPage(file, { width: 390, colors: 'dark' });
    expect(await page.locator('svg.chart').count()).toBe(3);
    expect(await page.locator('#images li img').count()).toBe(8);
    expect(await page.locator('#batches li img').count()).toBe(8);
    // All images are among the least certain: each with its evidence.
    expect(await page.locator('#mistakes .gallery').last().locator('img[alt^="Where the evidence"]').count()).toBe(8);
    expect(complaints).toEqual([]);
    expect(requests).toEqual([]);
    expect(await axe()).toEqual([]);
    expect(await tooWide()).toEqual([]);
    await close();
  });
});

test('where the network sees the whole image as one cell, the page says so and shows no picture of it', async () => {
  const output = path.join(tmp, 'one-cell');
  const outcome = await run([...SMALL_RUN, '--steps', '1', '--image-size', '32', '--report', '--output', output]);
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  const text = fs.readFileSync(path.join(output, 'report.html'), 'utf8');
  expect(text).toMatch(/the map of\s+layer4\s+has\s+a\s+single\s+cell/);
  expect(text).not.toContain('alt="Where the evidence for');
  expect(text).not.toContain('yellow');
});

test('--no-report leaves it out, and changes nothing else', async () => {
  const plain = path.join(tmp, 'plain');
  const outcome = await run([
    ...SMALL_RUN,
    '--epochs',
    '2',
    '--mixup',
    '0.4',
    '--output',
    plain,
    '--no-report',
    '--json',
  ]);
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  expect(records(outcome.stdout).map(({ kind }) => kind)).not.toContain('report');
  const files = (of: string): string[] => fs.readdirSync(of).filter((name) => !name.startsWith('report.'));
  expect(fs.readdirSync(plain)).toEqual(files(folder));
  const withoutSeconds = (of: string): unknown[] =>
    records(fs.readFileSync(path.join(of, 'metrics.jsonl'), 'utf8')).map(({ seconds: _, ...record }) => record);
  expect(withoutSeconds(plain)).toEqual(withoutSeconds(folder));
  expect(fs.readFileSync(path.join(plain, 'predictions.jsonl'))).toEqual(
    fs.readFileSync(path.join(folder, 'predictions.jsonl')),
  );
});

test('a run that is stopped has a page of what there was, which says so', async () => {
  const stopped = path.join(tmp, 'stopped');
  const child = await startRun(['--epochs', '50', '--output', stopped], '"kind":"epoch","epoch":2');
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  const text = fs.readFileSync(path.join(stopped, 'report.html'), 'utf8');
  expect(text).toMatch(/The run did not finish: these are its results after [23] epochs/);
  expect(text).toContain('--resume');
  // Of the best epoch so far.
  expect(text).toContain('id="confusion"');
  expect(text).toContain('<dt>Best so far</dt>');
  // From the folder alone there are no predictions yet.
  expect(await run(['report', stopped])).toMatchObject({ code: 0 });
  expect(fs.readFileSync(path.join(stopped, 'report.html'), 'utf8')).toContain('id="loss-plot-title"');
});

test('a report that cannot be written never fails the training: a note says why', async () => {
  const output = path.join(tmp, 'blocked');
  // What stands in the way.
  const block = (text: string): void => {
    if (text.includes('"kind":"start"')) fs.mkdirSync(path.join(output, 'report.html', 'full'), { recursive: true });
  };
  const outcome = await run([...SMALL_RUN, '--steps', '1', '--output', output, '--report', '--json'], {
    onStdout: block,
  });
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  const note = expect.stringMatching(/^report\.html was not written: .*report\.html/);
  expect(records(outcome.stdout).slice(-2)).toMatchObject([{ kind: 'note', note }, { kind: 'done' }]);
});
