'use strict';

// node crops.js PREPROCESSING IMAGE...: prints the crops that the main package as it is built makes, in base64.

const path = require('node:path');
const { loadImage } = require(path.join(__dirname, '..', '..', 'dist', 'index.js'));

async function main([preprocessing, ...files]) {
  const crops = [];
  for (const file of files) {
    const { data } = await loadImage(file, JSON.parse(preprocessing));
    crops.push(Buffer.from(data).toString('base64'));
  }
  process.stdout.write(JSON.stringify(crops));
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
