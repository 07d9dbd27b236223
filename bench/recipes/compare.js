/** From the runs to figures: accuracy of each recipe on each set, and the differences between recipes on the same seeds. */
'use strict';

const { mean, meanInterval } = require('./statistics');

/** [a, b] of every pair of names, the later one first: what it gains over the earlier one. */
function pairs(names) {
  return names.flatMap((b, i) => names.slice(i + 1).map((a) => [a, b]));
}

/** Of the same set and seed, by how much `a` is more accurate than `b`. */
function differences(runs, a, b) {
  return runs
    .filter(({ recipe }) => recipe === a)
    .flatMap((run) => {
      const other = runs.find(({ recipe, set, seed }) => recipe === b && set === run.set && seed === run.seed);
      return other === undefined ? [] : [run.accuracy - other.accuracy];
    });
}

/**
 * @param runs each of a set, a recipe and a seed, with `accuracy` on the test images and `seconds`
 * @param recipes names in the order of the table
 */
function compareRuns(runs, recipes) {
  const sets = [...new Set(runs.map(({ set }) => set))];
  const cell = (set, recipe) => {
    const own = runs.filter((run) => run.set === set && run.recipe === recipe);
    if (own.length === 0) return undefined;
    const of = (name) => own.map((run) => run[name]);
    return {
      recipe,
      accuracy: meanInterval(of('accuracy')),
      seconds: mean(of('seconds')),
      steps: mean(of('steps')),
      epochs: mean(of('epochs')),
    };
  };
  const compared = (some) =>
    pairs(recipes).flatMap(([a, b]) => {
      const values = differences(some, a, b);
      return values.length === 0 ? [] : [{ recipe: a, than: b, difference: meanInterval(values) }];
    });
  return {
    sets: sets.map((set) => ({
      set,
      recipes: recipes.flatMap((recipe) => cell(set, recipe) ?? []),
      differences: compared(runs.filter((run) => run.set === set)),
    })),
    // A set and a seed are one value here, so that sets that differ widen the interval.
    all: compared(runs),
  };
}

module.exports = { compareRuns };
