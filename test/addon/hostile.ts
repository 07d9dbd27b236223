import { runProgram } from './program';

interface Called {
  name: string;
  /** Whether the call should be refused or give what it says. */
  wanted: 'refused' | 'done';
  code?: string;
  message?: string;
}

/** What V8 itself says of a method of another object, and of a class that is no function. */
const BY_V8 = /^(Illegal invocation|Class constructors cannot be invoked without 'new')$/;

/** Calls the addon in more than a thousand wrong ways; expects an error with a code for each, and a process that goes on. */
export async function expectHostileCallsRefused(env: NodeJS.ProcessEnv = {}): Promise<void> {
  const { end, stdout, stderr } = await runProgram('hostile-calls.js', { flags: ['--expose-gc'], env });
  expect({ end, stderr }).toEqual({ end: 0, stderr: '' });
  const results = JSON.parse(stdout) as Called[];
  expect(results.length).toBeGreaterThan(1000);
  const asWanted = ({ wanted, code, message = '' }: Called): boolean =>
    wanted === 'done' ? code === undefined : code === 'NATIVE_ERROR' || BY_V8.test(message);
  expect(results.filter((result) => !asWanted(result))).toEqual([]);
}
