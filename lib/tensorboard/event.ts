import { crc32c } from './crc32c';

// TensorBoard's messages (tensorboard/compat/proto/event.proto and summary.proto), as far as they are written here, in protocol buffers'
// wire format (https://protobuf.dev/programming-guides/encoding/).

/** One figure, under the name of its curve: `loss/train`. */
export interface Scalar {
  tag: string;
  value: number;
}

/** What an event tells. */
export type EventContent =
  /** The first of a file. */
  | { kind: 'version' }
  /** From this step on, what was written before does not count any more: a run that was resumed does these steps again. */
  | { kind: 'restart' }
  | { kind: 'scalars'; scalars: readonly Scalar[] };

const VERSION = 'brain.Event:2';
/** SessionLog.SessionStatus. */
const START = 1;

const LENGTH_DELIMITED = 2;
const VARINT = 0;

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Buffer.from(bytes);
}

const key = (field: number, type: number): Buffer => varint(field * 8 + type);
const integer = (field: number, value: number): Buffer => Buffer.concat([key(field, VARINT), varint(value)]);
const delimited = (field: number, content: Buffer): Buffer =>
  Buffer.concat([key(field, LENGTH_DELIMITED), varint(content.length), content]);

function double(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([key(field, 1), bytes]);
}

function float(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([key(field, 5), bytes]);
}

/**
 * The bytes of a message `Event`.
 *
 * @param event.seconds since 1970
 * @param event.step 0 or more
 */
export function encodeEvent({ seconds, step, ...content }: { seconds: number; step: number } & EventContent): Buffer {
  const head = [double(1, seconds), integer(2, step)];
  if (content.kind === 'version') return Buffer.concat([...head, delimited(3, Buffer.from(VERSION))]);
  if (content.kind === 'restart') return Buffer.concat([...head, delimited(7, integer(1, START))]);
  const values = content.scalars.map(({ tag, value }) =>
    delimited(1, Buffer.concat([delimited(1, Buffer.from(tag)), float(2, value)])),
  );
  return Buffer.concat([...head, delimited(5, Buffer.concat(values))]);
}

const MASK = 0xa282ead8;

/** A checksum of bytes that may hold checksums themselves, as TFRecord masks it. */
function maskedCrc(bytes: Uint8Array): Buffer {
  const crc = crc32c(bytes);
  const out = Buffer.alloc(4);
  out.writeUInt32LE((((crc >>> 15) | (crc << 17)) + MASK) >>> 0);
  return out;
}

/** A record of a TFRecord file: length, its checksum, content, its checksum (https://www.tensorflow.org/tutorials/load_data/tfrecord). */
export function frame(content: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(content.length));
  return Buffer.concat([length, maskedCrc(length), content, maskedCrc(content)]);
}
