import { once } from 'node:events';
import type { PassedOver } from '../data/image-folder';
import { PREDICT_OPTIONS, resolvePredictOptions } from '../options';
import { sayFields, sayJson, tell } from '../text/terminal';
import { defineCommand } from './command';
import { tellFallback } from './fallback';

/** `resnet-ft predict <model> <images..>` */
export const predictCommand = defineCommand({
  command: 'predict <model> <images..>',
  describe: 'Classify images',
  positionals: {
    model: 'model file, folder of a run of train, or named weights such as imagenet-v1',
    images: 'images, folders, globs, or - for a list of paths on standard input',
  },
  options: PREDICT_OPTIONS,
  json: 'print one JSON record per line',
  examples: [
    ['predict runs/first photo.jpg', 'the class and its probability'],
    ['predict imagenet-v1 photos --top-k 5 --json', 'a folder, with the five best classes of each image'],
  ],
  async run(given, { positionals, json, verbose, signal }) {
    const options = resolvePredictOptions(positionals['model'], positionals['images'], given, json);
    const { model: source, images, features, null: nul, ...load } = options;
    const { loadModel } = await import('../model/load-model.js');
    const { createDownloadDisplay } = await import('./download-progress.js');
    const { commandWords, expandInputs, explainInput } = await import('../predict/inputs.js');
    const { pathsOfStandardInput } = await import('../predict/path-list.js');
    const { failureLine, jsonRecord, textFields } = await import('../predict/format.js');

    const { countPassedOver } = await import('../data/image-folder.js');
    const { passedOverEvent, passedOverLine } = await import('../data/passed-over.js');
    const { suitsCpu } = await import('../predict/few.js');

    if (await suitsCpu(images, load)) {
      load.device = 'cpu';
      if (verbose) tell('device cpu: for so few images setting up a GPU would take longer; --device cuda does so');
    }
    const problems: Parameters<typeof expandInputs>[1]['problems'] = new Map();
    const passedOver: PassedOver = {};
    const onPassedOver = (name: string): void => countPassedOver(passedOver, name);
    const list = (): AsyncIterable<string> => pathsOfStandardInput({ nul });
    const display = createDownloadDisplay();
    const model = await loadModel(source, {
      ...load,
      signal,
      onProgress: (event) => display.show(event),
      onEvent: tellFallback,
    }).finally(() => display.close());
    if (!json && model.temperature !== undefined) {
      tell(`the probabilities are calibrated, by the model's temperature of ${model.temperature.toFixed(3)}`);
    }
    try {
      for await (const result of model.stream(expandInputs(images, { list, problems, onPassedOver }), {
        features,
        signal,
      })) {
        let taken = true;
        if (result.error === undefined) {
          taken = json ? sayJson(jsonRecord(result)) : sayFields(textFields(result));
        } else {
          const { file = '' } = result;
          // It stays: a path may be named again.
          const error = problems.get(file) ?? explainInput(result.error, file, images, commandWords('predict', source));
          process.exitCode = 1;
          tell(failureLine(error));
          if (json) taken = sayJson(jsonRecord({ file, error }));
        }
        if (!taken) {
          // If the signal ends the wait, the stream will throw.
          await once(process.stdout, 'drain', { signal }).catch(() => {});
        }
      }
      const ignored = passedOverEvent(passedOver);
      if (!json && ignored !== undefined) tell(passedOverLine(ignored));
    } finally {
      // What still writes a list would keep the process alive.
      if (images.includes('-')) process.stdin.destroy();
      await model.close();
    }
  },
});
