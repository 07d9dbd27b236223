import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import picomatch from 'picomatch';
import { IMAGE_EXTENSIONS, isImageName, list, unreadableFolder } from '../data/image-folder';
import { hintOfPasted, isArchive } from '../data/pasted';
import { ResnetFtError, withHint } from '../errors';
import { shellPath, shellWord } from '../text/shell';

/** How {@link expandInputs} reads a list of paths, and where it says what it could not expand. */
export interface ExpandOptions {
  /** The list that `-` stands for. */
  list: () => AsyncIterable<string>;
  /** What is wrong with a path that is given on all the same: a folder or a glob without images, by its name. */
  problems: Map<string, ResnetFtError>;
  /** Whether the image of this name, in a folder by its real path, is passed over, as what an earlier call left there. Named itself, it is taken. */
  passOver?: (folder: string, name: string) => boolean;
  /** Gets the names of files in folders that are not taken, for their names are not those of images. */
  onPassedOver?: (name: string) => void;
}

/** What a walk takes from a folder; names are relative to its start, with `/`. */
interface Take {
  file(name: string): boolean;
  /** Every image in this folder, or what this node takes, or nothing. */
  folder(name: string): 'all' | 'into' | 'skip';
}

const everyImage = (onPassedOver: ExpandOptions['onPassedOver']): Take => ({
  file: (name) => {
    const image = isImageName(name);
    if (!image) onPassedOver?.(path.posix.basename(name));
    return image;
  },
  folder: () => 'into',
});

/**
 * Expands images, folders, globs and `-`, a list of paths, to the paths of images, one by one as they are found. Of a folder come
 * the files with ImageFolder's extensions, of its sub-folders too; of a glob what a shell would make of it, folders expanded. A
 * name that exists is never read as a glob, nor is a path of a list.
 *
 * What is missing or empty is given on, for the error to appear in its place in the order.
 */
export async function* expandInputs(args: Iterable<string>, options: ExpandOptions): AsyncGenerator<string> {
  for (const arg of args) {
    if (arg !== '-') {
      yield* expand(arg, true, options);
      continue;
    }
    for await (const line of options.list()) yield* expand(line, false, options);
  }
}

async function* expand(arg: string, globs: boolean, options: ExpandOptions): AsyncGenerator<string> {
  const { problems } = options;
  const every = everyImage(options.onPassedOver);
  const found = await stat(arg).catch(() => undefined);
  const glob = found === undefined && globs && picomatch.scan(arg, { nonegate: true }).isGlob;
  if (!glob && found?.isDirectory() !== true) {
    yield arg;
    return;
  }
  let any = false;
  for await (const file of glob ? matches(arg, every, options) : walk(arg, '', every, every, [], options)) {
    any = true;
    yield file;
  }
  if (any) return;
  problems.set(arg, glob ? noMatch(arg) : noImage(arg));
  yield arg;
}

async function* matches(arg: string, every: Take, options: ExpandOptions): AsyncGenerator<string> {
  for (const pattern of withoutBraces(arg)) {
    if (picomatch.scan(pattern, { nonegate: true }).isGlob) {
      yield* matchesOf(pattern, every, options);
      continue;
    }
    const name = unescaped(pattern);
    const found = await stat(name).catch(() => undefined);
    if (found?.isDirectory() === true) yield* walk(name, '', every, every, [], options);
    else if (found !== undefined) yield name;
  }
}

