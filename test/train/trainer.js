'use strict';

// Trains as it is told by messages, one training after the other, in a process of its own; test/train/same-twice.ts.

const fs = require('node:fs/promises');
const { train } = require('../../dist/index.js');

const { readdir } = fs;

process.on('message', async ({ options, backwards, stopAt }) => {
  // As another file system might list its folders.
  fs.readdir = backwards ? async (...args) => (await readdir(...args)).reverse() : readdir;
  try {
    if (stopAt !== undefined) await stopped(options, stopAt);
    await train(stopAt === undefined ? options : { resume: options.output });
    process.send({});
  } catch (error) {
    process.send({ error: `${error.message} ${error.hint ?? ''}` });
  }
});

/** Trains up to a step. */
async function stopped(options, stopAt) {
  const stop = new AbortController();
  const onEvent = (event) => {
    if (event.kind === 'step' && event.step === stopAt) stop.abort();
  };
  const code = await train(options, { signal: stop.signal, onEvent }).then(
    () => 'finished',
    (error) => error.code ?? error.message,
  );
  if (code !== 'ABORTED') throw new Error(`instead of stopping at step ${stopAt}: ${code}`);
}
