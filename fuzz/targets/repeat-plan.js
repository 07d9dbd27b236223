'use strict';

const { continued, readPlan, runsOf } = require('../../dist/repeats/plan');
const { Finding } = require('../engine/property');
const { Scratch } = require('../engine/scratch');

let scratch;

module.exports = {
  codes: ['CHECKPOINT_INVALID', 'INVALID_OPTION'],
  caught: true,
  json: true,
  open: () => void (scratch = new Scratch()),
  close: () => scratch.remove(),
  seeds: () =>
    [
      { by: 'folds', count: 5, options: { data: '/photos', keep: 'last', epochs: 2 } },
      { by: 'seeds', count: 3, options: { data: '/photos', keep: 'best', seed: 4 } },
    ].map((plan) => Buffer.from(JSON.stringify(plan))),
  async read(bytes) {
    scratch.file('repeats.json', bytes);
    const plan = await readPlan(scratch.folder);
    if (plan === undefined) throw new Finding('repeats.json was passed over');
    const runs = runsOf(continued(plan, plan.by, {}));
    if (runs.length < 2) throw new Finding(`a plan of ${runs.length} trainings`);
  },
};
