import { printable } from './printable';

/** As a shell takes it for one word: {@link printable} leaves it as it is, whatever the word holds. */
export function shellWord(word: string): string {
  if (/^[\w./:=@%+,-]+$/.test(word)) return word;
  return printable(word) === word ? `'${word.replaceAll("'", `'\\''`)}'` : escaped(word);
}

/** A path as a word that no command takes for an option. */
export function shellPath(file: string): string {
  return shellWord(file.startsWith('-') ? `./${file}` : file);
}

/**
 * What would steer a terminal or end the line stands as octal bytes in `$'…'`: POSIX has that since 2024, bash, zsh, ksh and busybox have had it
 * for long, and Debian's dash has not.
 */
function escaped(word: string): string {
  const shown = Array.from(word, (char) => {
    if (char === "'" || char === '\\') return `\\${char}`;
    return printable(char) === char ? char : Array.from(Buffer.from(char), octal).join('');
  });
  return `$'${shown.join('')}'`;
}

const octal = (byte: number): string => `\\${byte.toString(8).padStart(3, '0')}`;
