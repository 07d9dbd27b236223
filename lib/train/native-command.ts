import { kebab, optimizerDefaults, TRAIN_OPTIONS, type ResolvedTrainOptions } from '../options';

/** The command line that does the same with LibTorch. */
export function nativeCommand(options: ResolvedTrainOptions): string {
  const words = ['npx', 'resnet-ft', 'train', quoted(options.data)];
  const defaults: Record<string, unknown> = optimizerDefaults(options.optimizer);
  for (const [name, spec] of Object.entries(TRAIN_OPTIONS)) {
    const value = options[name as keyof ResolvedTrainOptions];
    const fallback = 'default' in spec ? spec.default : defaults[name];
    if (value === undefined || value === fallback || name === 'backend' || name === 'output') continue;
    words.push(`--${value === false ? 'no-' : ''}${kebab(name)}`);
    if (typeof value !== 'boolean') words.push(quoted(String(value)));
  }
  return [...words, '--backend', 'native'].join(' ');
}

/** As a POSIX shell takes it for one word. */
function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
