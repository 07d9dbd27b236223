import type { UnknownEvent, UnknownResult } from '../explain/fit-unknown';
import { UNKNOWN_OPTIONS, type UnknownOptions } from '../options';
import { percent } from '../text/percent';
import { say, sayJson, tell } from '../text/terminal';
import { ProgressBar } from './bar';
import { defineCommand } from './command';
import { createDownloadDisplay } from './download-progress';
import { tellFallback } from './fallback';
import { shownPath } from './shown-path';

const ORDINALS = ['', '2nd ', '3rd '];

/** `resnet-ft unknown <run>` */
export const unknownCommand = defineCommand({
  command: 'unknown <run>',
  describe: 'Teach a model to say "none of these" of images that are of none of its classes',
  positionals: { run: 'folder of a run of train, whose validation images set the threshold' },
  options: UNKNOWN_OPTIONS,
  json: 'print the result as one JSON object',
  examples: [
    ['unknown runs/first', 'then predict says it, of one in twenty known images too'],
    ['unknown runs/first --keep 0.99', 'of one in a hundred known images, and of fewer unknown ones'],
  ],
  inFiles: () => true,
  async run(given, { positionals, json, signal }) {
    const { fitUnknown } = await import('../explain/fit-unknown.js');
    const download = createDownloadDisplay({ quiet: json });
    const bar = new ProgressBar(process.stderr, { label: 'images', time: true });
    let unchanged = false;
    const show = (event: UnknownEvent): void => {
      if (event.kind === 'download') download.show(event.event);
      else if (event.kind === 'fallback') tellFallback(event);
      else if (event.kind === 'unchanged') unchanged = true;
      else if (event.kind === 'note') tell(event.note);
      else if (!json) bar.show(event.done, event.total);
    };
    let result;
    try {
      result = await fitUnknown({ model: positionals['run'], ...given } as UnknownOptions, { signal, onEvent: show });
    } finally {
      download.close();
      bar.stop();
    }
    if (json) sayJson(result ?? { forgotten: !unchanged });
    else if (result === undefined) say(`the model has no threshold${unchanged ? '' : ' any more'}`);
    else linesOf(result).forEach((line) => say(line));
  },
});

function linesOf(result: UnknownResult): string[] {
  const { images, kept, probability, temperature, distance, neighbours, references, file } = result;
  return [
    `known: probability of at least ${probability.toFixed(4)} at temperature ${temperature.toFixed(3)}, and`,
    `  distance to the ${ORDINALS[neighbours - 1] ?? `${neighbours}th `}nearest of ${references} training images of at most ${distance.toFixed(4)}`,
    `${kept} of ${images} validation images (${percent(kept / images)}) count as known`,
    `written to ${shownPath(file)}`,
  ];
}
