/**
 * To be required before the program: batches of more images than RESNET_FT_TEST_FITS end as on a GPU without room for them, and with 0 no
 * network can be made.
 */
'use strict';

const path = require('node:path');
const { loadAddon } = require(path.join(__dirname, '..', '..', 'dist', 'backend', 'native', 'load.js'));

const fits = Number(process.env.RESNET_FT_TEST_FITS);
const addon = loadAddon();

function check(images) {
  if (images <= fits) return;
  const message = 'CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.25 GiB';
  throw Object.assign(new Error(message), { code: 'NATIVE_ERROR' });
}

/** What `make` makes, whose `method` fails for batches that are too large. */
function limited(make, method) {
  return async (...args) => {
    check(1);
    const made = await make(...args);
    const work = made[method].bind(made);
    const value = async (options, onEvent) => {
      check(Math.min(options.batchSize, options.count ?? options.targets.length));
      return work(options, onEvent);
    };
    Object.defineProperty(made, method, { value });
    return made;
  };
}

addon.createModel = limited(addon.createModel.bind(addon), 'run');
addon.createSession = limited(addon.createSession.bind(addon), 'trainEpoch');
