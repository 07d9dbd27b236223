'use strict';

const { mutateJson } = require('./mutate-json');

// The mutations of AFL and libFuzzer, a few of them one after another on each input.

/** Values that sizes, counts and positions go wrong with, cut to as many bytes as are there. */
const ODD = [
  0n,
  1n,
  2n,
  0x7fn,
  0x80n,
  0xffn,
  0x100n,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x10000n,
  2n ** 24n,
  2n ** 31n - 1n,
].concat([2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n, 1000n, 4096n]);

/** The same where numbers are written in digits. */
const ODD_DIGITS = [
  '0',
  '-1',
  '1',
  '2',
  '255',
  '65535',
  '65536',
  '2147483647',
  '2147483648',
  '4294967296',
  '1e309',
].concat(['9007199254740993', '0.5', '-0', '1e-320', '99999999999999999999', '007', '0x10', '1_000']);

/** A stretch of an input, repeated so often that time above linear shows. */
const STRETCHED = 120_000;

const cut = (bytes, from, to, between = Buffer.alloc(0)) =>
  Buffer.concat([bytes.subarray(0, from), between, bytes.subarray(to)]);

function writeNumber(bytes, at, size, value, littleEndian) {
  for (let i = 0; i < size; i++) {
    bytes[at + (littleEndian ? i : size - 1 - i)] = Number((value >> BigInt(8 * i)) & 0xffn);
  }
  return bytes;
}

function block(bytes, random, longest = 64) {
  const from = random.below(bytes.length);
  return [from, Math.min(bytes.length, from + 1 + random.below(random.oneIn(4) ? bytes.length : longest))];
}

const MUTATIONS = [
  (bytes, random) => {
    bytes[random.below(bytes.length)] ^= 1 << random.below(8);
    return bytes;
  },
  (bytes, random) => {
    bytes[random.below(bytes.length)] = random.below(256);
    return bytes;
  },
  // A number becomes another one near it.
  (bytes, random) => {
    const size = random.pick([1, 2, 4]);
    if (bytes.length < size) return bytes;
    const at = random.below(bytes.length - size + 1);
    const little = random.oneIn(2);
    const old = little ? bytes.readUIntLE(at, size) : bytes.readUIntBE(at, size);
    return writeNumber(bytes, at, size, BigInt(old) + BigInt(random.below(71) - 35), little);
  },
  // … or an odd one.
  (bytes, random) => {
    const size = random.pick([1, 2, 4, 8]);
    if (bytes.length < size) return bytes;
    return writeNumber(bytes, random.below(bytes.length - size + 1), size, random.pick(ODD), random.oneIn(2));
  },
  (bytes, random) => cut(bytes, ...block(bytes, random)),
  (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  (bytes, random) => {
    const at = random.below(bytes.length + 1);
    return cut(bytes, at, at, bytes.subarray(...block(bytes, random)));
  },
  (bytes, random) => {
    const [from, to] = block(bytes, random);
    bytes.copy(bytes, random.below(bytes.length), from, to);
    return bytes;
  },
  (bytes, random) => {
    const at = random.below(bytes.length + 1);
    return cut(bytes, at, at, random.bytes(1 + random.below(8)));
  },
  (bytes, random, { dictionary }) => {
    if (dictionary.length === 0) return bytes;
    const token = random.pick(dictionary);
    const at = random.below(bytes.length + 1);
    return cut(bytes, at, random.oneIn(2) ? at : Math.min(bytes.length, at + token.length), token);
  },
  (bytes, random, { other }) => {
    const [from, to] = block(bytes, random);
    return cut(bytes, from, random.oneIn(2) ? from : to, other.subarray(...block(other, random)));
  },
  (bytes, random, { other }) =>
    Buffer.concat([bytes.subarray(0, random.below(bytes.length)), other.subarray(random.below(other.length))]),
  // Digits become other digits.
  (bytes, random) => {
    const numbers = [...bytes.toString('latin1', 0, 4096).matchAll(/\d+/g)];
    if (numbers.length === 0) return bytes;
    const found = random.pick(numbers);
    return cut(bytes, found.index, found.index + found[0].length, Buffer.from(random.pick(ODD_DIGITS)));
  },
];

/**
 * A changed copy of an input.
 *
 * @param context dictionary: tokens that the readers know; other: another input to take parts of; limit: the greatest length;
 *   json: whether inputs are JSON, and then mostly changed as such; gentle: whether little is changed
 */
function mutate(input, random, context) {
  if (context.json && !random.oneIn(4)) {
    const changed = mutateJson(input, random, context.dictionary);
    if (changed !== undefined) return changed.subarray(0, context.limit);
  }
  let bytes = Buffer.from(input);
  const other = context.other.length > 0 ? context.other : Buffer.from([0]);
  for (let i = context.gentle ? 1 + random.below(2) : 1 << random.below(4); i > 0; i--) {
    bytes = bytes.length === 0 ? random.bytes(4) : random.pick(MUTATIONS)(bytes, random, { ...context, other });
    if (bytes.length > context.limit) bytes = bytes.subarray(0, context.limit);
  }
  if (!random.oneIn(2000) || bytes.length === 0 || !context.stretch) return Buffer.from(bytes);
  const [from, to] = block(bytes, random, 3);
  const part = bytes.subarray(from, to);
  return cut(bytes, from, to, Buffer.alloc(STRETCHED, part.length > 0 ? part : ' '));
}

module.exports = { mutate };
