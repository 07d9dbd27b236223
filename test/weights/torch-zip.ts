import zlib from 'node:zlib';

/** An entry of a zip that a test makes; `method`, `crc` and `size` may lie. */
export interface ZipEntry {
  name: string;
  data: Buffer;
  method?: number;
  crc?: number;
  size?: number;
}

/** A zip of stored entries, as torch.save writes it (PKWARE's APPNOTE, 4.3). */
export function zip(entries: ZipEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, data, method = 0, crc = zlib.crc32(data), size = data.length } of entries) {
    const common = Buffer.alloc(26);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(crc, 10);
    common.writeUInt32LE(size, 14);
    common.writeUInt32LE(size, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), data]);
    const tail = Buffer.alloc(14);
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
}

export const tensor = ({ type = 'FloatStorage', key = '0', count, offset = 0, shape, stride }: TensorSpec): string =>
  global('torch._utils', '_rebuild_tensor_v2') +
  tuple(
    `${tuple(text('storage'), global('torch', type), text(key), text('cpu'), int(count))}Q`,
    int(offset),
    ints(shape),
    ints(stride),
    '\x89',
    `${global('collections', 'OrderedDict')})R`,
  ) +
  'R';

export const pickle = (body: string): Buffer => Buffer.from(`\x80\x02${body}.`, 'latin1');

/** A file of torch.save: the pickle and its storages. */
export function torchFile(body: string, storages: Record<string, Buffer> = {}, extra: ZipEntry[] = []): Buffer {
  return zip([
    { name: 'x/data.pkl', data: pickle(body) },
    ...Object.entries(storages).map(([key, data]) => ({ name: `x/data/${key}`, data })),
    { name: 'x/version', data: Buffer.from('3\n') },
    ...extra,
  ]);
}
