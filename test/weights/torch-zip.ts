import zlib from 'node:zlib';

/** An entry of a zip that a test makes; `method`, `crc` and `size` may lie. */
export interface ZipEntry {
  name: string;
  data: Buffer;
  method?: number;
  crc?: number;
  size?: number;
  /** Bytes after decompression, where `data` is compressed. */
  unpacked?: number;
  /** Unix mode: type and permissions. */
  mode?: number;
}

/** A zip of stored entries, as torch.save writes it (PKWARE's APPNOTE, 4.3). */
export function zip(entries: ZipEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const {
    name,
    data,
    method = 0,
    crc = zlib.crc32(data),
    size = data.length,
    unpacked = size,
    mode = 0,
  } of entries) {
    const common = Buffer.alloc(26);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(crc, 10);
    common.writeUInt32LE(size, 14);
    common.writeUInt32LE(unpacked, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE((mode << 16) >>> 0, 6);
    tail.writeUInt32LE(at, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\0\0'), common, tail, Buffer.from(name)]));
    parts.push(local);
    at += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, central, end]);
}

/** The same zip with the records of zip64 before its end (APPNOTE, 4.3.14 and 4.3.15); where they say things are may lie. */
export function asZip64(bytes: Buffer, lies: { record?: bigint; directory?: bigint } = {}): Buffer {
  const end = bytes.length - 22;
  const entries = BigInt(bytes.readUInt16LE(end + 10));
  const record = Buffer.alloc(56);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(44n, 4);
  record.writeBigUInt64LE(entries, 24);
  record.writeBigUInt64LE(entries, 32);
  record.writeBigUInt64LE(BigInt(bytes.readUInt32LE(end + 12)), 40);
  record.writeBigUInt64LE(lies.directory ?? BigInt(bytes.readUInt32LE(end + 16)), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(lies.record ?? BigInt(end), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([bytes.subarray(0, end), record, locator, bytes.subarray(end)]);
}

/** Positions that no file has: beyond it, beyond what a number holds exactly, and beyond what a signed integer holds. */
export const ABSURD_POSITIONS = [2n ** 40n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];

// Opcodes of a pickle, as functions that return their bytes in latin1.

export const text = (value: string): string => {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(Buffer.byteLength(value));
  return `X${length.toString('latin1')}${Buffer.from(value).toString('latin1')}`;
};
export const int = (value: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return `J${bytes.toString('latin1')}`;
};
export const tuple = (...items: string[]): string => `(${items.join('')}t`;
export const ints = (values: number[]): string => tuple(...values.map(int));
export const global = (module: string, name: string): string => `c${module}\n${name}\n`;
export const ordered = (items: Record<string, string>): string =>
  `${global('collections', 'OrderedDict')})R(${Object.entries(items)
    .map(([name, value]) => text(name) + value)
    .join('')}u`;

export interface TensorSpec {
  type?: string;
  key?: string;
  count: number;
  offset?: number;
  shape: number[];
  stride: number[];
  /** What follows the count in the persistent id; the older format has None or a part of the storage there. */
  view?: string;
}

export const tensor = ({
  type = 'FloatStorage',
  key = '0',
  count,
  offset = 0,
  shape,
  stride,
  view = '',
}: TensorSpec): string =>
  global('torch._utils', '_rebuild_tensor_v2') +
  tuple(
    `${tuple(text('storage'), global('torch', type), text(key), text('cpu'), int(count), view)}Q`,
    int(offset),
    ints(shape),
    ints(stride),
    '\x89',
    `${global('collections', 'OrderedDict')})R`,
  ) +
  'R';

const pickle = (body: string): Buffer => Buffer.from(`\x80\x02${body}.`, 'latin1');

/** A file of torch.save: the pickle and its storages. */
export function torchFile(body: string, storages: Record<string, Buffer> = {}, extra: ZipEntry[] = []): Buffer {
  return zip([
    { name: 'x/data.pkl', data: pickle(body) },
    ...Object.entries(storages).map(([key, data]) => ({ name: `x/data/${key}`, data })),
    { name: 'x/version', data: Buffer.from('3\n') },
    ...extra,
  ]);
}

/** A storage in a file of the older format; `count` may lie. */
export interface LegacyStorage {
  key: string;
  data: Buffer;
  count: number | bigint;
}

/** What may be wrong in a file of the older format. */
export interface LegacyOptions {
  littleEndian?: boolean;
  version?: string;
  keys?: string;
  /** Of pickle; from 4 on what a pickle holds is in a frame. */
  protocol?: number;
}

/** A pickle of a newer protocol, with its frame. */
function framed(body: string, protocol: number): Buffer {
  const content = Buffer.from(`${body}.`, 'latin1');
  const head = Buffer.alloc(11);
  head.set([0x80, protocol, 0x95]);
  head.writeBigUInt64LE(BigInt(content.length), 3);
  return Buffer.concat([head, content]);
}

const MAGIC = Buffer.from('8a0a6cfc9c46f9206aa85019', 'hex').toString('latin1');

/** A file of torch.save before PyTorch 1.6: pickles, then storages. */
export function legacyFile(body: string, storages: LegacyStorage[] = [], options: LegacyOptions = {}): Buffer {
  const {
    littleEndian = true,
    version = 'M\xe9\x03',
    keys = `](${storages.map(({ key }) => text(key)).join('')}e`,
    protocol = 2,
  } = options;
  const machine = `}(${text('protocol_version')}M\xe9\x03${text('little_endian')}${littleEndian ? '\x88' : '\x89'}u`;
  const parts = [MAGIC, version, machine, body, keys].map((part) =>
    protocol < 4 ? pickle(part) : framed(part, protocol),
  );
  for (const { data, count } of storages) {
    const size = Buffer.alloc(8);
    size.writeBigInt64LE(BigInt(count));
    parts.push(size, data);
  }
  return Buffer.concat(parts);
}
