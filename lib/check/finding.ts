import path from 'node:path';
import { shellWord } from '../text/shell';
import { KINDS, type FindingKind } from './kinds';
import type { Finding } from './types';

/** A line that removes a file, or an empty folder. */
type Remove = (file: string) => string;

/**
 * A finding of a kind.
 *
 * @param commands the lines that would mend it; they are left out where a name can't be written in a shell
 */
export function finding(
  kind: FindingKind,
  files: readonly string[],
  note: string,
  commands: (remove: Remove) => string[] = () => [],
): Finding {
  return {
    kind,
    severity: KINDS[kind].severity,
    files: [...files],
    note,
    commands: files.every(canBeNamed) ? commands(removal) : [],
  };
}

/** Whether a name is what the file system has: U+FFFD stands for bytes that are not UTF-8. */
const canBeNamed = (file: string): boolean => !file.includes('\uFFFD');

/** A line that removes a file. */
export const removal = (file: string): string => `rm -- ${shellWord(file)}`;

/** A line that gives a file another place, and never takes that of another file. */
export const move = (from: string, to: string): string => `mv -n -- ${shellWord(from)} ${shellWord(to)}`;

/** A line for a person to decide on. */
export const afterALook = (line: string): string => `# ${line}`;

/** The end of a name from its last point on: also of `.jpg`, which is an image to torchvision and to training. */
export function extensionOf(file: string): string {
  const name = path.basename(file);
  const point = name.lastIndexOf('.');
  return point < 0 ? '' : name.slice(point);
}

/** A path without its extension. */
export function withoutExtension(file: string): string {
  return file.slice(0, file.length - extensionOf(file).length);
}
