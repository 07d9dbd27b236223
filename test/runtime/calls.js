'use strict';

// node calls.js PROJECT MODEL: takes JSON on standard input, a list of calls, and prints what each comes to: `{ value }`, or of one that rejects
// `{ error }`. A call is the text of an expression; one that throws at once, instead of giving a promise that rejects, ends all.

const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');
const { text } = require('node:stream/consumers');
const vm = require('node:vm');

async function main(project, file) {
  const require = createRequire(path.join(project, 'index.js'));
  const { loadModel, RuntimeError } = require('@resnet-ft/runtime');
  const model = await loadModel(file);
  const { size, data } = { size: 80, data: Uint8Array.from({ length: 80 * 80 * 3 }, (_, i) => (i * 7919) % 251) };
  // Of another realm, as in another frame of a page.
  const other = vm.runInNewContext('({ Uint8Array, Float32Array })');
  const names = { file, fs, loadModel, model, size, data, other, require };
  const results = [];
  for (const call of JSON.parse(await text(process.stdin))) {
    const promise = new Function(...Object.keys(names), `return ${call}`)(...Object.values(names));
    results.push(
      await promise.then(
        (value) => ({ value }),
        (error) => ({ error: { known: error instanceof RuntimeError, code: error.code, message: error.message } }),
      ),
    );
  }
  await model.close();
  return results;
}

void main(...process.argv.slice(2)).then((results) => process.stdout.write(JSON.stringify(results)));
