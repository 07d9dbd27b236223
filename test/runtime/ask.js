'use strict';

// node ask.js PROJECT: takes JSON on standard input, loads a model with the @resnet-ft/runtime that PROJECT has, and prints what it says. A process of
// its own, for jest's typed arrays are none to onnxruntime.
//
// { model, images, topK, crops, bytes, web }: `bytes` hands contents over instead of paths, `web` takes onnxruntime-web.

const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');
const { text } = require('node:stream/consumers');

const told = (error) => ({ error: { name: error.name, code: error.code, message: error.message, hint: error.hint } });

async function main(project) {
  const require = createRequire(path.join(project, 'index.js'));
  const { loadModel } = require('@resnet-ft/runtime');
  const {
    model: source,
    images = [],
    topK,
    crops = false,
    bytes = false,
    web = false,
  } = JSON.parse(await text(process.stdin));
  const options = web ? { onnxruntime: require('onnxruntime-web') } : {};
  const model = await loadModel(bytes ? fs.readFileSync(source) : source, options);
  const inputs = bytes ? images.map((file) => fs.readFileSync(file)) : images;
  const { classes, arch, preprocessing, temperature } = model;
  const predictions = await model.predict(inputs, topK === undefined ? {} : { topK });
  const seen = [];
  for (const image of crops ? inputs : []) seen.push(Buffer.from((await model.crop(image)).data).toString('base64'));
  await model.close();
  return { classes, arch, preprocessing, temperature, predictions, crops: seen };
}

main(process.argv[2])
  .catch(told)
  .then((result) => process.stdout.write(JSON.stringify(result)));
