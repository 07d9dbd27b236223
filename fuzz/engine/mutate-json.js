'use strict';

/** What stands where something else was expected. */
const ODD_VALUES = [
  null,
  true,
  false,
  0,
  -1,
  0.5,
  1e308,
  -1e308,
  2 ** 53,
  '',
  'x',
  '__proto__',
  [],
  {},
  [null],
  [[]],
  { a: 1 },
];

/** Names that mean something to JavaScript. */
const ODD_KEYS = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'length', '', '0', 'then'];

/** All places of a tree: the containers that hold something, and under which key. */
function places(value, found = []) {
  if (typeof value !== 'object' || value === null) return found;
  for (const key of Object.keys(value)) {
    found.push([value, key]);
    places(value[key], found);
  }
  return found;
}

/** An assignment to `__proto__` would be lost. */
function put(container, key, value) {
  Object.defineProperty(container, key, { value, enumerable: true, writable: true, configurable: true });
}

const copy = (value) => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

const CHANGES = [
  ([container, key], random) => put(container, key, copy(random.pick(ODD_VALUES))),
  ([container, key]) => (Array.isArray(container) ? container.splice(Number(key), 1) : delete container[key]),
  ([container, key], random) => {
    const other = random.pick(ODD_KEYS);
    if (Array.isArray(container)) container.push(copy(container[key]));
    else put(container, other, random.oneIn(2) ? copy(container[key]) : copy(random.pick(ODD_VALUES)));
  },
  ([container, key], random, all) => {
    const [from, name] = random.pick(all);
    put(container, key, copy(from[name]));
  },
  ([container, key]) => {
    if (typeof container[key] === 'number') put(container, key, -container[key]);
    else if (typeof container[key] === 'string') put(container, key, container[key].repeat(3));
    else put(container, key, [copy(container[key])]);
  },
  ([container, key], random, all, dictionary) => {
    if (dictionary.length > 0) put(container, key, random.pick(dictionary).toString());
  },
  ([container, key], random) => {
    if (typeof container[key] === 'number') put(container, key, container[key] + random.below(7) - 3);
    else put(container, key, JSON.stringify(container[key]));
  },
];

/** A JSON text with one to four of its values changed; undefined where the input is none. */
function mutateJson(input, random, dictionary) {
  let value;
  try {
    value = [JSON.parse(input.toString())];
  } catch {
    return undefined;
  }
  for (let i = 1 + random.below(4); i > 0; i--) {
    const all = places(value);
    if (all.length > 2000 || all.length === 0) break;
    random.pick(CHANGES)(random.pick(all), random, all, dictionary);
  }
  return Buffer.from(JSON.stringify(value[0] ?? null));
}

module.exports = { mutateJson };
