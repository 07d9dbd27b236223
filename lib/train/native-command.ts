import type { ResolvedTrainOptions } from '../options';
import { trainCommand } from '../report/commands';

/** Of no meaning to the command that does the same. A recipe is given by its values, of which the caller may have had others. */
const LEFT_OUT: ReadonlySet<string> = new Set(['backend', 'output', 'resume', 'recipe']);

/** The command line that does the same with LibTorch. */
export function nativeCommand(options: ResolvedTrainOptions): string {
  return `${trainCommand(options, LEFT_OUT)} --backend native`;
}
