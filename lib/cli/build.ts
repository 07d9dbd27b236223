import { say } from '../terminal';
import { defineCommand } from './command';

/** `resnet-ft build` */
export const buildCommand = defineCommand({
  command: 'build',
  describe: 'Compile the native addon from source, if no prebuilt one fits',
  positionals: {},
  options: {},
  async run(_given, { signal }) {
    const { buildAddon } = await import('../addon/build.js');
    say(await buildAddon(signal));
  },
});
