/** The tables that docs/performance.md shows. */
'use strict';

const { tableLines } = require('../lib/markdown');

const percent = (value) => (100 * value).toFixed(1);
const signed = (value) => `${value < 0 ? '−' : '+'}${percent(Math.abs(value))}`;
const interval = ({ low, high }) => (low === null ? '' : ` (${signed(low)} to ${signed(high)})`);

function accuracies({ sets }, recipes) {
  return tableLines(
    ['training images', 'test images', 'seeds', ...recipes],
    sets.map(({ title, testImages, recipes: cells }) => {
      const of = (name) => cells.find(({ recipe }) => recipe === name);
      const text = (cell) =>
        cell === undefined
          ? '–'
          : `${percent(cell.accuracy.mean)} % (${Math.round(cell.steps)} steps, ${cell.seconds.toFixed(0)} s)`;
      return [
        title,
        testImages,
        Math.max(...cells.map(({ accuracy }) => accuracy.count)),
        ...recipes.map((name) => text(of(name))),
      ];
    }),
  );
}

function gains({ sets, all }) {
  const blocks = [...sets, { title: '**all of them**', differences: all }];
  const names = all.map(({ recipe, than }) => `${recipe} over ${than}`);
  return tableLines(
    ['training images', ...names],
    blocks.map(({ title, differences }) => [
      title,
      ...all.map(({ recipe, than }) => {
        const found = differences.find((one) => one.recipe === recipe && one.than === than);
        return found === undefined ? '–' : `${signed(found.difference.mean)}${interval(found.difference)}`;
      }),
    ]),
  );
}

/** Markdown of a report of run.js. */
function toMarkdown(report) {
  const { recipes, machine, versions, command, date, quick, threads, jobs, given, pretrained } = report;
  const same = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${value}`]));
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const load = `load before the first of them ${report.loadBefore.toFixed(1)}`;
  return [
    ...(quick ? ['**A quick run, to see that all works: these figures say little.**', ''] : []),
    'Mean accuracy on the test images, with the optimizer steps and seconds of a training:',
    '',
    ...accuracies(report, recipes),
    '',
    'Differences between recipes on the same images and the same seed, in percentage points, with 95 % intervals (Student’s t):',
    '',
    ...gains(report),
    '',
    ...(pretrained === undefined
      ? []
      : [
          `The network that all but scratch start from tells its own ${pretrained.classes} classes apart with ${percent(pretrained.accuracy)} %.`,
          '',
        ]),
    `Given to every recipe: ${same.join(', ')}. Trainings at a time: ${jobs}, of ${threads} ${threads === 1 ? 'thread' : 'threads'} each; ${load}.`,
    '',
    '```bash',
    command,
    '```',
    '',
    `${date.slice(0, 10)}; ${machine.cpu}, ${machine.cores} cores; ${used.join(', ')}.`,
    '',
  ].join('\n');
}

module.exports = { toMarkdown };
