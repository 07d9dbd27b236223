import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readWeights } from '../../lib/weights';

/** Expects the one error of weights that can't be read: its code, one line, the file's name, and the reason. */
export async function expectRefused(folder: string, bytes: Buffer, reason: RegExp): Promise<void> {
  const file = path.join(folder, 'w.pth');
  await writeFile(file, bytes);
  const error = await readWeights(file).then(
    () => undefined,
    (e: unknown) => e as Error,
  );
  expect(error).toMatchObject({ name: 'ResnetFtError', code: 'WEIGHTS_INVALID' });
  expect(error?.message).toMatch(reason);
  expect(error?.message).toContain(file);
  expect(error?.message).not.toContain('\n');
  expect(error?.message.length).toBeLessThan(file.length + 400);
}
