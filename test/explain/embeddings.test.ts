import fs from 'node:fs';
import path from 'node:path';
import { decodeImage } from '../../lib/data/decode';
import { ResnetFtError } from '../../lib/errors';
import { embeddingsOf } from '../../lib/explain/embeddings';
import type { Classifier } from '../../lib/model/classifier';
import { scratch } from '../cli/run';

const folder = scratch();

/** An error of the system, as a decoder that was refused the file gives it. */
function refused(file: string, code: string, errno: number): ResnetFtError {
  const cause = Object.assign(new Error(`${code}: open '${file}'`), { code, errno, syscall: 'open' });
  return new ResnetFtError('IMAGE_UNREADABLE', `${file}: ${code}`, { cause });
}

const unreadable = (content: string): Promise<ResnetFtError> =>
  decodeImage(Buffer.from(content), 'a.jpg').then(
    () => new ResnetFtError('NATIVE_ERROR', 'it was read'),
    (error: unknown) => error as ResnetFtError,
  );

/** Embeds images whose errors are given, by a network that only counts, and tells which it was asked for. */
async function embed(key: string, count: number, errors: Record<string, ResnetFtError>) {
  const asked: string[] = [];
  const classifier = {
    async *run(files: string[]) {
      for (const input of files) {
        asked.push(input);
        const error = errors[input];
        yield error === undefined ? { input, features: Float32Array.of(3, 4) } : { input, error };
      }
    },
  } as unknown as Classifier;
  const samples = Array.from({ length: count }, (_, i) => ({ file: `${i}`, name: `a/${i}`, target: 0 }));
  const { signal } = new AbortController();
  const { rows, read } = await embeddingsOf(classifier, { samples, width: 2, folder, key, signal, onImage: () => {} });
  return {
    asked,
    rows: [...rows].map((value) => Math.round(value * 10) / 10),
    read: [...read].map((one) => one === 1),
  };
}

test.each([
  ['EMFILE', -24],
  ['EIO', -5],
  ['ENOMEM', -12],
  ['ESTALE', -116],
])('an image that could not be read for %s is tried again, and no other', async (code, errno) => {
  const broken = await unreadable('no image');
  const first = await embed(code, 4, { 1: refused('1', code, errno), 2: broken });
  expect(first.read).toEqual([true, false, false, true]);
  expect(await embed(code, 4, { 1: refused('1', code, errno), 2: broken })).toEqual({ ...first, asked: ['1'] });
  const whole = { rows: [0.6, 0.8, 0.6, 0.8, 0, 0, 0.6, 0.8], read: [true, true, false, true] };
  expect(await embed(code, 4, {})).toEqual({ ...whole, asked: ['1'] });
  expect(await embed(code, 4, {})).toEqual({ ...whole, asked: [] });
});

test('nothing is written where nothing is new', async () => {
  const file = path.join(folder, 'embeddings.safetensors');
  const errors = { 0: refused('0', 'EIO', -5) };
  await embed('still', 2, errors);
  const before = fs.statSync(file).mtimeMs;
  await embed('still', 2, errors);
  expect(fs.statSync(file).mtimeMs).toBe(before);
});

test('embeddings of another width are made anew', async () => {
  await embed('width', 2, {});
  const file = path.join(folder, 'embeddings.safetensors');
  const bytes = fs.readFileSync(file);
  const at = bytes.indexOf('[2,2]');
  expect(at).toBeGreaterThan(0);
  bytes.write('[4,1]', at);
  fs.writeFileSync(file, bytes);
  expect((await embed('width', 2, {})).asked).toEqual(['0', '1']);
});
