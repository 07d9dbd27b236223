/** Where the tests compute that can do so anywhere: `RESNET_FT_TEST_DEVICE`, such as `cuda`. */
export const DEVICE = process.env['RESNET_FT_TEST_DEVICE'] ?? 'cpu';

/** A session there, whose figures a CPU's can be held against, and its own. */
export const ON_DEVICE =
  DEVICE === 'cpu' ? {} : ({ device: DEVICE, precision: 'fp32-strict', deterministic: true } as const);

/** What needs a GPU; skipped where `RESNET_FT_TEST_DEVICE` names none. */
export const testOnGpu = DEVICE === 'cpu' ? test.skip : test;
