import fs from 'node:fs';
import path from 'node:path';
import { Mutex } from 'async-mutex';
import { Batcher } from '../../lib/serve/batcher';
import { checkDeclared } from '../../lib/serve/body';
import { Corrections } from '../../lib/serve/corrections';
import { allowedHost, withoutBrackets } from '../../lib/http/names';
import { checkOrigin } from '../../lib/serve/origin';
import { Slots } from '../../lib/serve/slots';
import { resolveServeOptions } from '../../lib/options';
import { scratch } from '../cli/run';
import { HOSTILE } from '../html/hostile';
import { IMAGE } from './server';

const tmp = scratch();
const never = new AbortController().signal;

/** A batcher whose batches end when they are told to. */
function controlled(size: number, wait: number) {
  const batches: number[][] = [];
  const ends: (() => void)[] = [];
  const batcher = new Batcher<number, number>({
    size,
    wait,
    turns: new Mutex(),
    run: (items) => {
      batches.push(items);
      return new Promise((resolve) => ends.push(() => resolve(items.map((item) => item * 10))));
    },
  });
  return { batcher, batches, ends };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('batches', () => {
  test('are formed the moment one ends, of what is ready then, in order and up to their size', async () => {
    const { batcher, batches, ends } = controlled(3, 0);
    const results = [1, 2, 3, 4, 5, 6].map((item) => batcher.add(item, never));
    await turn();
    expect(batches).toEqual([[1, 2, 3]]);
    results.push(batcher.add(7, never));
    ends[0]?.();
    await turn();
    expect(batches).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    ends[1]?.();
    await turn();
    ends[2]?.();
    expect(await Promise.all(results)).toEqual([10, 20, 30, 40, 50, 60, 70]);
  });

  test('a lone item waits for nothing, one with others on their way for them, and for no others', async () => {
    const { batcher, batches, ends } = controlled(8, 60_000);
    const lone = batcher.add(1, never);
    await turn();
    expect(batches).toEqual([[1]]);
    ends[0]?.();
    await lone;
    const arrived = [batcher.expect(), batcher.expect()];
    void batcher.add(2, never);
    arrived[0]?.();
    await turn();
    expect(batches).toHaveLength(1);
    void batcher.add(3, never);
    arrived[1]?.();
    await turn();
    expect(batches).toEqual([[1], [2, 3]]);
    ends[1]?.();
  });

  test('what is aborted is taken out, and a failure is that of its batch alone', async () => {
    let failing = true;
    const batcher = new Batcher<number, number>({
      size: 2,
      wait: 0,
      turns: new Mutex(),
      run: async (items) => {
        await turn();
        if (failing) throw new Error('no room');
        return items;
      },
    });
    const stop = new AbortController();
    const first = [batcher.add(1, never), batcher.add(2, never)];
    const second = batcher.add(3, stop.signal);
    const third = batcher.add(4, never);
    stop.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    for (const one of first) await expect(one).rejects.toThrow('no room');
    failing = false;
    expect(await third).toBe(4);
  });
});

test('places are taken from the lowest on, all or none, and given back', () => {
  const slots = new Slots(3);
  expect(slots.take(2)).toEqual([0, 1]);
  expect(() => slots.take(2)).toThrow('Too many images');
  slots.free(0);
  expect([slots.take(2), slots.used]).toEqual([[0, 2], 3]);
});

test.each([
  ['32MB', '32 MB'],
  ['1.5GB', '1.5 GB'],
  ['2.5kB', '2.5 kB'],
  ['999', '999 bytes'],
  ['1048576', '1.049 MB'],
  ['1999999', '2 MB'],
])('a limit of %s is told as %s', (given, shown) => {
  const { maxBody } = resolveServeOptions({ model: 'x', maxBody: given });
  const asked = { headers: { 'content-length': `${maxBody + 1}` } };
  expect(() => checkDeclared(asked, maxBody)).toThrow(`The request is larger than ${shown}`);
});

describe('the name of the server', () => {
  test.each([
    [
      '127.0.0.1',
      '127.0.0.1',
      ['localhost', '127.0.0.1', '[::1]:9'],
      ['192.168.1.5', 'evil.example', 'localhost.evil.example'],
    ],
    ['0.0.0.0', '0.0.0.0', ['localhost', '192.168.1.5:80', '[fe80::1]'], ['evil.example', 'evil.example:80']],
    ['192.168.1.5', '192.168.1.5', ['192.168.1.5:8080'], ['localhost', '10.0.0.1', 'evil.example']],
  ])('listening at %s', (host, address, good, bad) => {
    const allowed = allowedHost(host, address, ['models.example']);
    for (const name of [...good, 'models.example', 'MODELS.example:443']) {
      expect(() => checkOrigin({ host: name }, 'GET', allowed)).not.toThrow();
    }
    for (const name of [...bad, '', 'localhost@evil.example', 'a b', '[::1', 'localhost:80:80']) {
      expect(() => checkOrigin({ host: name }, 'GET', allowed)).toThrow('does not go by the name');
    }
  });
});

test('an address may have the brackets of a URL', () => {
  expect(['[::1]', '::1', '127.0.0.1', '[]'].map(withoutBrackets)).toEqual(['::1', '::1', '127.0.0.1', '[]']);
});

describe('corrections', () => {
  const bytes = fs.readFileSync(IMAGE);

  test('go into folders of known classes and nowhere else, whatever these are called', async () => {
    const around = path.join(tmp, 'around');
    const folder = path.join(around, 'kept');
    const unfit = [
      '..',
      '.',
      '../out',
      'a/b',
      'a\\b',
      '.hidden',
      'CON',
      'nul.txt',
      'a\u0000b',
      'x'.repeat(256),
      '',
      'end.',
    ];
    const corrections = await Corrections.open(folder, [...unfit, ...HOSTILE, 'bees', 'my class']);
    expect(corrections.unfit).toEqual(expect.arrayContaining(unfit));
    expect(corrections.unfit).not.toContain('my class');
    for (const name of unfit)
      await expect(corrections.keep(name, bytes)).rejects.toMatchObject({ code: 'UNFIT_CLASS' });
    await expect(corrections.keep('wasps', bytes)).rejects.toMatchObject({ code: 'UNKNOWN_CLASS' });
    for (const name of HOSTILE)
      await corrections.keep(name, bytes).catch(({ code }) => expect(code).toBe('UNFIT_CLASS'));
    const kept = await corrections.keep('my class', bytes);
    expect(kept).toMatch(/^my class\/[0-9a-f]{32}\.jpg$/);
    expect(fs.readdirSync(around)).toEqual(['kept']);
    // Of all the classes that one alone has it, and no empty folder is left, which train would refuse.
    expect(fs.readdirSync(folder, { recursive: true })).toEqual(['my class', path.normalize(kept)]);
    expect(fs.readFileSync(path.join(folder, kept)).equals(bytes)).toBe(true);
  });

  test('stay where two classes have one folder, as where case does not count', async () => {
    const folder = path.join(tmp, 'one-folder');
    const corrections = await Corrections.open(folder, ['Cat', 'cat', 'dog', 'gone']);
    fs.symlinkSync('nowhere', path.join(folder, 'gone'));
    fs.mkdirSync(path.join(folder, 'Cat'));
    fs.symlinkSync('Cat', path.join(folder, 'cat'));
    await corrections.keep('dog', bytes);
    const kept = await corrections.keep('cat', bytes);
    expect(fs.readFileSync(path.join(folder, kept)).equals(bytes)).toBe(true);
    expect(fs.readdirSync(folder)).not.toContain('dog');
  });

  test('take what train reads', async () => {
    const corrections = await Corrections.open(path.join(tmp, 'formats'), ['bees']);
    const gif = Buffer.from('GIF89a and more');
    for (const other of [gif, Buffer.from('text')]) {
      await expect(corrections.keep('bees', other)).rejects.toMatchObject({ code: 'UNFIT_FORMAT' });
    }
  });

  test('are not kept in two classes where the image can not be taken out of the other', async () => {
    const folder = path.join(tmp, 'held');
    const corrections = await Corrections.open(folder, ['ants', 'bees', 'wasps']);
    const name = path.basename(await corrections.keep('ants', bytes));
    const held = path.join(folder, 'ants', name);
    // What the system does not remove.
    fs.rmSync(held);
    fs.mkdirSync(held);
    await expect(corrections.keep('bees', bytes)).rejects.toMatchObject({
      code: 'NOT_SAVED',
      message: 'The image could not be taken out of the class ants, and stays there',
      cause: expect.anything() as unknown,
    });
    expect(fs.readdirSync(folder)).toEqual(['ants']);
    // One that the class has had before stays too.
    fs.mkdirSync(path.join(folder, 'bees'));
    fs.writeFileSync(path.join(folder, 'bees', name), bytes);
    await expect(corrections.keep('bees', bytes)).rejects.toMatchObject({ code: 'NOT_SAVED' });
    expect(fs.readdirSync(folder).sort()).toEqual(['ants', 'bees']);
    fs.rmdirSync(held);
    expect(await corrections.keep('bees', bytes)).toBe(`bees/${name}`);
    expect(await corrections.keep('wasps', bytes)).toBe(`wasps/${name}`);
    expect(fs.readdirSync(folder).sort()).toEqual(['ants', 'wasps']);
  });

  test('say that they could not be written without saying where', async () => {
    const folder = path.join(tmp, 'blocked');
    const corrections = await Corrections.open(folder, ['bees']);
    fs.writeFileSync(path.join(folder, 'bees'), 'a file');
    await expect(corrections.keep('bees', bytes)).rejects.toMatchObject({
      code: 'NOT_SAVED',
      message: 'The correction could not be written',
    });
  });
});

test.each([
  [{ port: 70_000 }, '--port'],
  [{ host: '' }, '--host'],
  [{ maxBody: 'much' }, '--max-body'],
  [{ maxBody: '0' }, '--max-body'],
  [{ timeout: 0 }, '--timeout'],
  [{ queue: 0 }, '--queue'],
  [{ batchWait: -1 }, '--batch-wait'],
  [{ hostNames: 'a b' }, '--host-names'],
])('%j is refused with the name of the option', (given, name) => {
  expect(() => resolveServeOptions({ model: 'x', ...given })).toThrow(name);
});
