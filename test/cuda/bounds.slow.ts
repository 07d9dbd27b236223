import { describeUnless, reasonWithout, runChecked } from './emulated';

describeUnless(reasonWithout(), 'our kernels', () => {
  test('nothing is read or written beside the arrays, and all of a result is written', () => {
    expect(Number(runChecked('bounds.cpp'))).toBeGreaterThan(500);
  });
});
