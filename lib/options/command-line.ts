import { shellWord } from '../text/shell';
import { kebab } from './spec';

/** An option as the words of a command line: `--lr 0.1`, `--nesterov`, `--no-exif-rotate`; none of one without a value. */
export function wordsOf(name: string, value: string | number | boolean | undefined): string[] {
  if (value === undefined) return [];
  const flag = `--${value === false ? 'no-' : ''}${kebab(name)}`;
  return typeof value === 'boolean' ? [flag] : [flag, shellWord(String(value))];
}
