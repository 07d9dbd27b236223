import { runProgram } from './program';

/** How a program may end while the native backend computes, with the exit code that was asked for. */
export const ENDINGS = [
  ['train', 7],
  ['uncaught', 1],
  ['rejection', 1],
  ['predict', 7],
  ['close', 7],
  ['create', 7],
  ['batch', 7],
  ['images', 7],
  ['listener', 7],
  ['terminated', 7],
  ['exit beside a worker', 7],
  ['exit beside a worker and a pass', 7],
  ['a worker that exits', 7],
  ['natural', 7],
] as const;

/** Processes at a time: one alone waits most of the time, for files and for its own end. */
const LANES = 2;

/** Ends the program so many times, each a little later, and expects the same every time. */
export async function expectEndings(kind: string, code: number, times: number): Promise<void> {
  const seen: unknown[] = [];
  const lane = async (first: number): Promise<void> => {
    for (let i = first; i < times; i += LANES) {
      const { end, stdout, stderr } = await runProgram('ending.js', { args: [kind, String((i * 7) % 50)] });
      const meant = code === 1 ? /meant to be uncaught/.test(stderr) : stdout === 'ended\n' && stderr === '';
      seen[i] = end === code && meant ? 'as asked' : { end, stdout, stderr };
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_, first) => lane(first)));
  expect(seen).toEqual(Array.from({ length: times }, () => 'as asked'));
}
