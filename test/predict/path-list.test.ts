import fs from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { readPathList } from '../../lib/predict/path-list';
import { scratch } from '../cli/run';
import { VAL } from './fixture-model';

const tmp = scratch();
const PHOTO = fs.readFileSync(path.join(VAL, 'bees', 'abeja.jpg'));

async function paths(list: string | Buffer, separator: '\n' | '\0'): Promise<string[]> {
  const bytes = Buffer.from(list);
  // In two parts, the first of which ends within a character where there is one.
  const at = Math.min(bytes.length, 4);
  const found: string[] = [];
  const input = Readable.from([bytes.subarray(0, at), bytes.subarray(at)].filter((part) => part.length > 0));
  for await (const one of readPathList(bytes.length > 1000 ? Readable.from([bytes]) : input, separator))
    found.push(one);
  return found;
}

test.each<[string, string | Buffer, '\n' | '\0', RegExp]>([
  ['a photograph', PHOTO, '\n', /is an image, not a list of paths/],
  ['a photograph beside --null', PHOTO, '\0', /is an image, not a list of paths/],
  ['paths that end in NUL bytes', 'a.jpg\0b.jpg\0', '\n', /has NUL bytes/],
  ['lines beside --null', 'a.jpg\nb.jpg\n', '\0', /has no NUL byte/],
  ['many lines beside --null', 'a.jpg\n'.repeat(20_000), '\0', /has no NUL byte/],
])('%s is no such list', async (_, list, separator, message) => {
  const error = paths(list, separator);
  await expect(error).rejects.toThrow(message);
  await expect(error).rejects.toMatchObject({ code: 'DATA_INVALID', hint: expect.stringMatching(/^[A-Z]/) as string });
});

test('names that begin as an image does, that are cut within a character, or have a new line', async () => {
  expect(await paths('BMW.jpg\nP6\nGIF89a.png\n', '\n')).toEqual(['BMW.jpg', 'P6', 'GIF89a.png']);
  expect(await paths('abcä.jpg\nb.jpg', '\n')).toEqual(['abcä.jpg', 'b.jpg']);
  // As Windows' own editors and shells begin a file.
  expect(await paths('\ufeffa.jpg\n\ufeffb.jpg\n', '\n')).toEqual(['a.jpg', '\ufeffb.jpg']);
  expect(await paths('\ufeff', '\n')).toEqual([]);
  expect(await paths('\ufeffa.jpg\0', '\0')).toEqual(['\ufeffa.jpg']);
  const odd = path.join(tmp, 'two\nlines.jpg');
  fs.writeFileSync(odd, '');
  expect(await paths(odd, '\0')).toEqual([odd]);
  expect(await paths('two\nlines\0', '\0')).toEqual(['two\nlines']);
});
