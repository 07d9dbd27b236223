import { rejectOption, requireOptions, requireText } from '../options';
import { toMetadata } from './metadata';
import { byteLength, isDtype, isSizes, MAX_DIMENSIONS, type Tensor } from './state-dict';

/**
 * Checks a name of a file.
 *
 * @throws ResnetFtError INVALID_OPTION
 */
export function requireFileName(file: unknown): string {
  const name = requireText("a file's name", 'file', file);
  // Systems end names there, and Node.js refuses them in words of its own.
  return name.includes('\0') ? rejectOption('a name without NUL characters', 'file', name) : name;
}

/**
 * Checks what is to be written: whatever passes can be read again.
 *
 * @throws ResnetFtError INVALID_OPTION that names the tensor
 */
export function checkToWrite(tensors: unknown, options: unknown): void {
  if (!(tensors instanceof Map) || tensors.size === 0) rejectOption('a Map with a tensor at least', 'tensors', tensors);
  for (const [name, tensor] of tensors as Map<unknown, unknown>) {
    if (typeof name !== 'string' || !isWellFormed(name)) rejectOption('well-formed text', 'the name of a tensor', name);
    const what = whatIsWrong(tensor);
    if (what !== undefined) rejectOption(what, `the tensor ${name}`, tensor);
  }
  requireOptions(options, 'the options');
  const { metadata } = options as { metadata?: unknown };
  if (metadata === undefined) return;
  // A map's entries, and what is inherited, would be lost in silence.
  requireOptions(metadata, 'metadata');
  const texts = toMetadata(metadata);
  if (texts === undefined) rejectOption('text by name', 'metadata', metadata);
  const broken = Object.entries(texts).find((entry) => !entry.every(isWellFormed));
  if (broken !== undefined) rejectOption('well-formed text', `metadata ${broken[0]}`, broken[1]);
}

/** What a tensor should be where it isn't. */
function whatIsWrong(tensor: unknown): string | undefined {
  if (typeof tensor !== 'object' || tensor === null) return 'an object with dtype, shape and data';
  const { dtype, shape, data } = tensor as Record<keyof Tensor, unknown>;
  if (!isDtype(dtype)) return 'a dtype such as F32';
  if (!isSizes(shape) || shape.length > MAX_DIMENSIONS) return `a shape of at most ${MAX_DIMENSIONS} sizes`;
  if (!(data instanceof Uint8Array)) return 'data that are a Uint8Array';
  const bytes = byteLength(dtype, shape);
  if (bytes === undefined) return 'a shape of no more bytes than can be counted';
  return data.byteLength === bytes ? undefined : `${bytes} bytes of data, not ${data.byteLength},`;
}

/** Not half of a pair of surrogates, which no file could hold. */
const isWellFormed = (text: string): boolean => !/\p{Cs}/u.test(text);
