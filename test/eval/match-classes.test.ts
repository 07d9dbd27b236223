import { classLabels, matchClasses } from '../../lib/eval/match-classes';
import { ResnetFtError } from '../../lib/errors';
import { imagenetClasses } from '../../lib/weights/registry';

const IMAGENET = imagenetClasses();

function match(
  folders: string[],
  options: { classes?: readonly string[]; map?: Record<string, string | number> } = {},
) {
  const { classes = IMAGENET, map = {} } = options;
  const classMap = new Map(Object.entries(map));
  return matchClasses({ folders, root: '/data', classes, imagenet: classes === IMAGENET, classMap });
}

function failure(run: () => unknown): ResnetFtError {
  try {
    run();
  } catch (error) {
    if (error instanceof ResnetFtError) return error;
    throw error;
  }
  throw new Error('no error was thrown');
}

test('ImageNet: the name, however it is spelt, or the tutorial’s plural', () => {
  expect(match(['ants', 'bees'])).toEqual([310, 309]);
  expect(match(['Ant', 'great white shark', 'Great_White_Sharks', 'tench'])).toEqual([310, 2, 2, 0]);
});

test('ImageNet: a class whose own name ends in s is meant before the plural of another', () => {
  expect(IMAGENET[836]).toBe('sunglass');
  expect(match(['sunglass', 'sunglasses'])).toEqual([836, 837]);
});

test('only a final s makes a plural: beer is no bee', () => {
  const error = failure(() => match(['beer']));
  expect(error.code).toBe('DATA_INVALID');
  expect(error.message).toContain('beer is not a class of the model');
});

test.each([
  ['crane', 'crane may be crane (134) or crane (517)'],
  ['cranes', 'cranes may be crane (134) or crane (517)'],
  ['maillot', 'maillot may be maillot (638) or maillot (639)'],
  // A dog and a jacket, which differ by the case only.
  ['cardigan', 'cardigan may be Cardigan (264) or cardigan (474)'],
])('ImageNet: %s is ambiguous', (folder, message) => {
  const error = failure(() => match(['ants', folder]));
  expect(error).toMatchObject({ code: 'DATA_INVALID', message: `/data: ${message}` });
  expect(error.hint).toContain('--class-map');
});

test('an unknown name is answered with the nearest, with their numbers', () => {
  const message = failure(() => match(['golden_retreiver', 'whitesharks'])).message;
  expect(message).toContain('golden_retriever (207)');
  expect(message).toContain('great_white_shark (2)');
  expect(message).not.toContain('\n');
});

test('a class map says the class by its name, its own spelling first, or by its number', () => {
  const map = { a: 'ant', b: 'cardigan', c: 517, d: '134', e: 'Great White Shark' };
  expect(match(['a', 'b', 'c', 'd', 'e', 'bees'], { map })).toEqual([310, 474, 517, 134, 2, 309]);
});

test.each<[Record<string, string | number>, message: string, hint: string | undefined]>([
  [
    { ants: 'crane' },
    'Expected a class of the model for ants in --class-map but received crane',
    'It may be crane (134) or crane (517)',
  ],
  [
    { ants: 1000 },
    'Expected a class of the model for ants in --class-map but received 1000',
    'Its classes are 0 to 999',
  ],
  [{ ants: 'antt' }, 'Expected a class of the model for ants in --class-map but received antt', 'Nearest: ant (310)'],
  [{ wasps: 'ant' }, 'Expected sub-folders of /data for --class-map but received wasps', undefined],
])('a class map that does not fit: %j', (map, message, hint) => {
  const error = failure(() => match(['ants'], { map }));
  expect(error.code).toBe('INVALID_OPTION');
  expect(error.message).toBe(message);
  if (hint !== undefined) expect(error.hint).toContain(hint);
});

test('a fine-tuned model: exact names, whatever their order and number', () => {
  const classes = ['wasps', 'bees', 'ants'];
  expect(match(['ants', 'bees'], { classes })).toEqual([2, 1]);
  expect(match(['Ants', 'bees'], { classes, map: { Ants: 'ants' } })).toEqual([2, 1]);
  for (const folder of ['ant', 'Ants']) {
    const error = failure(() => match([folder, 'bees'], { classes }));
    expect(error).toMatchObject({
      code: 'DATA_INVALID',
      message: `/data: ${folder} is not a class of the model (its classes are wasps (0), bees (1), ants (2))`,
    });
  }
});

test('labels tell classes of the same name apart', () => {
  expect(classLabels(['a', 'crane', 'b', 'crane'])).toEqual(['a', 'crane (1)', 'b', 'crane (3)']);
  expect(new Set(classLabels(IMAGENET)).size).toBe(1000);
});
