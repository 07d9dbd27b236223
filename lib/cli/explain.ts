import { once } from 'node:events';
import type { ExplainedImage, ExplainEvent } from '../explain/explain';
import { EXPLAIN_OPTIONS, type ExplainOptions } from '../options';
import { counted } from '../text/count';
import { say, sayJson, tell } from '../text/terminal';
import { ProgressBar } from './bar';
import { defineCommand } from './command';
import { tellFallback } from './fallback';
import { shownPath } from './shown-path';

/** `resnet-ft explain <model> <images..>` */
export const explainCommand = defineCommand({
  command: 'explain <model> <images..>',
  describe: 'Show where in images the evidence for a class lies (Grad-CAM)',
  positionals: {
    model: 'model file, folder of a run of train, or named weights such as imagenet-v1',
    images: 'images, folders, globs, or - for a list of paths on standard input',
  },
  options: EXPLAIN_OPTIONS,
  json: 'print one JSON record per line',
  examples: [
    ['explain runs/first photo.jpg', 'photo.layer4.CLASS.png, for the most probable class'],
    ['explain runs/first photos --class bees --layer layer3 --output maps', 'of a folder, what speaks for bees'],
  ],
  inFiles: () => true,
  async run(given, { positionals, json, signal }) {
    const { explain } = await import('../explain/explain.js');
    const { createDownloadDisplay } = await import('./download-progress.js');
    const { failureLine } = await import('../predict/format.js');
    const { pathsOfStandardInput } = await import('../predict/path-list.js');
    const display = createDownloadDisplay({ quiet: json });
    const bar = new ProgressBar(process.stderr, { label: 'training images', time: true });
    let passedOver: PassedOver | undefined;
    const show = (event: ExplainEvent): void => {
      if (event.kind === 'download') display.show(event.event);
      else if (event.kind === 'fallback') tellFallback(event);
      else if (event.kind === 'pictures-passed-over') passedOver = event;
      else if (!json) bar.show(event.done, event.total);
    };
    const input = { model: positionals['model'], images: positionals['images'], ...given } as ExplainOptions;
    const list = (): AsyncIterable<string> => pathsOfStandardInput({ nul: given['null'] === true });
    try {
      const results = explain(input, { signal, list, onEvent: show });
      for await (const result of results) {
        display.close();
        let taken = true;
        if (result.error === undefined) {
          if (json) taken = sayJson(result);
          else for (const line of linesOf(result)) taken = say(line);
        } else {
          process.exitCode = 1;
          tell(failureLine(result.error));
          const { code, message } = result.error;
          if (json) taken = sayJson({ file: result.file, error: { code, message } });
        }
        // If the signal ends the wait, the next image will throw.
        if (!taken) await once(process.stdout, 'drain', { signal }).catch(() => {});
      }
      if (!json && passedOver !== undefined) tell(passedOverLine(passedOver));
    } finally {
      display.close();
      bar.stop();
      if (input.images.includes('-')) process.stdin.destroy();
    }
  },
});

type PassedOver = Extract<ExplainEvent, { kind: 'pictures-passed-over' }>;

const passedOverLine = ({ files, folder }: PassedOver): string =>
  `passed over ${counted(files, 'picture')} of this model in ${shownPath(folder)}: name ${files === 1 ? 'it' : 'them'} to have ${files === 1 ? 'it' : 'them'} explained`;

function linesOf({ file, top, explained, layer, map, picture, neighbours = [] }: ExplainedImage): string[] {
  const nothing =
    map.width * map.height === 1 ? ' (one cell, nothing to see: --layer layer2)' : ' (nothing there speaks for it)';
  return [
    file,
    ...top.map((score) => `  ${score.probability.toFixed(4)}  ${score.class}`),
    `  ${layer} for ${explained.class}: ${shownPath(picture)}${map.empty ? nothing : ''}`,
    ...(neighbours.length === 0 ? [] : ['  nearest training images, by their distance:']),
    ...neighbours.map((one) => `  ${one.distance.toFixed(4)}  ${one.class}: ${shownPath(one.file)}`),
  ];
}
