import { comparePage } from '../../lib/report/compare-page';
import { readRun } from '../../lib/report/read-run';
import { Scores } from '../../lib/report/scores';
import { calibrationSection, trustOf } from '../../lib/report/sections/calibration';
import { scratch } from '../cli/run';
import { makeRun } from './made-run';

const tmp = scratch();
const FILES = Array.from({ length: 20 }, (_, i) => `${i}.png`);

/** The scores of so many images by a model of a thousand classes, which is right about most. */
function scoresOf(images: number): Scores {
  const classes = Array.from({ length: 1000 }, (_, i) => `c${i}`);
  const scores = new Scores(classes);
  const probabilities = Object.fromEntries(classes.map((name, i) => [name, i === 0 ? 0.5 : 0.5 / 999]));
  for (let i = 0; i < images; i++) {
    scores.add({ file: `${i}.png`, trueClass: i % 4 === 0 ? 'c1' : 'c0', predictedClass: 'c0', probabilities });
  }
  return scores;
}

const many = scoresOf(2001);

test('probabilities are judged as long as that takes seconds, during which no signal is heard', async () => {
  expect((await trustOf(scoresOf(20)))?.fitted?.temperature).toBeLessThan(1);
  expect(await trustOf(many)).toBeUndefined();
});

test('where they are too many, the page says so, and names the command that fits a temperature all the same', async () => {
  const { folder } = await makeRun(tmp, 'many', { classes: ['ants', 'bees'], files: FILES });
  const run = await readRun(folder);
  const text = calibrationSection({ ...run, scores: many }, undefined)?.body.toString();
  expect(text).toMatch(/2001 images and 1000 classes/);
  expect(text).toContain(`npx resnet-ft calibrate ${folder}`);
  expect(calibrationSection({ ...run, scores: scoresOf(19) }, undefined)).toBeUndefined();
});

test('a page of several runs fits no temperatures, of which it shows none', async () => {
  const { folder, images } = await makeRun(tmp, 'first', { classes: ['ants', 'bees'], files: FILES });
  const run = await readRun(folder);
  const exp = jest.spyOn(Math, 'exp');
  try {
    expect(comparePage([run, run])).toContain('Calibration error');
    // A probability of each class, of the images of both.
    expect(exp.mock.calls.length).toBeLessThan(10 * images * 2 * 2);
  } finally {
    exp.mockRestore();
  }
});
