import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { oneLine } from '../../lib/errors';
import { readClassList } from '../../lib/model/class-list';
import { readClassWeights } from '../../lib/train/class-weights';
import { scratch } from '../cli/run';

// Lines of millions of characters: of an expression that goes back and forth on them, none of these would end. eslint looks for such
// expressions (regexp/no-super-linear-backtracking, regexp/no-super-linear-move).

const folder = scratch();
const LONG = ' '.repeat(4_000_000);

test('a class list with a line of spaces is read', async () => {
  const file = path.join(folder, 'classes.txt');
  writeFileSync(file, `0,${LONG}ants${LONG}\n1, bees\n`);
  expect((await readClassList(file)).map((name) => name.trim())).toEqual(['ants', 'bees']);
  writeFileSync(file, `0,a${LONG}b${LONG}\u0001\n`);
  await expect(readClassList(file)).rejects.toMatchObject({ code: 'DATA_INVALID' });
});

test('class weights with a line of spaces are read', async () => {
  const file = path.join(folder, 'weights.txt');
  const line = ' '.repeat(400_000);
  writeFileSync(file, `${line}red ants${line}2${line}\nbees 1\n`);
  const classes = { classes: ['red ants', 'bees'], train: [] };
  expect([...(await readClassWeights(file, classes))]).toEqual([2, 1]);
});

test("another program's message becomes one line", () => {
  expect(oneLine(`a${LONG}\r\n${LONG}b\n\n c${LONG}`)).toBe('a b c');
  expect(oneLine('a  b\n')).toBe('a  b');
});
