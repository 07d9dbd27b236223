import fs from 'node:fs';
import path from 'node:path';
import { readClassWeights } from '../../lib/train/class-weights';
import { ANTS_BEES, run, scratch } from '../cli/run';

const tmp = scratch();
const RUN = { classes: ['ants', 'honey bees', 'wasps'], train: [0, 0, 0, 0, 1, 1, 2, 2].map((target) => ({ target })) };

function file(text: string): string {
  const name = path.join(fs.mkdtempSync(path.join(tmp, 'weights-')), 'weights');
  fs.writeFileSync(name, text);
  return name;
}

test('balanced weights are images / (classes x images of the class); without the option there are none', async () => {
  expect([...(await readClassWeights('balanced', RUN))]).toEqual([8 / (3 * 4), 8 / (3 * 2), 8 / (3 * 2)]);
  expect(await readClassWeights(undefined, RUN)).toHaveLength(0);
});

test.each([
  ['lines', 'wasps 2\r\n\nhoney bees\t0.5\nants 1e-1\n'],
  ['JSON', '{"honey bees": 0.5, "wasps": 2, "ants": 0.1}'],
])('weights of a file of %s are in the order of the classes', async (_what, text) => {
  expect([...(await readClassWeights(file(text), RUN))]).toEqual([0.1, 0.5, 2]);
});

test.each([
  ['ants 1\nhoney bees 1\n', 'no weight for wasps', /^It must hold/],
  ['ants 1\nwasp 1\n', 'there is no class wasp', /^Did you mean wasps\?$/],
  ['{"ants": 1, "hornets": 1}', 'there is no class hornets', /^It must hold/],
  ['ants 1\nants 2\n', 'line 2 has ants, which an earlier line has', /^It must hold/],
  ['ants\n', 'line 1 is not a class and a weight', /^It must hold/],
  ['ants x\n', 'the weight of ants must be a number above 0, not x', /^It must hold/],
  ['ants 0\n', 'the weight of ants must be a number above 0, not 0', /^It must hold/],
  ['{"ants": "1"}', 'the weight of ants must be a number above 0, not "1"', /^It must hold/],
  ['{"ants": 1,', 'not valid JSON', /^It must hold/],
  ['', 'no weight for ants, honey bees, wasps', /^It must hold/],
])('%j: the error names the file and what is wrong', async (text, reason, hint) => {
  const name = file(text);
  await expect(readClassWeights(name, RUN)).rejects.toMatchObject({
    code: 'DATA_INVALID',
    message: expect.stringContaining(`class weights ${name}: ${reason}`),
    hint: expect.stringMatching(hint),
  });
});

test('a command with such a file ends with one line and leaves no folder', async () => {
  const [weights, output] = [file('ants 1\n'), path.join(tmp, 'out')];
  const ran = await run(['train', ANTS_BEES, '--weights', 'none', '--class-weights', weights, '--output', output]);
  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain(`class weights ${weights}: no weight for bees`);
  expect(fs.existsSync(output)).toBe(false);
  const missing = await run([
    'train',
    ANTS_BEES,
    '--weights',
    'none',
    '--class-weights',
    'balancd',
    '--output',
    output,
  ]);
  expect(missing.stderr).toContain('no such file: balancd');
});
