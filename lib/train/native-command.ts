import { kebab, TRAIN_OPTIONS, type ResolvedTrainOptions } from '../options';
import { shellWord } from '../text/shell';

/** The command line that does the same with LibTorch. */
export function nativeCommand(options: ResolvedTrainOptions): string {
  const words = ['npx', 'resnet-ft', 'train', shellWord(options.data)];
  for (const [name, spec] of Object.entries(TRAIN_OPTIONS)) {
    const value = options[name as keyof ResolvedTrainOptions];
    const fallback = 'default' in spec ? spec.default : undefined;
    if (value === undefined || value === fallback || name === 'backend' || name === 'output' || name === 'resume')
      continue;
    words.push(`--${value === false ? 'no-' : ''}${kebab(name)}`);
    if (typeof value !== 'boolean') words.push(shellWord(String(value)));
  }
  return [...words, '--backend', 'native'].join(' ');
}
