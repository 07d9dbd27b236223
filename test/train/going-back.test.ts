import fs from 'node:fs';
import path from 'node:path';
import { run, scratch, type Outcome } from '../cli/run';
import { resultsOf, SHORT_RUN } from './resume-runs';

// A finished run goes back to an older checkpoint of its own.

const tmp = scratch();
const output = path.join(tmp, 'run');
const [older, newer] = ['step-00000003', 'step-00000006'].map((name) =>
  path.join(output, 'checkpoints', `${name}.safetensors`),
) as [string, string];
const metrics = path.join(output, 'metrics.jsonl');
const resume = (from: string, ...more: string[]): Promise<Outcome> => run(['train', '--resume', from, ...more]);

beforeAll(async () => {
  const began = await run([...SHORT_RUN, '--train-from', 'fc', '--epochs', '1', '--output', output]);
  expect([began.code, began.stderr]).toEqual([0, '']);
  // Whichever of its epochs is the best one.
  fs.copyFileSync(older, path.join(tmp, 'older'));
  const ended = await resume(output, '--epochs', '2');
  expect([ended.code, ended.stderr]).toEqual([0, '']);
  fs.copyFileSync(path.join(tmp, 'older'), older);
}, 300_000);

test('where the metrics are not those of the run, nothing is taken away', async () => {
  const kept = path.join(tmp, 'metrics');
  fs.renameSync(metrics, kept);
  const refused = await resume(older);
  fs.renameSync(kept, metrics);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('metrics.jsonl has 0 bytes, and had ')]);
  expect([newer, path.join(output, 'result.json')].filter((file) => !fs.existsSync(file))).toEqual([]);
});

test('killed meanwhile, it goes on by its folder', async () => {
  const expected = await resultsOf(output);
  for (const killed of ['kill(); truncateSync(...args);', 'truncateSync(...args); kill();']) {
    const hook = path.join(tmp, 'kill.cjs');
    const replacing = `const fs = require('node:fs'); const { truncateSync } = fs;
      const kill = () => process.kill(process.pid, 'SIGKILL');
      fs.truncateSync = (...args) => { ${killed} };`;
    fs.writeFileSync(hook, replacing);
    const env = { NODE_OPTIONS: `--require ${JSON.stringify(hook)}` };
    expect((await run(['train', '--resume', older], { env })).code).toBe(null);
  }
  const ran = await resume(output);
  expect([ran.code, ran.stderr]).toEqual([0, '']);
  expect(await resultsOf(output)).toEqual(expected);
});
