import { scratch } from '../cli/run';
import { killRuns } from './kills';

const tmp = scratch();

(process.platform === 'win32' ? test.skip : test)(
  'of a hundred killed runs nothing half-written stays',
  async () => {
    const { before, after } = await killRuns(tmp, 100);
    expect(before.some((name) => name.endsWith('.tmp'))).toBe(true);
    expect(after).toEqual([]);
  },
  1_800_000,
);
