import { matchForTransfer, type ModelTensor, type StateDict } from '../../lib/weights';

const model: ModelTensor[] = [
  { name: 'conv1.weight', shape: [4, 3], dtype: 'F32' },
  { name: 'bn1.num_batches_tracked', shape: [], dtype: 'I64' },
  { name: 'fc.weight', shape: [2, 4], dtype: 'F32' },
  { name: 'fc.bias', shape: [2], dtype: 'F32' },
];
const weights = (shapes: Record<string, number[]>): StateDict =>
  new Map(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      { dtype: 'F32' as const, shape, data: new Uint8Array(4 * shape.reduce((a, b) => a * b, 1)) },
    ]),
  );

describe('matchForTransfer', () => {
  it('leaves a classifier of other classes and sets missing counters to zero', () => {
    const match = matchForTransfer(
      model,
      weights({ 'conv1.weight': [4, 3], 'fc.weight': [1000, 4], 'fc.bias': [1000] }),
      'w.pth',
    );
    expect(match.load.map(({ name }) => name)).toEqual(['conv1.weight', 'bn1.num_batches_tracked']);
    expect(match.load[1]).toEqual({
      name: 'bn1.num_batches_tracked',
      dtype: 'I64',
      shape: [],
      data: new Uint8Array(8),
    });
    expect(match.loaded).toBe(1);
    expect(match.replaced).toEqual(['fc.weight', 'fc.bias']);
    expect(match.note).toBe(
      'weights w.pth: 1 tensors loaded, 1 num_batches_tracked set to 0, fc replaced (1000 -> 2 classes)',
    );
  });

  it('loads a classifier that fits', () => {
    const shapes = { 'conv1.weight': [4, 3], 'bn1.num_batches_tracked': [], 'fc.weight': [2, 4], 'fc.bias': [2] };
    const match = matchForTransfer(model, weights(shapes), 'w.pth');
    expect(match).toMatchObject({ loaded: 4, replaced: [], note: 'weights w.pth: 4 tensors loaded' });
  });

  it.each<[string, Record<string, number[]>, RegExp]>([
    ['wrong shapes', { 'conv1.weight': [4, 5] }, /w\.pth.*conv1\.weight is \[4, 5\] \(the model has \[4, 3\]\)/],
    ['missing names', {}, /conv1\.weight is missing/],
    ['unexpected names', { 'conv1.weight': [4, 3], 'fc.1.weight': [1] }, /"fc\.1\.weight" \[1\] is unexpected/],
    ['many', { a: [1], b: [1], c: [1], d: [1] }, /and 2 more/],
  ])('refuses %s', (_name, shapes, reason) => {
    expect(() => matchForTransfer(model, weights(shapes), 'w.pth')).toThrow(
      expect.objectContaining({ code: 'WEIGHTS_MISMATCH', message: expect.stringMatching(reason) }),
    );
  });
});
