import path from 'node:path';
import { run, scratch } from '../cli/run';
import { killAndResume, repeatableRandom, resultsOf, SHORT_RUN } from './resume-runs';

// As kill-resume.test.ts, more often.

const tmp = scratch();

test('a run that was killed at 200 moments ends as one that was not', async () => {
  const args = [...SHORT_RUN, '--epochs', '4'];
  const begun = performance.now();
  const whole = await run([...args, '--output', path.join(tmp, 'whole')]);
  expect([whole.code, whole.stderr]).toEqual([0, '']);
  const length = performance.now() - begun;
  const expected = await resultsOf(path.join(tmp, 'whole'));
  const results = await killAndResume(tmp, args, { kills: 200, length, random: repeatableRandom(200) });
  for (const result of results) expect(result).toEqual(expected);
}, 3_600_000);
