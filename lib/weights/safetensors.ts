import type { FileHandle } from 'node:fs/promises';
import { notWritable, writeAtomically, type Finish } from '../files/atomic-file';
import { codeOf, isMissing } from '../files/reason';
import { invalid, quote, readBytes, readParts, withWeightsFile } from './file';
import { isRecord, toMetadata, type Metadata } from './metadata';
import {
  MAX_DIMENSIONS,
  byteLength,
  isDtype,
  isSize,
  isSizes,
  type Dtype,
  type StateDict,
  type Tensor,
} from './state-dict';

// The format: https://github.com/huggingface/safetensors, "Format" in its README and safetensors/src/tensor.rs.

/** Less than the format's own 100 MB, whose parsed JSON could take gigabytes; a ResNet-152's header has 0.1 MB. */
export const MAX_HEADER = 4 * 1024 * 1024;
const METADATA = '__metadata__';

/** The reference's order of element types, which puts the widest first so that every tensor is aligned. */
const ORDER: readonly Dtype[] = ['I64', 'F64', 'F32', 'I32', 'BF16', 'F16', 'I16', 'I8', 'U8', 'BOOL'];

interface Placed {
  name: string;
  dtype: Dtype;
  shape: number[];
  begin: number;
  end: number;
}

/** Reads a .safetensors file, checking all of its header before any tensor is read. */
export async function readSafetensors(
  file: string,
  handle: FileHandle,
  size: number,
): Promise<{ tensors: StateDict; metadata: Metadata }> {
  const { start, placed, metadata } = await readHeader(file, handle, size);
  const parts = placed.map(({ begin, end }) => ({ position: start + begin, length: end - begin }));
  const bytes = await readParts(file, handle, parts);
  const tensors: StateDict = new Map();
  for (const [i, { name, dtype, shape }] of placed.entries()) {
    tensors.set(name, { dtype, shape, data: bytes[i] as Buffer });
  }
  return { tensors, metadata };
}

/**
 * The metadata of a `.safetensors` file alone, of which others may tell that it is damaged; all of its header is checked.
 *
 * @returns undefined where there is no such file, or no whole one
 * @throws ResnetFtError WEIGHTS_INVALID where it can't be read at the moment: what it says is not to be taken for nothing
 */
export async function metadataIfWhole(file: string): Promise<Metadata | undefined> {
  try {
    return await withWeightsFile(file, async (handle, size) => (await readHeader(file, handle, size)).metadata);
  } catch (error) {
    const { cause } = error as Error;
    // A system call failed: what is wrong in the file has no code.
    if (cause !== undefined && codeOf(cause) !== undefined && !isMissing(cause)) throw error;
    return undefined;
  }
}

/** @returns what the header says, and where the tensors begin */
async function readHeader(
  file: string,
  handle: FileHandle,
  size: number,
): Promise<{ start: number; placed: Placed[]; metadata: Metadata }> {
  if (size < 8) throw invalid(file, 'truncated: shorter than a safetensors header');
  const length = (await readBytes(file, handle, 0, 8)).readBigUInt64LE();
  if (length > BigInt(MAX_HEADER)) {
    // What is longer than the file was never meant as the length of a header.
    const reason =
      length > BigInt(size)
        ? 'not a file of weights of a known kind (.pth, .pt or .safetensors), or damaged'
        : `a header of ${String(length)} bytes (at most ${MAX_HEADER})`;
    throw invalid(file, reason);
  }
  const start = 8 + Number(length);
  if (start > size) throw invalid(file, 'truncated within the header');
  return { start, ...parseHeader(file, await readBytes(file, handle, 8, start - 8), size - start) };
}

function parseHeader(file: string, bytes: Buffer, dataLength: number) {
  let header: unknown;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (cause) {
    throw invalid(file, 'the safetensors header is not UTF-8 JSON', { cause });
  }
  if (!isRecord(header)) throw invalid(file, 'the safetensors header is not a JSON object');
  const problem = problemOfJson(text);
  if (problem !== undefined) throw invalid(file, `the safetensors header ${problem}`);

  let metadata: Metadata = {};
  const placed: Placed[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === METADATA) {
      // The reference takes null for none.
      const found = toMetadata(value ?? {});
      if (found === undefined) throw invalid(file, `${METADATA} must map names to text`);
      metadata = found;
    } else {
      placed.push(place(file, name, value));
    }
  }
  placed.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { name, begin, end } of placed) {
    if (begin !== at) throw invalid(file, `${begin > at ? 'a hole' : 'an overlap'} before tensor ${quote(name)}`);
    at = end;
  }
  if (at > dataLength) throw invalid(file, `truncated: ${dataLength} of ${at} bytes of tensors`);
  if (at < dataLength) throw invalid(file, `${dataLength - at} bytes after the last tensor`);
  return { placed, metadata };
}

