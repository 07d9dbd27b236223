import { oneLine, ResnetFtError } from '../errors';
import { readSmallText } from '../files/text-file';
import { IMAGENET_OUTPUTS } from '../network/architecture';
import { MAX_CLASS_NAME } from './describe';

/** Above any list of class names: that of ImageNet's 21,841 classes takes half a megabyte. */
const MAX_BYTES = 8 * 1024 * 1024;
/** Lines before the first class in the tutorial's imagenet_classes.txt. */
const HEADER_LINES = 4;
/** Of a line without spaces at its ends. */
const NUMBERED = /^(\d{1,9})\s*,(.*\S)$/;
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/;

interface Line {
  /** From 1. */
  number: number;
  text: string;
}

/**
 * Reads the names of a model's classes, in the order of its outputs. The file holds one name a line, or `N, name` lines in
 * any order as the tutorial's imagenet_classes.txt (with or without its four header lines), or a JSON array of names.
 * In a list as long as ImageNet's names may repeat, as two of its own do; in a shorter one that is a slip.
 *
 * @throws ResnetFtError DATA_NOT_FOUND, or DATA_INVALID naming the file and the line
 */
export async function readClassList(file: string): Promise<string[]> {
  const text = await readSmallText(file, MAX_BYTES);
  const names = text.trimStart().startsWith('[') ? fromJson(file, text) : fromLines(file, text);
  if (names.length === 0) throw invalid(file, 'contains no class names');
  const twice = names.length < IMAGENET_OUTPUTS ? names.find((name, i) => names.indexOf(name) < i) : undefined;
  if (twice !== undefined) {
    throw new ResnetFtError('DATA_INVALID', `class list ${file}: the name ${twice} is there twice`, {
      hint: 'Each class needs a name of its own',
    });
  }
  return names;
}

function invalid(file: string, reason: string): ResnetFtError {
  return new ResnetFtError('DATA_INVALID', `class list ${file}: ${reason}`, {
    hint: 'It must hold one name per line, or lines such as 0, tench, or a JSON array of names',
  });
}

function fromJson(file: string, text: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(file, `not valid JSON (${oneLine((error as Error).message)})`);
  }
  if (!Array.isArray(value)) throw invalid(file, 'not a JSON array');
  return value.map((name: unknown, i) => {
    if (typeof name !== 'string') throw invalid(file, `entry ${i + 1} is not a string`);
    return checked(file, name, `entry ${i + 1}`);
  });
}

function fromLines(file: string, text: string): string[] {
  const lines: Line[] = text
    .trimEnd()
    .split(/\r\n|\n|\r/)
    .map((line, i) => ({ number: i + 1, text: line.trim() }));
  const first = lines.findIndex((line) => NUMBERED.test(line.text));
  if (first === -1) return lines.map((line) => checked(file, line.text, `line ${line.number}`));
  const before = lines.slice(0, first).find((line) => line.text !== '');
  if (before !== undefined && first !== HEADER_LINES) {
    throw invalid(file, `line ${first + 1} begins with a number, but line ${before.number} does not`);
  }
  return inOrder(file, lines.slice(first));
}

/** The number and the name of a line; undefined where it has none. White space around the name is left to trim, which takes linear time. */
function numbered(text: string): { index: number; name: string } | undefined {
  const [, digits = '', rest = ''] = NUMBERED.exec(text) ?? [];
  const name = rest.trim();
  return name === '' ? undefined : { index: Number(digits), name };
}

function inOrder(file: string, lines: readonly Line[]): string[] {
  const names: (string | undefined)[] = Array.from({ length: lines.length }, () => undefined);
  for (const line of lines) {
    const place = `line ${line.number}`;
    const read = numbered(line.text);
    if (read === undefined) throw invalid(file, `${place} is not a number, a comma and a name`);
    const { index, name } = read;
    if (index >= lines.length) {
      throw invalid(file, `${place} has the number ${index}, but ${lines.length} classes are numbered from 0`);
    }
    if (names[index] !== undefined) throw invalid(file, `${place} has the number ${index}, which an earlier line has`);
    names[index] = checked(file, name, place);
  }
  // As many lines as numbers, none twice and none too large: each has its name.
  return names.map((name) => name ?? '');
}

function checked(file: string, name: string, place: string): string {
  const trimmed = name.trim();
  if (trimmed === '') throw invalid(file, `${place} is empty`);
  if (CONTROL.test(trimmed)) throw invalid(file, `${place} contains control characters`);
  if (/\p{Cs}/u.test(trimmed)) throw invalid(file, `${place} is not Unicode text`);
  if (trimmed.length > MAX_CLASS_NAME) throw invalid(file, `${place} is longer than ${MAX_CLASS_NAME} characters`);
  return trimmed;
}
