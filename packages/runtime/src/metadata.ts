import { PbfReader } from 'pbf';
import { parseCard, type ModelCard } from '../../../lib/model/describe';
import { ResnetFtError } from '../../../lib/errors';

// onnxruntime does not tell what a file's metadata say. Field numbers: https://github.com/onnx/onnx/blob/v1.23.2/onnx/onnx.proto
const METADATA_PROPS = 14;
const KEY = 1;
const VALUE = 2;

/** What a model's file says of it. */
export interface Card extends ModelCard {
  /** What is left to divide the logits by. */
  temperature?: number | undefined;
}

/** Temperatures that can be one, as `resnet-ft calibrate` has them. */
const COOLEST = 1e-3;
const HOTTEST = 1e3;

/**
 * What `resnet-ft export` wrote into an ONNX file.
 *
 * @param name of the file, for the error
 * @throws ResnetFtError WEIGHTS_INVALID where it is no such file
 */
export function readCard(bytes: Uint8Array, name: string): Card {
  const metadata = readMetadata(bytes, name);
  const { arch, classes, preprocessing, ...others } = parseCard(name, metadata);
  if (arch === undefined || classes === undefined || preprocessing === undefined) {
    throw new ResnetFtError('WEIGHTS_INVALID', `${name}: the file does not say what its classes are`, {
      hint: 'Take one that was written by: resnet-ft export MODEL --format onnx',
    });
  }
  const card: Card = { arch, classes, preprocessing, ...others };
  const text = metadata['temperature'];
  if (text === undefined) return card;
  const temperature = Number(text);
  if (!(temperature >= COOLEST && temperature <= HOTTEST)) {
    throw new ResnetFtError('WEIGHTS_INVALID', `${name}: its temperature, ${text}, can't be one`);
  }
  return { ...card, temperature };
}

function readMetadata(bytes: Uint8Array, name: string): Record<string, string> {
  const found: [string, string][] = [];
  try {
    const pbf = new PbfReader(bytes);
    pbf.readFields((field) => {
      if (field === METADATA_PROPS) found.push(pbf.readMessage(readEntry, ['', '']));
    }, undefined);
    if (pbf.pos !== bytes.length) throw new Error('the file is cut off');
  } catch {
    throw new ResnetFtError('WEIGHTS_INVALID', `${name}: it is no ONNX file, or is damaged`);
  }
  return Object.fromEntries(found);
}

function readEntry(field: number, entry: [string, string], pbf: PbfReader): void {
  if (field === KEY) entry[0] = pbf.readString();
  if (field === VALUE) entry[1] = pbf.readString();
}
