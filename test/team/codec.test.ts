import { decode, encode, KnownArrays } from '../../lib/team/codec';

const targets = Int32Array.from({ length: 1000 }, (_, i) => i % 7);

test('what is told comes as it was', () => {
  const told = {
    call: 'trainEpoch',
    rates: Float64Array.of(0.1, -0),
    flags: Uint8Array.of(1, 255),
    list: [{ a: null }],
  };
  expect(decode(encode(told))).toEqual(told);
});

test('a long array of integers travels once, and one that both ends have not at all', () => {
  const [here, there] = [new KnownArrays(), new KnownArrays()];
  const first = encode({ targets }, here);
  const second = encode({ targets: Int32Array.from(targets) }, here);
  expect(first.length).toBeGreaterThan(5000);
  expect(second.length).toBeLessThan(120);
  for (const text of [first, second]) expect(decode(text, there)).toEqual({ targets });

  const [one, other] = [new KnownArrays(), new KnownArrays()];
  for (const end of [one, other]) end.add(Int32Array.from(targets));
  const text = encode({ targets }, one);
  expect(text.length).toBeLessThan(120);
  expect(decode(text, other)).toEqual({ targets });
});

test('an array that changed travels again', () => {
  const [here, there] = [new KnownArrays(), new KnownArrays()];
  const changed = Int32Array.from(targets);
  changed[3] = 6;
  decode(encode({ targets }, here), there);
  expect(decode(encode({ targets: changed }, here), there)).toEqual({ targets: changed });
});

test('an array that never came is an error', () => {
  const here = new KnownArrays();
  here.add(targets);
  expect(() => decode(encode({ targets }, here), new KnownArrays())).toThrow(/never sent/);
});
