import { expectHostileCallsRefused } from './hostile';
import { testOfMemory } from '../sanitized';
import { runProgram } from './program';

test('wrong types, other objects, unknown options and arrays that go away are errors with a code', async () => {
  await expectHostileCallsRefused();
});

test('three threads at the same time come to the same bits, while others are terminated', async () => {
  const { end, stdout, stderr } = await runProgram('at-once.js');
  expect({ end, stderr }).toEqual({ end: 0, stderr: '' });
  const hashes = JSON.parse(stdout) as string[];
  expect(hashes).toHaveLength(3);
  expect(new Set(hashes).size).toBe(1);
});

// prlimit and /proc are Linux's.
(process.platform === 'linux' ? testOfMemory : test.skip)(
  'memory and threads that the system does not give are errors with a code, and the process goes on',
  async () => {
    const { end, stdout, stderr } = await runProgram('beyond-limits.js', { under: ['prlimit', '--stack=1073741824:'] });
    expect({ end, stderr }).toEqual({ end: 0, stderr: '' });
    const memory = { code: 'NATIVE_ERROR', message: 'there is not enough memory' };
    expect(JSON.parse(stdout)).toEqual({
      crops: { code: 'NATIVE_ERROR', message: 'no memory for the crops' },
      draws: memory,
      targets: memory,
      weights: memory,
      image: memory,
      threads: { code: 'NATIVE_ERROR', message: expect.stringMatching(/^no thread can be started/) as string },
      after: { images: 1 },
    });
  },
);
