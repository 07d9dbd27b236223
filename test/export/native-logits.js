'use strict';

// node native-logits.js MODEL CROPS IMAGE...: prints the logits that the native core gives, and writes the crops, uint8 RGB one
// after the other, to CROPS. A process of its own, for LibTorch and onnxruntime bring symbols of the same names.

const fs = require('node:fs');
const { loadImage } = require('../../dist/index.js');
const { Classifier } = require('../../dist/model/classifier.js');
const { openModel } = require('../../dist/model/open.js');

async function main([model, crops, ...images]) {
  const opened = await openModel(model);
  const { resize, crop } = opened.preprocessing;
  const loaded = [];
  for (const image of images) loaded.push(await loadImage(image, { resize, crop }));
  fs.writeFileSync(crops, Buffer.concat(loaded.map(({ data }) => data)));
  const classifier = await Classifier.create(opened, { backend: 'native', device: 'cpu', precision: 'fp32' });
  const logits = [];
  for await (const result of classifier.run(images, { batchSize: images.length })) logits.push([...result.logits]);
  await classifier.close();
  process.stdout.write(JSON.stringify(logits));
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
