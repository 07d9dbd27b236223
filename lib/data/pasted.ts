import path from 'node:path';

const QUOTES = `"'\u2018\u2019\u201C\u201D`;
const QUOTED = new RegExp(`^[${QUOTES}].*[${QUOTES}]$`, 's');

/**
 * What to do about a path that leads nowhere, by how it looks: an address, or what a shell would have changed.
 *
 * @param given as it was typed, or made absolute since
 * @param instead what to give in place of an address
 */
export function hintOfPasted(given: string, instead: string): string | undefined {
  const here = process.cwd() + path.sep;
  const typed = given.startsWith(here) ? given.slice(here.length) : given;
  if (/^(https?|ftp|s3|gs):\//i.test(typed)) return `This is an address: download it first, and ${instead}`;
  if (QUOTED.test(typed)) return 'The quotes are part of the name: leave them out';
  if (/^~/.test(typed)) return '~ is not expanded inside quotes: give the whole path';
  return undefined;
}

/** What to do with a file that is no folder of images. */
export function hintOfFile(file: string): string | undefined {
  const extension = path.extname(file).toLowerCase();
  if (isArchive(file)) return 'Unpack it first, and name the folder';
  if (!['.csv', '.tsv', '.txt', '.json', '.jsonl', '.xlsx', '.parquet'].includes(extension)) return undefined;
  return 'Labels are the names of folders: put the images of each class into a folder of its own';
}

/** Whether a file has the name of an archive. */
export const isArchive = (file: string): boolean => /\.(zip|tar|tgz|gz|bz2|xz|zst|7z|rar)$/i.test(file);

/** Characters of a name in a message: a data: URL may have a hundred thousand. */
const LONGEST = 300;

/** A name with its middle left out where it is very long. */
export function shortened(name: string): string {
  if (name.length <= LONGEST) return name;
  const half = LONGEST / 2;
  return `${name.slice(0, half)}\u2026${name.slice(-half)}`;
}
