import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { ANTS_BEES, run, scratch, type Outcome } from '../cli/run';
import { shell } from '../cli/shell';
import { SMALL_RUN, startRun } from './small-run';

// One folder, one run at a time.

const tmp = scratch();
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

async function start(output: string): Promise<ChildProcess> {
  const child = await startRun(['--epochs', '1000', '--output', output], '"kind":"step"');
  children.push(child);
  return child;
}

const train = (output: string): Promise<Outcome> => run([...SMALL_RUN, '--steps', '1', '--report', '--output', output]);

const FILES = [
  'README.md',
  'checkpoints',
  'config.json',
  'last.safetensors',
  'metrics.jsonl',
  'model.safetensors',
  'predictions.jsonl',
  'report.html',
  'report.json',
  'result.json',
];

test('of four runs at once into one folder exactly one goes on, and the others name its process', async () => {
  const output = path.join(tmp, 'parent', 'four');
  const runs = await Promise.all([1, 2, 3, 4].map(() => train(output)));
  const [good, ...refused] = runs.sort((a, b) => Number(a.code) - Number(b.code));
  expect([good?.code, good?.stderr]).toEqual([0, '']);
  for (const { code, stderr } of refused) {
    expect(code).toBe(1);
    // The last of a slow machine may find the finished run.
    expect(stderr).toMatch(/^resnet-ft: The output folder [^\n]*four (is in use by process \d+|holds a run)[^\n]*\n$/);
  }
  expect(refused.some(({ stderr }) => stderr.includes('is in use by process'))).toBe(true);
  expect(fs.readdirSync(output).sort()).toEqual(FILES);
  const metrics = fs.readFileSync(path.join(output, 'metrics.jsonl'), 'utf8').trim().split('\n');
  expect(metrics).toHaveLength(2);
});

test('runs at once without --output each have a folder of their own', async () => {
  const here = path.join(tmp, 'unnamed');
  fs.mkdirSync(here);
  const args = [...SMALL_RUN, '--crop-cache', '0', '--quiet', '--steps', '1'].map((arg) => `'${arg}'`).join(' ');
  const ran = await shell(
    `for i in 1 2 3; do resnet-ft ${args} & pids+=($!); done; for p in \${pids[@]}; do wait $p || exit; done`,
    here,
  );
  expect([ran.code, ran.stderr]).toEqual([0, '']);
  const runs = fs.readdirSync(path.join(here, 'runs'));
  expect(runs).toHaveLength(3);
  for (const name of runs) expect(fs.readdirSync(path.join(here, 'runs', name)).sort()).toEqual(FILES);
});

(process.platform === 'win32' ? describe.skip : describe)('a run that lives', () => {
  test('keeps its folder, also while it is stopped, and loses it when it is killed', async () => {
    const output = path.join(tmp, 'living');
    const child = await start(output);
    const refused = await train(output);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`is in use by process ${child.pid}.`);

    child.kill('SIGSTOP');
    expect((await train(output)).stderr).toContain(`is in use by process ${child.pid}.`);
    child.kill('SIGCONT');

    child.kill('SIGKILL');
    await once(child, 'close');
    // Nobody has it any more; but it holds a run, of which the error says what can be done.
    const after = await train(output);
    expect(after.code).toBe(1);
    expect(after.stderr).toMatch(
      /holds a run already \(config\.json\), which was stopped or killed before its end\. Go on with it: npx resnet-ft train --resume [^\n]*\n$/,
    );
    expect(fs.readdirSync(output).filter((name) => name.startsWith('.'))).toEqual([]);
    for (const name of fs.readdirSync(output)) fs.rmSync(path.join(output, name), { recursive: true });
    const again = await train(output);
    expect([again.code, again.stderr]).toEqual([0, '']);
    expect(fs.readdirSync(output).sort()).toEqual(FILES);
  });

  test('is not put aside by compare, nor joined by a second compare', async () => {
    const output = path.join(tmp, 'compared');
    const options = [
      '--rows',
      'scratch',
      '--arch',
      'resnet18',
      '--batch-size',
      '4',
      '--epochs',
      '1',
      '--device',
      'cpu',
    ];
    const compare = (): Promise<Outcome> => run(['compare', ANTS_BEES, ...options, '--output', output]);
    const child = await start(path.join(output, 'scratch'));
    const refused = await compare();
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining(`is in use by process ${child.pid}.`)]);
    expect(fs.readdirSync(output)).toEqual(['scratch']);
    child.kill('SIGKILL');
    await once(child, 'close');

    const both = await Promise.all([compare(), compare()]);
    const [good, second] = both.sort((a, b) => Number(a.code) - Number(b.code));
    expect([good?.code, good?.stderr]).toEqual([0, '']);
    expect(second?.stderr).toMatch(/^resnet-ft: The output folder [^\n]*compared is in use by process \d+\.[^\n]*\n$/);
    expect(fs.readdirSync(output).sort()).toEqual(['compare.json', 'compare.md', 'scratch', 'scratch.unfinished-1']);
  });
});

test('where the folder of runs would be stands a file: one line, and no end without end', async () => {
  const folder = fs.mkdtempSync(path.join(tmp, 'blocked-'));
  fs.writeFileSync(path.join(folder, 'runs'), '');
  const ran = await shell(`resnet-ft train '${ANTS_BEES}' --weights none --arch resnet18 --steps 1`, folder);
  expect(ran.code).toBe(1);
  expect(ran.stderr).toMatch(
    /^resnet-ft: The output folder [^\n]+ can't be written to: [^\n]*runs is a file, not a folder[^\n]+\n$/,
  );
}, 60_000);

test("a file of the user's own is left alone, whatever its name", async () => {
  const output = path.join(tmp, 'with-own-files');
  fs.mkdirSync(output);
  const own = ['.features.csv', '.features-old', 'notes.txt'];
  for (const name of own) fs.writeFileSync(path.join(output, name), 'mine');
  fs.writeFileSync(path.join(output, '.features-0'), 'left by a killed run');
  expect((await train(output)).code).toBe(0);
  const left = fs.readdirSync(output);
  expect(left).toEqual(expect.arrayContaining(own));
  expect(left).not.toContain('.features-0');
});
