/** What a run of run.js writes: figures as JSON, tables as Markdown. */
'use strict';

const path = require('node:path');
const { writeWhole } = require('../lib/files');
const { describeMachine, ownVersions } = require('../lib/machine');
const { compareRuns } = require('./compare');
const { toMarkdown } = require('./table');

/** In the order of sets, seeds and recipes, and not in that in which they ended. */
function inOrder(runs, sets, recipes) {
  const rank = ({ set, seed, recipe }) => [sets.findIndex(({ name }) => name === set), seed, recipes.indexOf(recipe)];
  return [...runs].sort((a, b) => {
    const [left, right] = [rank(a), rank(b)];
    return left.map((value, i) => value - right[i]).find((difference) => difference !== 0) ?? 0;
  });
}

/**
 * Writes recipes.json and recipes.md.
 *
 * @param head what is said of the whole: command, recipes, seeds, threads and the like
 * @param sets as sets.js gives them
 * @param runs those that have ended
 */
function writeReport(folder, head, sets, runs) {
  const ordered = inOrder(runs, sets, head.recipes);
  const figures = compareRuns(ordered, head.recipes);
  const described = figures.sets.map((one) => {
    const { title, classes, images } = sets.find(({ name }) => name === one.set);
    const { testImages } = ordered.find(({ set }) => set === one.set);
    return { ...one, title, classes, images, testImages };
  });
  const report = {
    ...{ format: 1, date: new Date().toISOString(), ...head },
    ...{ machine: describeMachine(), versions: ownVersions(), sets: described, all: figures.all, runs: ordered },
  };
  writeWhole(path.join(folder, 'recipes.json'), `${JSON.stringify(report, undefined, 2)}\n`);
  writeWhole(path.join(folder, 'recipes.md'), toMarkdown(report));
}

module.exports = { writeReport };
