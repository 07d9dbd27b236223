import path from 'node:path';
import { run, scratch } from '../cli/run';
import { inSlowSuite, slowRows } from '../slow';
import { killAndResume, repeatableRandom, resultsOf, SHORT_RUN } from './resume-runs';

// A process is killed at any moment, and the run that goes on comes to the same weights and figures, to the bit.

const tmp = scratch();
const unix = process.platform === 'win32' ? test.skip : test;

unix.each<[name: string, given: string[], kills: number]>([
  ...slowRows<[string, string[], number]>(
    ['the tutorial', ['--keep', 'min-batch-loss'], 3],
    ['frozen modules', ['--train-from', 'layer4', '--accumulate', '2'], 3],
  ),
  [
    'all that is averaged and drawn',
    [
      ...['--optimizer', 'adamw', '--lr', '0.001', '--schedule', 'cosine', '--warmup', '0.2', '--ema', '0.9'],
      ...['--crop-scale', '0.35..1', '--color-jitter', '0.3', '--mixup', '0.2', '--sampling', 'balanced'],
    ],
    inSlowSuite(3, 1),
  ],
])(
  'a run with %s that was killed comes to what one that was not comes to',
  async (name, given, kills) => {
    const plain = name.startsWith('all') ? SHORT_RUN.slice(0, SHORT_RUN.indexOf('--momentum')) : SHORT_RUN;
    const args = [...plain, ...given, '--epochs', '4'];
    const folder = path.join(tmp, String(given.length));
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