function matchesOf(given: string, every: Take, options: ExpandOptions): AsyncGenerator<string> {
  // What ends in it is a folder, as for a shell.
  const foldersAlone = given.endsWith('/');
  const pattern = foldersAlone ? given.slice(0, -1) : given;
  const { base, glob } = picomatch.scan(pattern, { nonegate: true });
  const isMatch = picomatch(glob, { nonegate: true, strictSlashes: false });
  const depth = glob.includes('**') ? Infinity : glob.split('/').length;
  const hidden = /(^|[/{,(|])\\?\./.test(glob);
  const root = pattern.startsWith('/') ? '/' : '.';
  return walk(base === '' ? root : unescaped(base), '', take(), every, [], options);

  function take(): Take {
    return {
      file: (name) => !foldersAlone && isMatch(name),
      folder: (name) => {
        if (isMatch(name)) return 'all';
        const dot = path.posix.basename(name).startsWith('.');
        return (dot && !hidden) || name.split('/').length >= depth ? 'skip' : 'into';
      },
    };
  }
}

const unescaped = (pattern: string): string => pattern.replace(/\\(.)/g, '$1');

/** Patterns of braces beyond which these are left to the matcher. */
const MOST_PATTERNS = 1000;

/**
 * The patterns of a glob whose folders are in braces, as a shell expands these before it looks for files: `{../val,.}` is of folders that no single walk
 * comes to. Of names alone, `*.{jpg,png}`, it stays one pattern, whose files come in the order of their names.
 */
function withoutBraces(glob: string): string[] {
  let patterns = [glob];
  for (;;) {
    const next = patterns.flatMap((pattern) => alternatives(pattern) ?? [pattern]);
    if (next.length === patterns.length) return patterns;
    if (next.length > MOST_PATTERNS) return [glob];
    patterns = next;
  }
}

/** What the first list in braces, of those with a folder, stands for; undefined where there is none. */
function alternatives(pattern: string): string[] | undefined {
  const lastFolder = pattern.lastIndexOf('/');
  for (let begin = 0; begin <= lastFolder; begin++) {
    if (pattern[begin] === '\\') begin++;
    else if (pattern[begin] === '{') {
      const { parts, end } = listAt(pattern, begin);
      if (parts.length > 1) return parts.map((part) => pattern.slice(0, begin) + part + pattern.slice(end + 1));
    }
  }
  return undefined;
}

/** The parts of a list in braces that begins there, and where it ends; none where it does not. */
function listAt(pattern: string, begin: number): { parts: string[]; end: number } {
  const parts: string[] = [];
  let [depth, from] = [0, begin + 1];
  for (let i = begin; i < pattern.length; i++) {
    const char = pattern[i];
    if (char === '\\') i++;
    else if (char === '{') depth++;
    else if (char === '}') depth--;
    if ((char === ',' && depth === 1) || depth === 0) {
      parts.push(pattern.slice(from, i));
      from = i + 1;
    }
    if (depth === 0) return { parts, end: i };
  }
  return { parts: [], end: begin };
}

/** Files of a folder first, then folder by folder, each sorted by code point; links are followed, but not in circles. */
async function* walk(
  folder: string,
  name: string,
  take: Take,
  every: Take,
  ancestors: readonly string[],
  options: ExpandOptions,
): AsyncGenerator<string> {
  const { problems, passOver } = options;
  let real: string;
  let found: Awaited<ReturnType<typeof list>>;
  try {
    real = await realpath(folder);
    if (ancestors.includes(real)) return;
    found = await list(folder);
  } catch (cause) {
    const error = cause instanceof ResnetFtError ? cause : unreadableFolder(folder, cause as NodeJS.ErrnoException);
    const { code } = error.cause as NodeJS.ErrnoException;
    // A glob may begin with something that is not a folder: then nothing matches.
    if (name === '' && (code === 'ENOTDIR' || code === 'ENOENT')) return;
    problems.set(folder, error);
    yield folder;
    return;
  }
  const within = (child: string): string => (name === '' ? child : `${name}/${child}`);
  for (const file of found.files) {
    if (take.file(within(file)) && passOver?.(real, file) !== true) yield path.join(folder, file);
  }
  for (const child of found.folders) {
    const what = take.folder(within(child));
    if (what === 'skip') continue;
    const chain = [...ancestors, real];
    yield* walk(path.join(folder, child), within(child), what === 'all' ? every : take, every, chain, options);
  }
}

function noImage(folder: string): ResnetFtError {
  return new ResnetFtError('DATA_INVALID', `${folder}: no image in this folder`, {
    hint: `Files that end in ${IMAGE_EXTENSIONS.join(' ')} are looked for`,
  });
}

function noMatch(glob: string): ResnetFtError {
  const hint = hintOfPasted(glob, 'name the file');
  const message = `${glob}: no such file, and no file matches it as a glob`;
  return new ResnetFtError('DATA_NOT_FOUND', message, hint === undefined ? {} : { hint });
}

/**
 * The error of an argument that is no image, with what to do where that can be told: of what stands in a list or a folder nobody has typed the name.
 *
 * @param command the program's word and the model: `predict runs/first`
 */
export function explainInput(
  error: ResnetFtError,
  file: string,
  args: readonly string[],
  command: string,
): ResnetFtError {
  if (error.hint !== undefined || error.code !== 'IMAGE_UNREADABLE' || !args.includes(file)) return error;
  if (isArchive(file)) return withHint(error, 'Unpack it first', error.cause);
  if (!/\.(txt|csv|tsv|lst|list)$/i.test(file) || !error.message.endsWith('not an image of a supported format'))
    return error;
  return withHint(
    error,
    `A list of paths goes to standard input: npx resnet-ft ${command} - < ${shellPath(file)}`,
    error.cause,
  );
}

/** A command and its model, as a person types them. */
export const commandWords = (command: string, model: string): string => `${command} ${shellWord(model)}`;
