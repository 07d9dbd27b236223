/** Shows the events of a made-up training by the built display: `node live-run.js STEPS MILLISECONDS [LABEL]`. */
const path = require('node:path');
const { createDisplay } = require(path.join(__dirname, '..', '..', 'dist', 'cli', 'progress.js'));

const [steps, pause] = process.argv.slice(2, 4).map(Number);
const label = process.argv[4];
const display = createDisplay({ json: false, quiet: false, ...(label === undefined ? {} : { label }) });
const wait = () => new Promise((resolve) => setTimeout(resolve, pause));
const images = steps * 4;

async function main() {
  display.show({ kind: 'note', note: 'before the first epoch' });
  display.show({
    kind: 'start',
    output: '/tmp/run',
    epochs: 12,
    steps: 12 * steps,
    stepsPerEpoch: steps,
    images,
    valImages: 80,
  });
  for (let epoch = 11; epoch <= 12; epoch++) {
    for (let i = 1; i <= steps; i++) {
      const step = (epoch - 1) * steps + i;
      display.show({ kind: 'step', epoch, step, loss: 1 / i, lr: 0.01, images: 4 });
      await wait();
      if (i === Math.floor(steps / 2)) display.show({ kind: 'note', note: `a note in epoch ${epoch}` });
    }
    const figures = { trainLoss: 0.7656, trainAccuracy: 0.75, valLoss: 2.8794, valAccuracy: 0.5, seconds: 17.6 };
    display.show({ kind: 'epoch', epoch, ...figures });
  }
  display.close();
}

void main();
