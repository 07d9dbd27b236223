import { formatReport } from '../../lib/cli/doctor-display';
import { checkMemory, checkNode, checkPlatform, featuresOfCpuinfo, featuresOfSysctl } from '../../lib/doctor/machine';
import type { DoctorReport } from '../../lib/doctor/report';

test.each([
  ['20.18.9', 'problem'],
  ['20.19.0', 'ok'],
  ['20.9.0', 'problem'],
  ['24.1.0', 'ok'],
  ['25.0.0-nightly20251001abcdef0123', 'ok'],
])('Node.js %s: %s', (version, status) => {
  expect(checkNode(version).status).toBe(status);
});

test.each([
  ['linux-x64', '2.28', 'ok', ''],
  ['linux-arm64', '2.39', 'ok', ''],
  ['linux-x64', '2.17', 'problem', '2.28 or later'],
  ['linux-x64', '', 'warning', 'musl'],
  ['darwin-arm64', '', 'ok', ''],
  ['darwin-x64', '', 'warning', 'no LibTorch'],
  ['linux-riscv64', '2.39', 'warning', 'no LibTorch'],
  ['win32-x64', '', 'ok', ''],
])('platform %s with glibc %s: %s', (platform, glibc, status, found) => {
  const check = checkPlatform(platform, glibc);
  expect(check.status).toBe(status);
  expect(check.found).toContain(found);
});

test('features of a CPU, as each system tells them', () => {
  expect(featuresOfCpuinfo('model name : x\nflags\t\t: fpu sse2 avx2 fma avx512f amx_bf16 zzz\nbugs : none\n')).toEqual(
    [...['avx2', 'fma', 'avx512f', 'amx_bf16']],
  );
  expect(featuresOfCpuinfo('Features\t: fp asimd bf16 i8mm\n')).toEqual(['asimd', 'bf16', 'i8mm']);
  expect(featuresOfCpuinfo('nothing of the kind')).toEqual([]);
  expect(
    featuresOfSysctl('hw.optional.AdvSIMD: 1\nhw.optional.arm.FEAT_BF16: 1\nhw.optional.arm.FEAT_I8MM: 0\n'),
  ).toEqual([...['asimd', 'bf16']]);
});

test('little memory is a warning that says what needs less', () => {
  expect(checkMemory(64e9).status).toBe('ok');
  expect(checkMemory(1e9)).toMatchObject({ status: 'warning', fix: expect.stringContaining('--train-from fc') });
});

test('colour is on the status alone and does not move the columns', () => {
  const report: DoctorReport = {
    schema: 1,
    version: '1.0.0',
    ok: false,
    problems: 1,
    warnings: 0,
    checks: [
      { name: 'node', status: 'ok', found: 'ok' },
      { name: 'js backend', status: 'problem', found: 'it is missing.', fix: 'Run: npm install it' },
    ],
  };
  const plain = [
    'ok       node        ok',
    'problem  js backend  it is missing. Run: npm install it',
    '1 problem, no warnings',
  ];
  expect(formatReport(report, { quiet: false, colour: false })).toEqual(plain);
  const coloured = formatReport(report, { quiet: false, colour: true });
  // eslint-disable-next-line no-control-regex -- the codes are what is looked at
  expect(coloured.map((line) => line.replace(/\u001b\[\d+m/g, ''))).toEqual(plain);
  expect(coloured[1]).toContain('\u001b[31mproblem\u001b[39m  js backend');
  expect(formatReport(report, { quiet: true, colour: false })).toEqual(plain.slice(1));
});
