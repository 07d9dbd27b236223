import { PbfReader } from 'pbf';
import { parseCard, type ModelCard } from '../../../lib/model/describe';
import { ResnetFtError } from '../../../lib/errors';

// onnxruntime does not tell what a file's metadata say. Field numbers: https://github.com/onnx/onnx/blob/v1.23.2/onnx/onnx.proto
const METADATA_PROPS = 14;
const KEY = 1;
const VALUE = 2;

/** A model's file, which need not be in memory. */
export interface ModelFile {
  /** What to call it in messages. */
  name: string;
  /** For onnxruntime: its path or its bytes. */
  content: string | Uint8Array;
  length: number;
  /** Up to `length` bytes of it from `at` on. */
  read(at: number, length: number): Uint8Array | Promise<Uint8Array>;
}

/** A model in memory. */
export function fileOf(bytes: Uint8Array, name = '(model in memory)'): ModelFile {
  return { name, content: bytes, length: bytes.length, read: (at, length) => bytes.subarray(at, at + length) };
}

/**
 * What `resnet-ft export` wrote into an ONNX file.
 *
 * @throws ResnetFtError WEIGHTS_INVALID where it is no such file
 */
export async function readCard(file: ModelFile): Promise<ModelCard> {
  const { name } = file;
  const metadata = await readMetadata(file);
  const { arch, classes, preprocessing, ...others } = parseCard(name, metadata);
  if (arch === undefined || classes === undefined || preprocessing === undefined) {
    throw new ResnetFtError('WEIGHTS_INVALID', `${name}: the file does not say what its classes are`, {
      hint: 'Take one that was written by: resnet-ft export MODEL --format onnx',
    });
  }
  return { arch, classes, preprocessing, ...others };
}

/** Of a model, which has ten or so, and one for each entry of its metadata. */
const MOST_FIELDS = 10_000;
/** Tag and length of a field, at most. */
const HEAD_BYTES = 20;
const WIRE_VARINT = 0;
const WIRE_BYTES = 2;

/** Goes from field to field, and past the graph, which is nearly all of the file. */
async function readMetadata(file: ModelFile): Promise<Record<string, string>> {
  const found: [string, string][] = [];
  const damaged = (): ResnetFtError =>
    new ResnetFtError('WEIGHTS_INVALID', `${file.name}: it is no ONNX file, or is damaged`);
  for (let at = 0, fields = 0; at < file.length; fields++) {
    // Each is read by itself: of a file of anything else there could be millions.
    if (fields > MOST_FIELDS) throw damaged();
    const head = new PbfReader(await file.read(at, HEAD_BYTES));
    try {
      const tag = head.readVarint();
      const value = head.readVarint();
      const wire = tag & 7;
      // No field has the number 0, by which zeros would be fields of two bytes.
      if (tag >> 3 === 0 || (wire !== WIRE_VARINT && wire !== WIRE_BYTES)) throw damaged();
      at += head.pos;
      if (wire === WIRE_VARINT) continue;
      if (at + value > file.length) throw damaged();
      if (tag >> 3 === METADATA_PROPS) {
        found.push(new PbfReader(await file.read(at, value)).readFields(readEntry, ['', ''] as [string, string]));
      }
      at += value;
    } catch {
      throw damaged();
    }
  }
  return Object.fromEntries(found);
}

function readEntry(field: number, entry: [string, string], pbf: PbfReader): void {
  if (field === KEY) entry[0] = pbf.readString();
  if (field === VALUE) entry[1] = pbf.readString();
}
