import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { readClassMap } from '../../lib/eval/class-map';
import { checkControl, resolveCheckOptions, resolveExportOptions } from '../../lib/options';
import { resolveTrainOptions } from '../../lib/options/train';
import { readStateDict } from '../../lib/weights/index';
import { scratch } from '../cli/run';

// Names that every object has, where names and values come from a file or from a caller's JSON.

const folder = scratch();
const POLLUTING = ['{"__proto__":{"polluted":1}}', '{"constructor":{"prototype":{"polluted":1}}}'];

afterEach(() => expect(({} as Record<string, unknown>)['polluted']).toBeUndefined());

test.each(POLLUTING)('options %s are unknown options', (json) => {
  const given = { data: 'photos', ...(JSON.parse(json) as object) };
  expect(() => resolveTrainOptions(given)).toThrow(/an option for train but received (__proto__|constructor)/);
});

test('options that an object inherits are its own: none come from a prototype that others changed', () => {
  const prototype = Object.prototype as unknown as Record<string, unknown>;
  prototype['epochs'] = 99;
  try {
    expect(resolveTrainOptions({ data: 'photos' }).epochs).toBe(50);
  } finally {
    delete prototype['epochs'];
  }
});

test.each<[string, unknown]>([
  ['an array', []],
  ['a map', new Map([['data', 'photos']])],
  ['a date', new Date()],
  ['a function', () => {}],
  ['null', null],
  ['a path', 'photos'],
  ['a signal', new AbortController().signal],
  ['bytes', new Uint8Array(3)],
  ['a promise', Promise.resolve({ data: 'photos' })],
])('%s is no options and no control', (_what, given) => {
  for (const take of [resolveTrainOptions, resolveCheckOptions, resolveExportOptions, checkControl]) {
    expect(() => take(given as never)).toThrow(/^Expected an object for the (options of \w+|control) but received /);
  }
});

test('fields that are inherited are refused, for they are not read; those of an instance are its own', () => {
  class Options {
    data = 'photos';
    epochs = 3;
  }
  expect(resolveTrainOptions(new Options()).epochs).toBe(3);
  expect(() => resolveTrainOptions(Object.create({ data: 'photos', epochs: 3 }) as { data: string })).toThrow(
    /^Expected fields of their own for the options of train but received data$/,
  );
});

test.each(POLLUTING)('a class map %s is one of classes', async (json) => {
  await expect(readClassMap(JSON.parse(json))).rejects.toMatchObject({ code: 'INVALID_OPTION' });
});

test('tensors and metadata of such names are tensors and metadata', async () => {
  const header = Buffer.from(
    '{"__metadata__":{"__proto__":"a"},"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"polluted":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}',
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const file = path.join(folder, 'w.safetensors');
  writeFileSync(file, Buffer.concat([length, header, Buffer.from([1, 2])]));
  expect([...(await readStateDict(file)).keys()].sort()).toEqual(['__proto__', 'polluted']);
});