function place(file: string, name: string, value: unknown): Placed {
  const what = `tensor ${quote(name)}`;
  if (!isRecord(value)) throw invalid(file, `${what} is not described by an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDtype(dtype)) {
    // An object may have a toString of its own, which String would stumble over.
    const shown = typeof dtype === 'string' ? dtype : (JSON.stringify(dtype) ?? 'undefined');
    throw invalid(file, `${what} has an unsupported dtype ${quote(shown)}`);
  }
  if (!isSizes(shape) || shape.length > MAX_DIMENSIONS) throw invalid(file, `${what} has an invalid shape`);
  const length = byteLength(dtype, shape);
  if (length === undefined) throw invalid(file, `${what} has an absurd shape`);
  const [begin, end] = Array.isArray(offsets) && offsets.length === 2 ? (offsets as unknown[]) : [];
  if (!isSize(begin) || !isSize(end) || end < begin) throw invalid(file, `${what} has invalid data_offsets`);
  if (end - begin !== length) {
    throw invalid(file, `${what} has ${end - begin} bytes, but its shape and dtype need ${length}`);
  }
  return { name, dtype, shape, begin, end };
}

/** Keys whose numbers must be written as integers. */
const INTEGERS = ['shape', 'data_offsets'];

/**
 * What JSON.parse passes over in silence: of two equal keys it keeps the last, `1.0` and `-0` are integers to it, and half of a
 * surrogate pair is text. `text` is valid JSON, so a few tokens tell keys and numbers apart.
 */
function problemOfJson(text: string): string | undefined {
  const scopes: Set<string>[] = [];
  let last = '';
  for (const [token, string] of text.matchAll(/[{}]|("[^"\\]*(?:\\.[^"\\]*)*")(?:\s*:)?|[-\d][-+.\w]*/g)) {
    if (token === '{') scopes.push(new Set());
    else if (token === '}') scopes.pop();
    else if (string !== undefined && token.endsWith(':')) {
      const key = JSON.parse(string) as string;
      const scope = scopes.at(-1);
      if (scope?.has(key)) return `names ${quote(key)} twice`;
      if (/\p{Surrogate}/u.test(key)) return 'has a name that is not Unicode text';
      scope?.add(key);
      last = key;
    } else if (string === undefined && INTEGERS.includes(last) && /\D/.test(token)) {
      return `has ${token.slice(0, 40)} in ${last}, where only integers are allowed`;
    }
  }
  return undefined;
}

/**
 * Writes a .safetensors file whole or not at all.
 *
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE where the file can't be written; an older file of that name is then untouched.
 */
export async function writeSafetensors(
  file: string,
  tensors: StateDict,
  metadata: Metadata = {},
  finish?: Finish,
): Promise<void> {
  const sorted = [...tensors].sort(
    ([a, x], [b, y]) =>
      ORDER.indexOf(x.dtype) - ORDER.indexOf(y.dtype) || Buffer.compare(Buffer.from(a), Buffer.from(b)),
  );
  await writeAtomically(file, [buildHeader(file, sorted, metadata), ...sorted.map(([, { data }]) => data)], finish);
}

function buildHeader(file: string, sorted: [string, Tensor][], metadata: Metadata): Buffer {
  const parts: string[] = [];
  // Joined by hand, since a tensor may be called "1" or "__proto__", which an object would move or lose.
  if (Object.keys(metadata).length > 0) parts.push(`"${METADATA}":${JSON.stringify(metadata)}`);
  let at = 0;
  for (const [name, { dtype, shape, data }] of sorted) {
    if (name === METADATA || byteLength(dtype, shape) !== data.byteLength) {
      throw notWritable(file, `tensor ${quote(name)} is not valid`);
    }
    const offsets = [at, at + data.byteLength];
    at += data.byteLength;
    parts.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: offsets })}`);
  }
  const json = Buffer.from(`{${parts.join(',')}}`);
  const padded = Math.ceil(json.length / 8) * 8;
  if (padded > MAX_HEADER) throw notWritable(file, `too many tensors or metadata: a header of ${padded} bytes`);
  const header = Buffer.alloc(8 + padded, ' ');
  header.writeBigUInt64LE(BigInt(padded));
  json.copy(header, 8);
  return header;
}
