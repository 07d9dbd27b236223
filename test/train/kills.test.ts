import { scratch } from '../cli/run';
import { killRuns } from './kills';

const tmp = scratch();

(process.platform === 'win32' ? test.skip : test)(
  'what killed runs leave half-written is gone after the next',
  async () => {
    const { before, after } = await killRuns(tmp, 4);
    // At least what marks the folders as in use.
    expect(before).not.toEqual([]);
    expect(after).toEqual([]);
  },
);
