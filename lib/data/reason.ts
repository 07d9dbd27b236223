import { printable } from '../text/printable';
import { shortened } from './pasted';

/** Why an image could not be read, from an error's message, which may begin with the image's name. */
export function withoutName(message: string, file: string): string {
  // The errors of native code have the name as it is, ours as it is shown.
  const short = shortened(file);
  const start = [`${file}: `, `${printable(file)}: `, `${short}: `, `${printable(short)}: `].find((name) =>
    message.startsWith(name),
  );
  return start === undefined ? message : message.slice(start.length);
}

/**
 * That there is no such `what`. A name that the file system holds in other bytes than UTF-8 comes from Node.js with U+FFFD in their
 * place, and leads nowhere.
 */
export function noSuch(what: 'file' | 'folder', name: string): string {
  const renamed = '; \uFFFD in its name stands for bytes that are not UTF-8: rename it';
  return `no such ${what}${name.includes('\uFFFD') ? renamed : ''}`;
}
