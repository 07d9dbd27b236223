import { isUtf8 } from 'node:buffer';
import fs from 'node:fs';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { extensionOf } from '../data/image-kind';
import { ResnetFtError } from '../errors';

/** More than the path of any file system. What is longer is no list. */
const LONGEST_PATH = 65536;

/** Characters that hardly any name has, and the first bytes of nearly every image. */
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0001-\u0008\u000e-\u001f]/;

/**
 * The paths that stand on standard input, as {@link readPathList} gives them.
 *
 * @param nul whether NUL bytes end them, and not new lines
 * @throws ResnetFtError DATA_INVALID also where standard input is a folder, which for Node.js is a list of nothing
 */
export async function* pathsOfStandardInput({ nul }: { nul: boolean }): AsyncGenerator<string> {
  if (fs.fstatSync(0).isDirectory())
    throw noList('standard input is a folder, not a list of paths', 'Name the folder itself');
  yield* readPathList(process.stdin, nul ? '\0' : '\n');
}

/**
 * The paths of a list, each as soon as it is there; empty ones are left out, and so is a byte order mark before lines.
 *
 * @param separator what ends a path: a new line, before which a carriage return is dropped, or a NUL byte
 * @throws ResnetFtError DATA_INVALID for what is no such list: an image, paths that end in the other way, or a path longer than any can be
 */
export async function* readPathList(input: Readable, separator: '\n' | '\0'): AsyncGenerator<string> {
  const clean = (line: string): string => (separator === '\n' && line.endsWith('\r') ? line.slice(0, -1) : line);
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let begun = false;
  let marked = false;
  let separated = false;
  for await (const bytes of input as AsyncIterable<Buffer>) {
    if (!begun && isImage(bytes))
      throw noList('standard input is an image, not a list of paths', 'Name the file itself');
    begun = true;
    let text = decoder.write(bytes);
    if (separator === '\n' && !marked && text !== '') {
      marked = true;
      // A byte order mark, with which Windows' own programs begin a text, is no part of the first path.
      text = text.replace(/^\ufeff/, '');
    }
    if (separator === '\n' && text.includes('\0')) {
      throw noList('the list on standard input has NUL bytes', 'Add --null, with which these end its paths');
    }
    const lines = (rest + text).split(separator);
    rest = lines.pop() ?? '';
    separated ||= lines.length > 0;
    if (rest.length > LONGEST_PATH) {
      if (separator === '\0' && !separated && rest.includes('\n')) throw noNulByte();
      const what = `standard input is not a list of paths: a line is longer than ${LONGEST_PATH} characters`;
      throw noList(what, 'Give one path per line, or end each with a NUL byte and add --null');
    }
    for (const line of lines.map(clean)) if (line !== '') yield line;
  }
  rest += decoder.end();
  // One name with a new line in it may stand alone.
  if (separator === '\0' && !separated && rest.includes('\n') && !fs.existsSync(rest)) throw noNulByte();
  if (clean(rest) !== '') yield clean(rest);
}

/** Whether that is how an image begins. A name may begin so too, such as `BMW.jpg`: what follows tells them apart. */
function isImage(bytes: Buffer): boolean {
  return extensionOf(bytes) !== undefined && !isUtf8(bytes) && CONTROL.test(bytes.toString('latin1'));
}

const noNulByte = (): ResnetFtError =>
  noList(
    'the list on standard input has no NUL byte',
    'Leave --null out: each of its paths stands on a line of its own',
  );

const noList = (what: string, hint: string): ResnetFtError => new ResnetFtError('DATA_INVALID', what, { hint });
