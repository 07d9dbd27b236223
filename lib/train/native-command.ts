import { optimizerDefaults, TRAIN_OPTIONS, type ResolvedTrainOptions } from '../options';
import { shellPath } from '../text/shell';
import { wordsOf } from '../options/command-line';

/** Of no meaning to the command that does the same. */
const LEFT_OUT: ReadonlySet<string> = new Set(['backend', 'output', 'resume']);

/** The command line that does the same with LibTorch. */
export function nativeCommand(options: ResolvedTrainOptions): string {
  const words = ['npx', 'resnet-ft', 'train', shellPath(options.data)];
  const defaults: Record<string, unknown> = optimizerDefaults(options.optimizer);
  for (const [name, spec] of Object.entries(TRAIN_OPTIONS)) {
    const value = options[name as keyof ResolvedTrainOptions];
    const fallback = 'default' in spec ? spec.default : defaults[name];
    if (value !== fallback && !LEFT_OUT.has(name)) words.push(...wordsOf(name, value));
  }
  return [...words, '--backend', 'native'].join(' ');
}
