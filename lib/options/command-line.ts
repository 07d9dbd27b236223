import { shellWord } from '../text/shell';
import { kebab } from './spec';

/** An option as the words of a command line: `--lr 0.1`, `--nesterov`, `--no-exif-rotate`; none of one without a value. */
export function wordsOf(name: string, value: string | number | boolean | undefined): string[] {
  if (value === undefined) return [];
  const flag = `--${value === false ? 'no-' : ''}${kebab(name)}`;
  if (typeof value === 'boolean') return [flag];
  const word = shellWord(String(value));
  // It would be taken for another option.
  return String(value).startsWith('-') ? [`${flag}=${word}`] : [flag, word];
}
