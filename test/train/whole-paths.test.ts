import fs from 'node:fs';
import path from 'node:path';
import { wholePaths } from '../../lib/train/run-config';
import { scratch } from '../cli/run';

const before = process.cwd();
const folder = fs.realpathSync(scratch());

beforeAll(() => {
  process.chdir(folder);
  for (const name of ['hymenoptera', 'photos', 'balanced', 'none', 'imagenet-v1']) {
    fs.mkdirSync(path.join(folder, name));
  }
});
afterAll(() => process.chdir(before));

test('what is there has its whole path, except where an option has a word of its own for it', () => {
  const words = { weights: 'imagenet-v1', classWeights: 'balanced' };
  expect(wholePaths({ data: 'photos', ...words })).toEqual({ data: path.join(folder, 'photos'), ...words });
  expect(wholePaths({ weights: 'none', data: 'elsewhere' })).toEqual({ weights: 'none', data: 'elsewhere' });
});

test('a word of one option is a path to another', () => {
  expect(wholePaths({ data: 'balanced', val: 'none', classWeights: 'imagenet-v1' })).toEqual({
    data: path.join(folder, 'balanced'),
    val: path.join(folder, 'none'),
    classWeights: path.join(folder, 'imagenet-v1'),
  });
});

test('a folder that has the name of the tutorial data set is meant by it, as train reads it', () => {
  expect(wholePaths({ data: 'hymenoptera' })).toEqual({ data: path.join(folder, 'hymenoptera') });
  fs.rmdirSync(path.join(folder, 'hymenoptera'));
  expect(wholePaths({ data: 'hymenoptera' })).toEqual({ data: 'hymenoptera' });
});
