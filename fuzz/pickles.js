'use strict';

// Opcodes of a pickle, as functions that give their bytes in latin1: enough for what torch.save writes.

function uint32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes.toString('latin1');
}

const text = (value) => `X${uint32(Buffer.byteLength(value))}${Buffer.from(value).toString('latin1')}`;
const int = (value) => `J${uint32(value >>> 0)}`;
const tuple = (...items) => `(${items.join('')}t`;
const global = (module, name) => `c${module}\n${name}\n`;
const dictionary = (items) =>
  `${global('collections', 'OrderedDict')})R(${Object.entries(items)
    .map(([name, value]) => text(name) + value)
    .join('')}u`;
const pickle = (body) => Buffer.from(`\x80\x02${body}.`, 'latin1');

/** A tensor in a storage of `count` floats; `view` is what the older format has after the count. */
function tensor({ key = '0', count, offset = 0, shape, stride, view = '' }) {
  const storage = `${tuple(text('storage'), global('torch', 'FloatStorage'), text(key), text('cpu'), int(count), view)}Q`;
  const sizes = tuple(...shape.map(int));
  const strides = tuple(...stride.map(int));
  const hooks = `${global('collections', 'OrderedDict')})R`;
  return `${global('torch._utils', '_rebuild_tensor_v2')}${tuple(storage, int(offset), sizes, strides, '\x89', hooks)}R`;
}

/** A file of torch.save before PyTorch 1.6, with one storage of floats. */
function legacyFile(body, floats) {
  const magic = Buffer.from('8a0a6cfc9c46f9206aa85019', 'hex').toString('latin1');
  const machine = `}(${text('protocol_version')}M\xe9\x03${text('little_endian')}\x88u`;
  const size = Buffer.alloc(8);
  size.writeBigInt64LE(BigInt(floats));
  return Buffer.concat([
    ...[magic, 'M\xe9\x03', machine, body, `](${text('0')}e`].map(pickle),
    size,
    Buffer.alloc(floats * 4),
  ]);
}

const TOKENS = [
  text('state_dict'),
  text('storage'),
  global('torch', 'HalfStorage'),
  global('collections', 'OrderedDict'),
]
  .concat([
    global('torch._utils', '_rebuild_parameter'),
    ')R',
    'Q',
    '\x85',
    '\x86',
    '\x87',
    '}',
    ']',
    'q\x00',
    'h\x00',
    '\x94',
    '\x95',
  ])
  .concat(['\x8a\x0a', 'N', '(', 't', 'u', 'e', 's', 'a', 'b', '0', '1', '2']);

module.exports = { text, int, tuple, dictionary, pickle, tensor, legacyFile, TOKENS };
