'use strict';

// Explains the images of a list again and again, and prints the resident memory in megabytes after every fiftieth.

const path = require('node:path');

const [root, model, output, ...images] = process.argv.slice(2);
const { explain } = require(path.join(root, 'dist'));

async function main() {
  const memory = [];
  let done = 0;
  async function* list() {
    for (let i = 0; i < 200; i++) yield images[i % images.length];
  }
  const options = { model, images: ['-'], output, device: 'cpu', backend: 'native', force: true };
  for await (const { error } of explain(options, { list })) {
    if (error !== undefined) throw error;
    if (++done % 50 === 0) memory.push(process.memoryUsage().rss / 1e6);
  }
  process.stdout.write(JSON.stringify({ done, memory }));
}

void main();
