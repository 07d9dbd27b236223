import fs from 'node:fs';
import path from 'node:path';
import { resolveTrainOptions } from '../../lib/options';
import { continued, newPlan, type Plan } from '../../lib/repeats/plan';
import { mergeOptions } from '../../lib/train/resume';
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

test('what is gone still counts as what it was, except where it is a word of the option', () => {
  const was = { weights: path.join(folder, 'none'), classWeights: path.join(folder, 'gone.json') };
  expect(wholePaths({ weights: 'none', classWeights: 'gone.json' }, was)).toEqual({ ...was, weights: 'none' });
  expect(wholePaths({ classWeights: '../gone.json' }, was)).toEqual({ classWeights: '../gone.json' });
});

test('the folder of the crops has its whole path before it is there', () => {
  expect(wholePaths({ cacheDir: 'crops' })).toEqual({ cacheDir: path.join(folder, 'crops') });
});

describe('the same command is the same once a file that it names is gone', () => {
  const gone = { weights: 'gone.pth', classWeights: 'gone.json' };
  const whole = { weights: path.join(folder, 'gone.pth'), classWeights: path.join(folder, 'gone.json') };

  test('with --resume', () => {
    const was = resolveTrainOptions({ data: '/photos', ...whole });
    expect(mergeOptions(was, { resume: 'x', ...gone })).toEqual(was);
    expect(() => mergeOptions(was, { resume: 'x', weights: '../gone.pth' })).toThrow(
      /^Expected \S+gone\.pth, as when the run began, for --weights but received \.\.\/gone\.pth$/,
    );
    const extended = resolveTrainOptions({ data: '/photos', extend: whole.weights });
    expect(mergeOptions(extended, { resume: 'x', extend: gone.weights })).toEqual(extended);
  });

  test('with --resume of several trainings', () => {
    const plan: Plan = { by: 'folds', count: 3, options: { data: '/photos', ...whole } };
    expect(continued(plan, 'folds', { data: '/photos', folds: 3, ...gone })).toBe(plan);
  });
});

test('several trainings keep their crops where they were, from wherever they go on', () => {
  const { options } = newPlan('seeds', { data: '/photos', seeds: 2, cacheDir: 'crops' });
  expect(options.cacheDir).toBe(path.join(folder, 'crops'));
});
