import { failed, parity, REFERENCE } from './gpu-parity';

test('everything of bench/gpu/parity.js holds on the CPU', async () => {
  const { code, checks, stderr } = await parity('--device', 'cpu', '--reference', REFERENCE);
  expect([code, stderr, failed(checks)]).toEqual([0, '', []]);
  expect(checks.length).toBeGreaterThan(30);
}, 1_800_000);
