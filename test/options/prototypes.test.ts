import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { readClassMap } from '../../lib/eval/class-map';
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
