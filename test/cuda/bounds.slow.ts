import { reasonWithout, runChecked } from './emulated';

const reason = reasonWithout();

(reason === undefined ? test : test.skip)(
  `nothing is read or written beside the arrays, and all of a result is written${reason ? ` (${reason})` : ''}`,
  () => {
    expect(Number(runChecked('bounds.cpp'))).toBeGreaterThan(500);
  },
);
