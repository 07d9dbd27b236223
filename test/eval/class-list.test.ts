import fs from 'node:fs';
import path from 'node:path';
import { readClassList } from '../../lib/model/class-list';
import { imagenetClasses } from '../../lib/weights/registry';
import { scratch } from '../cli/run';

const tmp = scratch();
const HEADER = "List of ImageNet class numbers and names as used in Keras' pre-trained models.\n\nExtracted from x\n\n";

function read(content: string | Uint8Array): Promise<string[]> {
  const file = path.join(tmp, 'classes.txt');
  fs.writeFileSync(file, content);
  return readClassList(file);
}

test.each([
  ['one name a line', 'ants\nbees\n', ['ants', 'bees']],
  ['other line ends, spaces and a byte order mark', '\ufeff ants \r\nbees, wild\r\n\r\n', ['ants', 'bees, wild']],
  ['numbered lines', '0, tench\n1, goldfish', ['tench', 'goldfish']],
  ['numbered lines in any order', '1, goldfish\n0, tench\n', ['tench', 'goldfish']],
  ['the header of the tutorial', `${HEADER}0, crane\n1, goldfish`, ['crane', 'goldfish']],
  ['a JSON array', ' ["ants", "bees"]\n', ['ants', 'bees']],
])('%s', async (_, content, expected) => {
  expect(await read(content)).toEqual(expected);
});

test("ImageNet's classes, of which two share a name with another, in the form of the tutorial", async () => {
  const lines = imagenetClasses().map((name, i) => `${i}, ${name}`);
  expect(await read(HEADER + lines.join('\n'))).toEqual(imagenetClasses());
});

test.each([
  ['nothing', '', 'line 1 is empty'],
  ['an empty line', 'ants\n\nbees', 'line 2 is empty'],
  ['a number twice', '0, a\n1, b\n1, c', 'line 3 has the number 1, which an earlier line has'],
  ['a number too large', '0, a\n2, b', 'line 2 has the number 2, but 2 classes are numbered from 0'],
  ['a line without a number', '0, a\nb\n', 'line 2 is not a number, a comma and a name'],
  ['numbers that begin late', 'ants\nbees\n0, wasps', 'line 3 begins with a number, but line 1 does not'],
  ['a name twice', 'ants\nbees\n ants', 'the name ants is there twice'],
  ['a name twice by numbers', '1, ants\n0, ants', 'the name ants is there twice'],
  ['a name twice in JSON', '["ants", "ants"]', 'the name ants is there twice'],
  ['control characters', 'ants\nbe\u0007es', 'line 2 contains control characters'],
  ['a name that no model could carry', `ants\n${'b'.repeat(1001)}`, 'line 2 is longer than 1000 characters'],
  ['half of a character', '["ants", "\\ud83d"]', 'entry 2 is not Unicode text'],
  ['JSON that is cut off', '["ants", ', 'not valid JSON'],
  ['JSON that holds a number', '["ants", 3]', 'entry 2 is not a string'],
  ['an empty JSON array', '[]', 'contains no class names'],
  ['bytes that are no text', Uint8Array.of(0x61, 0xff), 'not UTF-8 text'],
  ['a huge file', 'a\n'.repeat(5_000_000), 'larger than'],
])('%s is refused, naming the file and the line', async (_, content, message) => {
  const error = (await read(content).catch((reason: unknown) => reason)) as Error;
  expect(error).toMatchObject({ name: 'ResnetFtError', code: 'DATA_INVALID' });
  expect(error.message).toContain('classes.txt');
  expect(error.message).toContain(message);
  expect(error.message).not.toContain('\n');
});

test('a missing file and a folder', async () => {
  await expect(readClassList(path.join(tmp, 'none.txt'))).rejects.toMatchObject({ code: 'DATA_NOT_FOUND' });
  await expect(readClassList(tmp)).rejects.toMatchObject({ code: 'DATA_INVALID' });
});
