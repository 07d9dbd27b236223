import { shellWord } from '../text/shell';

/** The command line that goes on with the run in a folder. */
export function resumeCommand(folder: string): string {
  return `npx resnet-ft train --resume ${shellWord(folder)}`;
}
