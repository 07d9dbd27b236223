import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { ResnetFtError } from '../errors';
import { invalid, quote, readBytes, withWeightsFile } from './file';
import { byteLength, isDtype, isSize, isSizes, type Dtype, type StateDict, type Tensor } from './state-dict';

// The format: https://github.com/huggingface/safetensors, "Format" in its README and safetensors/src/tensor.rs.

const MAX_HEADER = 100_000_000;
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

/**
 * Reads a .safetensors file, checking all of its header before any tensor is read.
 *
 * @throws ResnetFtError WEIGHTS_INVALID where the file is missing, damaged or of an element type that is not supported.
 */
export async function readSafetensors(file: string): Promise<{ tensors: StateDict; metadata: Record<string, string> }> {
  return withWeightsFile(file, async (handle, size) => {
    if (size < 8) throw invalid(file, 'truncated: shorter than a safetensors header');
    const length = (await readBytes(file, handle, 0, 8)).readBigUInt64LE();
    if (length > BigInt(MAX_HEADER)) {
      throw invalid(file, `not a safetensors file: a header of ${String(length)} bytes (at most ${MAX_HEADER})`);
    }
    const start = 8 + Number(length);
    if (start > size) throw invalid(file, 'truncated within the header');
    const { placed, metadata } = parseHeader(file, await readBytes(file, handle, 8, start - 8), size - start);
    const tensors: StateDict = new Map();
    for (const { name, dtype, shape, begin, end } of placed) {
      tensors.set(name, { dtype, shape, data: await readBytes(file, handle, start + begin, end - begin) });
    }
    return { tensors, metadata };
  });
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
  if (!text.startsWith('{')) throw invalid(file, 'the safetensors header is not a JSON object');
  const duplicate = duplicateKey(text);
  if (duplicate !== undefined) throw invalid(file, `the safetensors header names ${quote(duplicate)} twice`);

  const metadata: Record<string, string> = {};
  const placed: Placed[] = [];
  for (const [name, value] of Object.entries(header as object)) {
    if (name === METADATA) {
      for (const [key, entry] of Object.entries(isRecord(value) ? value : { [METADATA]: null })) {
        if (typeof entry !== 'string') throw invalid(file, `${METADATA} must map names to text`);
        Object.defineProperty(metadata, key, { value: entry, enumerable: true, writable: true, configurable: true });
      }
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
  if (!isDtype(dtype)) throw invalid(file, `${what} has an unsupported dtype ${quote(String(dtype))}`);
  if (!isSizes(shape)) throw invalid(file, `${what} has an invalid shape`);
  const length = byteLength(dtype, shape);
  if (length === undefined) throw invalid(file, `${what} has an absurd shape`);
  const [begin, end] = Array.isArray(offsets) && offsets.length === 2 ? (offsets as unknown[]) : [];
  if (!isSize(begin) || !isSize(end) || end < begin) throw invalid(file, `${what} has invalid data_offsets`);
  if (end - begin !== length) {
    throw invalid(file, `${what} has ${end - begin} bytes, but its shape and dtype need ${length}`);
  }
  return { name, dtype, shape, begin, end };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON.parse keeps the last of two equal keys in silence. `text` is valid JSON, so a few tokens tell keys apart. */
function duplicateKey(text: string): string | undefined {
  const scopes: Set<string>[] = [];
  for (const [token, string] of text.matchAll(/[{}]|("(?:[^"\\]|\\.)*")(?:\s*:)?/g)) {
    if (token === '{') scopes.push(new Set());
    else if (token === '}') scopes.pop();
    else if (string !== undefined && token.endsWith(':')) {
      const key = JSON.parse(string) as string;
      const scope = scopes.at(-1);
      if (scope?.has(key)) return key;
      scope?.add(key);
    }
  }
  return undefined;
}

/**
 * Writes a .safetensors file whole or not at all: under a temporary name beside it, synchronised, then renamed.
 *
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE where the file can't be written; an older file of that name is then untouched.
 */
export async function writeSafetensors(
  file: string,
  tensors: StateDict,
  metadata: Record<string, string> = {},
): Promise<void> {
  const sorted = [...tensors].sort(
    ([a, x], [b, y]) =>
      ORDER.indexOf(x.dtype) - ORDER.indexOf(y.dtype) || Buffer.compare(Buffer.from(a), Buffer.from(b)),
  );
  const header = buildHeader(file, sorted, metadata);
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(6).toString('hex')}.tmp`);
  let created = false;
  try {
    const handle = await open(temporary, 'wx');
    created = true;
    try {
      // writeFile, unlike write, repeats short writes.
      await handle.writeFile(header);
      for (const [, { data }] of sorted) await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (cause) {
    if (created) await rm(temporary, { force: true });
    const reason = (cause instanceof Error ? cause.message : String(cause)).replace(/\s+/g, ' ');
    throw new ResnetFtError('OUTPUT_NOT_WRITABLE', `cannot write ${file}: ${reason}`, { cause });
  }
}

function buildHeader(file: string, sorted: [string, Tensor][], metadata: Record<string, string>): Buffer {
  const parts: string[] = [];
  // Joined by hand, since a tensor may be called "1" or "__proto__", which an object would move or lose.
  if (Object.keys(metadata).length > 0) parts.push(`"${METADATA}":${JSON.stringify(metadata)}`);
  let at = 0;
  for (const [name, { dtype, shape, data }] of sorted) {
    if (name === METADATA || byteLength(dtype, shape) !== data.byteLength) {
      throw new ResnetFtError('OUTPUT_NOT_WRITABLE', `cannot write ${file}: tensor ${quote(name)} is not valid`);
    }
    const offsets = [at, at + data.byteLength];
    at += data.byteLength;
    parts.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: offsets })}`);
  }
  const json = Buffer.from(`{${parts.join(',')}}`);
  const padded = Math.ceil(json.length / 8) * 8;
  if (padded > MAX_HEADER) throw new ResnetFtError('OUTPUT_NOT_WRITABLE', `cannot write ${file}: too many tensors`);
  const header = Buffer.alloc(8 + padded, ' ');
  header.writeBigUInt64LE(BigInt(padded));
  json.copy(header, 8);
  return header;
}
