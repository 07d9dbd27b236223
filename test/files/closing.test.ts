import { closing } from '../../lib/files/closing';

const failing = (what: string) => (): Promise<never> => Promise.reject(new Error(what));
const nothing = (): Promise<void> => Promise.resolve();

test.each([
  ['both', failing('work'), failing('close'), 'work'],
  ['the work', failing('work'), nothing, 'work'],
  ['closing', () => Promise.resolve('done'), failing('close'), 'close'],
])('where %s fails, the first error is told', async (_, work, close, told) => {
  await expect(closing(close, work)).rejects.toThrow(told);
});

test('closes after the work, and gives what it came to', async () => {
  const calls: string[] = [];
  const note = (name: string) => async (): Promise<string> => {
    await Promise.resolve();
    calls.push(name);
    return name;
  };
  const close = async (): Promise<void> => void (await note('close')());
  expect(await closing(close, note('work'))).toBe('work');
  expect(calls).toEqual(['work', 'close']);
});
