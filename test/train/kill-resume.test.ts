import path from 'node:path';
import { run, scratch } from '../cli/run';
import { killAndResume, repeatableRandom, resultsOf, SHORT_RUN } from './resume-runs';

// A process is killed at any moment, and the run that goes on comes to the same weights and figures, to the bit.

const tmp = scratch();
const unix = process.platform === 'win32' ? test.skip : test;

unix.each([
  ['torch', 15],
  ['counter', 15],
] as const)(
  'a run with draws of %s that was killed at %i moments ends as one that was not',
  async (draws, kills) => {
    const args = [...SHORT_RUN, '--draws', draws, '--epochs', '4'];
    const folder = path.join(tmp, draws);
    const begun = performance.now();
    const whole = await run([...args, '--output', path.join(folder, 'whole')]);
    expect([whole.code, whole.stderr]).toEqual([0, '']);
    const length = performance.now() - begun;
    const expected = await resultsOf(path.join(folder, 'whole'));
    const results = await killAndResume(folder, args, { kills, length, random: repeatableRandom(kills) });
    for (const result of results) expect(result).toEqual(expected);
  },
  600_000,
);
