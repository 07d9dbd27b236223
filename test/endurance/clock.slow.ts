import fs from 'node:fs';
import path from 'node:path';
import { compileLibrary } from '../c-library';
import { records, run, scratch } from '../cli/run';
import { IMAGE } from '../serve/server';
import { BUILT_FOR_SEVERAL } from '../team/built';
import { resultsOf, SHORT_RUN } from '../train/resume-runs';

// Somebody sets the system's clock while a run goes on, by up to an hour, forward and back, every few times that it is asked for.

const tmp = scratch();
const library = compileLibrary(path.join(__dirname, 'jumping-clock.c'), tmp);
const jumping = { env: { LD_PRELOAD: library } };
const jumps = library === undefined ? test.skip : test;

/** Every duration that a run wrote. */
const durations = (folder: string): number[] => {
  const lines = records(fs.readFileSync(path.join(folder, 'metrics.jsonl'), 'utf8'));
  const result = JSON.parse(fs.readFileSync(path.join(folder, 'result.json'), 'utf8')) as Record<string, unknown>;
  return [...lines, result].map(({ seconds }) => seconds).filter((value) => typeof value === 'number');
};

jumps('a run comes to the same, and its times are those that passed', async () => {
  const args = [...SHORT_RUN, '--epochs', '2', '--max-time', '30m'];
  const whole = await run([...args, '--output', path.join(tmp, 'whole')]);
  const jumped = await run([...args, '--output', path.join(tmp, 'jumped')], jumping);
  expect([whole.code, jumped.code, jumped.stderr]).toEqual([0, 0, '']);
  expect(await resultsOf(path.join(tmp, 'jumped'))).toEqual(await resultsOf(path.join(tmp, 'whole')));
  const times = durations(path.join(tmp, 'jumped'));
  expect(times.length).toBeGreaterThan(2);
  for (const seconds of times) expect(seconds > 0 && seconds < 600).toBe(true);
});

jumps('a run goes on from what it saved, and a model predicts', async () => {
  const folder = path.join(tmp, 'gone-on');
  for (const given of [
    [...SHORT_RUN, '--epochs', '1', '--output', folder],
    ['train', '--resume', folder, '--epochs', '2'],
  ]) {
    expect(await run(given, jumping)).toMatchObject({ code: 0, stderr: '' });
  }
  const [answer] = records((await run(['predict', folder, IMAGE, '--json'], jumping)).stdout);
  const [plain] = records((await run(['predict', folder, IMAGE, '--json'])).stdout);
  expect(answer).toEqual(plain);
});

(BUILT_FOR_SEVERAL ? jumps : test.skip)('several processes do not take one another for dead', async () => {
  const args = [...SHORT_RUN, '--epochs', '2', '--nproc', '2', '--output', path.join(tmp, 'several')];
  expect(await run(args, jumping)).toMatchObject({ code: 0, stderr: '' });
});
