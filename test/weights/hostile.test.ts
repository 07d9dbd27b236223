import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expectRefused } from './refused';
import { global, int, ints, legacyFile, ordered, tensor, text, torchFile, tuple, type TensorSpec } from './torch-zip';

const folder = mkdtempSync(path.join(os.tmpdir(), 'resnet-ft-hostile-'));
const canary = path.join(folder, 'canary');
afterEach(() => expect(existsSync(canary)).toBe(false));
afterAll(() => rmSync(folder, { recursive: true }));

const floats = (count: number) => Buffer.from(new Float32Array(count).buffer);
const touch = tuple(text(`touch ${canary}`));
const orderedDict = global('collections', 'OrderedDict');
const rebuild = global('torch._utils', '_rebuild_tensor_v2');
const storageId = `${tuple(text('storage'), global('torch', 'FloatStorage'), text('0'), text('cpu'), int(6))}Q`;
/** Puts what `body` makes under memo 7 and leaves nothing on the stack. */
const memoized = (body: string) => `${body}q\x070`;

const PICKLES: [string, string, RegExp][] = [
  ['os.system by REDUCE', `${global('os', 'system')}${touch}R`, /"os\.system"/],
  ['posix.system', `${global('posix', 'system')}${touch}R`, /"posix\.system"/],
  ['STACK_GLOBAL', `${text('posix')}${text('system')}\x93${touch}R`, /"posix\.system"/],
  ['STACK_GLOBAL out of the memo', `${memoized(text('os'))}h\x07${text('system')}\x93`, /"os\.system"/],
  ['a chain of getattr', `${global('builtins', 'getattr')}${tuple(global('os', 'path'), text('os'))}R`, /"builtins\./],
  ['eval', `${global('builtins', 'eval')}${tuple(text('1'))}R`, /"builtins\.eval"/],
  ['a dotted name', global('torch', 'serialization.os.system'), /"torch\.serialization\.os\.system"/],
  ['a name that an object has', global('constructor', 'prototype'), /"constructor\.prototype"/],
  ['__proto__', global('__proto__', '__proto__'), /__proto__/],
  ['a global with a line break', `${text('a\nb')}${text('c')}\x93`, /"a\\nb\.c", which is not allowed/],
  ['a long global', global('a'.repeat(100_000), 'b'), /not allowed/],
  ['a global that is no text', `${int(1)}${int(2)}\x93`, /not text/],
  ['a global without end', 'cos', /truncated/],
  ['a storage called', `${global('torch', 'FloatStorage')})R`, /"torch\.FloatStorage"/],
  ['a text called', `${text('os.system')}${touch}R`, /not allowed/],
  ['a call without a tuple', `${orderedDict}]R`, /not a tuple/],
  ['an OrderedDict of a text', `${orderedDict}${tuple(text('a'))}R`, /invalid OrderedDict/],
  ['BUILD of a global', `${global('torch', 'FloatStorage')}}b`, /attributes/],
  ['BUILD of a list', `]}b`, /attributes/],
  ['BUILD of a tensor by a state of five', `${tensorOf()}${tuple('N', 'N', 'N', 'N', 'N')}b`, /attributes/],
  ['EXT1', '\x82\x01', /opcode 0x82/],
  ['EXT2', '\x83\x01\x00', /opcode 0x83/],
  ['EXT4', '\x84\x01\x00\x00\x00', /opcode 0x84/],
  ['INST', `(${text('x')}ios\nsystem\n`, /opcode 0x69/],
  ['OBJ', `(${global('os', 'system')}${text('x')}o`, /"os\.system"/],
  ['OBJ of what is allowed', `(${orderedDict}${text('x')}o`, /opcode 0x6f/],
  ['NEWOBJ', `${orderedDict})\x81`, /"collections\.OrderedDict" in a way/],
  ['NEWOBJ_EX', `${orderedDict})}\x92`, /opcode 0x92/],
  ['a tensor made of another class', fromType(global('torch', 'FloatStorage'), rebuild), /class/],
  [
    'a call inside a call',
    fromType(global('torch', 'Tensor'), global('torch._tensor', '_rebuild_from_type_v2')),
    /class/,
  ],
  ['a huge memo index', '}r\xff\xff\xff\xff', /memo index 4294967295/],
  ['a memo index not set', 'h\x05', /memo index 5/],
  ['deep marks', '('.repeat(100_000), /nested too deeply/],
  ['a deep tuple', `)${'\x85'.repeat(1_000_000)}`, /too many values/],
  ['many dictionaries', '}0'.repeat(1_000_000), /too many values/],
  [
    'a list copied again and again',
    `${memoized(`](${text('ab').repeat(9000)}e`)}${`${orderedDict}h\x07\x85R0`.repeat(90)}`,
    /too many values/,
  ],
  ['lists of lists of lists', laughs(), /not a state dict/],
  ['a list in itself', `]q\x07h\x07a`, /not a state dict/],
  ['a dictionary in itself', `}q\x07${text('state_dict')}h\x07s`, /without tensors/],
  ['a tall stack', 'N'.repeat(200_000), /piles up/],
  ['an empty stack', '0', /empty stack/],
  ['nothing at all', '', /empty stack/],
  ['a pop below the mark', 'N(\x85', /empty stack/],
  ['a mark that is not there', 't', /lacks a mark/],
  ['a text longer than the pickle', 'X\xff\xff\xff\x7fa', /truncated/],
  ['a long text opcode', '\x8d\xff\xff\xff\xff\xff\xff\xff\x7f', /opcode 0x8d/],
  ['bytes', 'B\xff\xff\xff\x7f', /opcode 0x42/],
  ['a long frame', '\x95\xff\xff\xff\xff\xff\xff\xff\x7f}', /truncated/],
  ['a long integer', '\x8b\xff\xff\xff\x7f', /opcode 0x8b/],
  ['LONG1 beyond the end', '\x8a\xff\x01', /truncated/],
  ['another protocol', '\x80\x06}', /protocol 6/],
  ['SETITEM of a list', `]${text('a')}Ns`, /no dictionary/],
  ['SETITEMS of an odd number', `}(${text('a')}u`, /no dictionary/],
  ['APPEND to a dictionary', `}Na`, /not a list/],
  ['a persistent id of a module', `${tuple(text('module'), text('x'))}Q`, /persistent id/],
  ['a persistent id in text', 'Pabc\n', /opcode 0x50/],
  [
    'a storage of no type',
    `${tuple(text('storage'), orderedDict, text('0'), text('cpu'), int(6))}Q`,
    /invalid storage/,
  ],
  ['a tensor of no storage', `${rebuild}${tuple('N', int(0), ints([1]), ints([1]))}R`, /invalid tensor/],
  ['a shape that is no tuple', `${rebuild}${tuple(storageId, int(0), ']', ints([1]))}R`, /invalid tensor/],
  [
    'a thousand dimensions',
    `${rebuild}${tuple(storageId, int(0), ints(Array(1000).fill(1)), ints(Array(1000).fill(1)))}R`,
    /1000 dimensions/,
  ],
  ['a parameter of nothing', `${global('torch._utils', '_rebuild_parameter')}${tuple('N')}R`, /invalid parameter/],
  ['no state dict', int(1), /not a state dict/],
  ['no tensors', '}', /without tensors/],
];

/** A tensor that is whole, for what is done with it. */
function tensorOf(spec: Partial<TensorSpec> = {}): string {
  return tensor({ count: 6, shape: [6], stride: [1], ...spec });
}

function fromType(type: string, make: string): string {
  return `${global('torch._tensor', '_rebuild_from_type_v2')}${tuple(make, type, '(t', '}')}R`;
}

/** Twenty lists, each a hundred times the one before: 10^40 items if anything followed them. */
function laughs(): string {
  let body = memoized(']');
  for (let i = 0; i < 20; i++) body += memoized(`](${'h\x07'.repeat(100)}e`);
  return `${body}h\x07`;
}

const VIEWS: [string, Partial<TensorSpec>, RegExp][] = [
  ['more elements than bytes', { count: 7, shape: [7] }, /says 7 elements|truncated/],
  ['fewer elements than bytes', { count: 5, shape: [5] }, /says [56] elements/],
  ['another element type', { type: 'DoubleStorage' }, /F64|truncated/],
  ['a negative count', { count: -1 }, /invalid storage/],
  ['a shape beyond it', { shape: [7] }, /outside/],
  ['an offset beyond it', { offset: 1 }, /outside/],
  ['an empty tensor beyond it', { offset: 7, shape: [0] }, /outside/],
  ['a stride beyond it', { shape: [2], stride: [6] }, /outside/],
  ['a negative size', { shape: [-1] }, /invalid tensor/],
  ['a negative stride', { shape: [2], stride: [-1] }, /invalid tensor/],
  ['a negative offset', { offset: -1 }, /invalid tensor/],
  ['strides of another number', { shape: [2, 3] }, /invalid tensor/],
  ['an absurd shape', { shape: Array<number>(5).fill(2 ** 30), stride: [0, 0, 0, 0, 0] }, /outside/],
  ['a broadcast bomb', { shape: [2 ** 30], stride: [0] }, /memory/],
  ['a missing storage', { key: '9' }, /missing|not one that the pickle names/],
  ['a storage elsewhere', { key: '../version' }, /missing|not one that the pickle names/],
];

describe('a hostile pickle', () => {
  it.each(PICKLES)('is refused in a zip: %s', (_name, body, reason) => expectRefused(folder, torchFile(body), reason));
  it.each(PICKLES)('is refused in the older format: %s', (_name, body, reason) =>
    expectRefused(folder, legacyFile(body), reason),
  );
});

describe('a storage that lies', () => {
  it.each(VIEWS)('is refused in a zip: %s', (_name, spec, reason) =>
    expectRefused(folder, torchFile(ordered({ w: tensorOf(spec) }), { 0: floats(6) }), reason),
  );
  it.each(VIEWS)('is refused in the older format: %s', (_name, spec, reason) => {
    const storage = { key: '0', data: floats(6), count: 6 };
    return expectRefused(folder, legacyFile(ordered({ w: tensorOf({ view: 'N', ...spec }) }), [storage]), reason);
  });

  const whole = ordered({ w: tensorOf({ view: 'N' }) });
  const six = { key: '0', data: floats(6), count: 6 };
  it.each<[string, Buffer, RegExp]>([
    ['a count of its own', legacyFile(whole, [{ ...six, count: 2n ** 62n }]), /says 4611686018427387904 elements/],
    ['a negative count', legacyFile(whole, [{ ...six, count: -1 }]), /says -1 elements/],
    ['no bytes', legacyFile(whole, [{ ...six, data: floats(5) }]), /truncated/],
    ['a count without end', legacyFile(whole, [six]).subarray(0, -27), /truncated/],
    ['no list of keys', legacyFile(whole, [six], { keys: '}' }), /list of storages/],
    ['keys that are numbers', legacyFile(whole, [six], { keys: `](${int(0)}e` }), /list of storages/],
    ['a key twice', legacyFile(whole, [six, six]), /"0" occurs twice/],
    ['a key from nowhere', legacyFile(whole, [{ ...six, key: '7' }]), /"7" is not one/],
    ['an empty list of keys', legacyFile(whole, []), /missing/],
    ['big-endian numbers', legacyFile(whole, [six], { littleEndian: false }), /big-endian/],
    ['another version', legacyFile(whole, [six], { version: int(1002) }), /version/],
    ['nothing after the magic number', legacyFile(whole, [six]).subarray(0, 15), /truncated/],
    [
      'two descriptions',
      legacyFile(ordered({ a: tensorOf(), b: tensorOf({ count: 5, shape: [5] }) }), [six]),
      /in two ways/,
    ],
    ['a part beyond it', legacyFile(ordered({ w: tensorOf({ view: part(4, 3) }) }), [six]), /invalid view/],
    ['a view beyond its part', legacyFile(ordered({ w: tensorOf({ view: part(3, 3) }) }), [six]), /outside/],
  ])('is refused with %s', (_name, bytes, reason) => expectRefused(folder, bytes, reason));
});

function part(offset: number, count: number): string {
  return tuple(text('part'), int(offset), int(count));
}
