'use strict';

// node transformers-pipeline.js PACKAGE MODEL IMAGE…: what the pipeline of transformers.js says of images, as JSON. PACKAGE is the folder of
// @huggingface/transformers. Nothing is asked for over the network.

const path = require('node:path');

async function main([folder, model, ...images]) {
  const { env, pipeline } = require(path.join(folder, 'dist', 'transformers.node.cjs'));
  env.allowRemoteModels = false;
  const classify = await pipeline('image-classification', model);
  process.stdout.write(JSON.stringify(await classify(images, { top_k: 1000 })));
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
