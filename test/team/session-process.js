/** One process of several that train together: does what its parent tells it, and sends what came of it. */
'use strict';

const { loadAddon } = require('../../dist/backend/native/load.js');

const answer = (outcome) => process.send(outcome, () => process.disconnect());

process.on('message', async ({ team, options, crops, passes, state, dies }) => {
  try {
    const addon = loadAddon();
    const connected = await addon.connectTeam(team);
    const session = await addon.createSession({ ...options, team: connected });
    const store = addon.openCropStore(crops.file, crops.count, crops.size);
    if (team.rank === 0 && state) await session.restore(state);
    if (state) await session.shareState();
    const steps = [];
    const results = [];
    for (const pass of passes) {
      if (pass.cancel === team.rank) setTimeout(() => session.cancel(), pass.after);
      results.push(
        await session.trainEpoch({ ...pass.options, store }, (event) => {
          steps.push(event);
          if (dies?.rank === team.rank && event.step === dies.step) process.kill(process.pid, dies.signal);
        }),
      );
    }
    const { targets, batchSize } = passes[0].options;
    const evaluated = await session.evaluate({ store, targets, batchSize }, () => {});
    // Not all of it: some of what is trained, and of what batch norms have seen.
    const { model, optimizer, position } = await session.state();
    const tensors = [...model, ...optimizer].filter(({ name }) => /^(fc|bn1|layer4\.1\.bn2)\./.test(name));
    answer({ steps, results, evaluated, tensors, position, computed: session.stepsComputed() });
    await session.close();
    await connected.close();
  } catch (error) {
    answer({ error: error.message });
  }
});
