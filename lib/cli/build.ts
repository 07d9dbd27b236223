import { say } from '../text/terminal';
import { defineCommand } from './command';

/** `resnet-ft build` */
export const buildCommand = defineCommand({
  command: 'build',
  describe: 'Compile the native addon from source, if no prebuilt one fits',
  positionals: {},
  options: {},
  async run(_given, { signal }) {
    const { buildAddon } = await import('../backend/native/build.js');
    say(await buildAddon(signal));
  },
});
