import { rejectOption, resolveOptions } from '../options';
import { DATA_OPTIONS } from '../options/download';
import { say, sayJson } from '../text/terminal';
import { defineCommand } from './command';

/** `resnet-ft data <name>` */
export const dataCommand = defineCommand({
  command: 'data <name>',
  describe: "Download the tutorial's data set if it is missing, and print its folder",
  positionals: { name: 'hymenoptera: 397 images of ants and bees, 47 MB' },
  needs: 'a data set: hymenoptera',
  options: DATA_OPTIONS,
  json: 'print one line of JSON',
  quiet: 'print only the folder',
  async run(given, { positionals, json, quiet, signal }) {
    const { offline } = resolveOptions(DATA_OPTIONS, given, 'data');
    const name = String(positionals['name']);
    const { HYMENOPTERA, hymenopteraFolder } = await import('../data/hymenoptera.js');
    if (name !== HYMENOPTERA) rejectOption(HYMENOPTERA, '<name>', name);
    const { createDownloadDisplay } = await import('./download-progress.js');
    const display = createDownloadDisplay({ quiet });
    try {
      const folder = await hymenopteraFolder({ offline, signal, onProgress: display.show });
      display.close();
      if (json) sayJson({ name, path: folder });
      else say(folder);
    } finally {
      display.close();
    }
  },
});
