import type { Readable } from 'node:stream';
import { ResnetFtError } from '../errors';

/** More than the path of any file system. What is longer is no list. */
const LONGEST_PATH = 65536;

/**
 * The paths of a list, each as soon as it is there; empty ones are left out.
 *
 * @param separator what ends a path: a new line, before which a carriage return is dropped, or a NUL byte
 * @throws ResnetFtError DATA_INVALID for a path longer than any can be
 */
export async function* readPathList(input: Readable, separator: '\n' | '\0'): AsyncGenerator<string> {
  const clean = (line: string): string => (separator === '\n' && line.endsWith('\r') ? line.slice(0, -1) : line);
  let rest = '';
  for await (const text of input.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = (rest + text).split(separator);
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_PATH) {
      throw new ResnetFtError(
        'DATA_INVALID',
        `standard input is not a list of paths: a line is longer than ${LONGEST_PATH} characters`,
        {
          hint: 'Give one path per line, or end each with a NUL byte and add --null',
        },
      );
    }
    for (const line of lines.map(clean)) if (line !== '') yield line;
  }
  if (clean(rest) !== '') yield clean(rest);
}
