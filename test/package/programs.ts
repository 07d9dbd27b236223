/** A TypeScript program that uses the API; the same text is compiled as an ES module and as CommonJS. */
export const PROGRAM = `
import { loadModel, ResnetFtError, type Prediction, type TrainResult, train } from 'resnet-ft';

async function trainAgain(data: string, output: string): Promise<{ output: string; events: string[] }> {
  const events: string[] = [];
  const result: TrainResult = await train(
    { data, output, arch: 'resnet18', weights: 'none', epochs: 1, batchSize: 8, cropCache: '0' },
    { onEvent: (event) => void events.push(event.kind) },
  );
  return { output: result.output, events };
}

async function main(data: string, model: string, image: string, output: string | undefined): Promise<void> {
  const loaded = await loadModel(model);
  const predictions: Prediction[] = await loaded.predict([image]);
  const [first] = predictions;
  if (first === undefined) throw new Error('no prediction');
  await loaded.close();
  const trained = output === undefined ? {} : await trainAgain(data, output);
  let code = '';
  try {
    await loadModel('missing.safetensors');
  } catch (error) {
    if (error instanceof ResnetFtError) code = error.code;
  }
  console.log(JSON.stringify({ class: first.class, classes: loaded.classes, code, ...trained }));
}

const [data = '', model = '', image = '', output] = process.argv.slice(2);
main(data, model, image, output).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
`;

/** Two worker threads load the package at once and predict the same image. */
export const WORKERS = `
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const [, , model, image] = process.argv;
async function work({ model, image }) {
  const { loadModel } = require('resnet-ft');
  const loaded = await loadModel(model);
  const [prediction] = await loaded.predict([image]);
  await loaded.close();
  parentPort.postMessage({ class: prediction.class, probability: prediction.probability });
}
function start() {
  return new Promise((resolve, reject) => {
    const worker = new Worker(__filename, { workerData: { model, image } });
    let answer;
    worker.on('message', (message) => { answer = message; });
    worker.on('error', reject);
    worker.on('exit', (code) => (code === 0 ? resolve(answer) : reject(new Error('exit code ' + code))));
  });
}
if (isMainThread) Promise.all([start(), start()]).then((answers) => console.log(JSON.stringify(answers)));
else work(workerData);
`;
