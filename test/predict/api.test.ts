import path from 'node:path';
import { scratch } from '../cli/run';
import { callApi } from './call-api';
import { trainFixtureModel, VAL } from './fixture-model';

const ANT = path.join(VAL, 'ants', '8124241_36b290d372.jpg');
const BEE = path.join(VAL, 'bees', 'abeja.jpg');
const MISSING = path.join(VAL, 'missing.jpg');
const tmp = scratch();
let files: { model: string; ant: string; bee: string; missing: string };

beforeAll(async () => {
  files = { model: await trainFixtureModel(tmp), ant: ANT, bee: BEE, missing: MISSING };
});

test('a path, bytes and arrays; what cannot be read throws or stands in its place', async () => {
  const got = await callApi(async ({ api, codeOf }, { model: source, ant, bee, missing }) => {
    const { readFileSync } = await import('node:fs');
    const model = await api.loadModel(source, { topK: 2, batchSize: 2, device: 'cpu', threads: 1 });
    const { classes, arch, preprocessing, device, precision } = model;
    const one = await model.predict(ant);
    const bytes = await model.predict(readFileSync(ant));
    const several = await model.predict([bee, ant, readFileSync(bee), ant, ant]);
    const reported = await model.predict([ant, missing, bee], { unreadable: 'return' });
    const codes = [
      await codeOf(model.predict([ant, missing, bee])),
      await codeOf(model.predict(missing)),
      await codeOf(model.embed([ant, new Uint8Array(9)])),
      await codeOf(model.predict(7 as unknown as string)),
      await codeOf(model.predict([ant, ''])),
      await codeOf(api.loadModel(source, { topk: 2 } as object)),
      await codeOf(api.loadModel(source, { arch: 'resnet50' })),
      await codeOf(api.loadModel(source, { signal: AbortSignal.abort() })),
    ];
    const alone = await model.predict(missing, { unreadable: 'return' });
    // What may be one or several has a type of its own.
    const either = [ant, [bee]] as const;
    const mixed = await Promise.all(either.map((input) => model.predict(input, { unreadable: 'throw' })));
    const embedded = await Promise.all(either.map((input) => model.embed(input)));
    const shapes = [...mixed, ...embedded].map((result) => (Array.isArray(result) ? 'several' : 'one'));
    const nothing = await model.predict([]);
    const errors = reported.map((result) => ('error' in result ? [result.file, result.error.code] : result));
    await model.close();
    const unread = 'error' in alone ? [alone.file, alone.error.code] : alone;
    const card = { classes, arch, preprocessing, device, precision };
    return { card, one, bytes, several, errors, codes, nothing, unread, shapes };
  }, files);

  expect(got.card).toMatchObject({ classes: ['ants', 'bees'], arch: 'resnet18', device: 'cpu', precision: 'fp32' });
  expect(got.card.preprocessing).toMatchObject({ resize: 256, crop: 224 });
  const { one } = got;
  expect(one.file).toBe(ANT);
  expect(one.top).toHaveLength(2);
  expect(one.top[0]).toMatchObject({ class: one.class, probability: one.probability });
  expect((one.top[0]?.probability ?? 0) + (one.top[1]?.probability ?? 0)).toBeCloseTo(1, 12);
  expect(got.bytes).not.toHaveProperty('file');
  expect(got.several.map(({ file }) => file)).toEqual([BEE, ANT, undefined, ANT, ANT]);
  const [bee] = got.several;
  for (const [i, { probability }] of [got.bytes, ...got.several].entries()) {
    const same = i === 1 || i === 3 ? bee : one;
    expect(probability).toBeCloseTo(same?.probability ?? NaN, 5);
  }
  expect(got.errors[1]).toEqual([MISSING, 'IMAGE_UNREADABLE']);
  expect(got.errors[2]).toMatchObject({ file: BEE, class: bee?.class });
  const unreadable = 'IMAGE_UNREADABLE';
  expect(got.codes).toEqual([
    ...[unreadable, unreadable, unreadable, 'INVALID_OPTION', 'INVALID_OPTION'],
    ...['INVALID_OPTION', 'WEIGHTS_MISMATCH', 'ABORTED'],
  ]);
  expect(got.nothing).toEqual([]);
  expect(got.unread).toEqual([MISSING, 'IMAGE_UNREADABLE']);
  expect(got.shapes).toEqual(['one', 'several', 'one', 'several']);
});

test('what is no image is refused, and never takes what lies in memory for one', async () => {
  const codes = await callApi(async ({ api, codeOf }, { model: source, ant }) => {
    const model = await api.loadModel(source, { device: 'cpu', threads: 1 });
    const all = async (inputs: unknown): Promise<void> => {
      for await (const result of model.stream(inputs as Iterable<string>)) void result;
    };
    const holes = new Array<string>(2);
    holes[1] = ant;
    const found = [];
    for (const call of [
      () => model.predict(holes),
      () => model.embed(holes),
      () => all([undefined]),
      () => all([...Array.from({ length: 20 }, () => undefined), ant]),
      () => all([null]),
      () => all([[ant]]),
      () => all(ant),
      () => all(new Uint8Array(3)),
      () => all(undefined),
      () => api.loadImage(undefined as unknown as string),
      () => api.loadImage(new URL('file:///image.jpg') as unknown as string),
      () => api.loadImage(ant, null as unknown as object),
      () => api.loadModel('a\0b'),
    ]) {
      found.push(await codeOf(call()));
    }
    await model.close();
    return found;
  }, files);
  expect(codes).toEqual(codes.map(() => 'INVALID_OPTION'));
});

test('so is a control of another kind, by every function', async () => {
  const codes = await callApi(async ({ api, codeOf }, { model: source, ant }) => {
    const model = await api.loadModel(source, { device: 'cpu', threads: 1 });
    const found = [];
    for (const control of [null, 1, { signal: 1 }, { signal: null }, { signal: { aborted: false } }, { onEvent: 1 }]) {
      const wrong = control as unknown as object;
      const all = async (results: AsyncIterable<unknown>): Promise<void> => {
        for await (const result of results) void result;
      };
      const options = { model: source, data: 'nowhere', output: 'nowhere', folds: 2, images: [ant] };
      const { model: named, data, output, folds, images } = options;
      for (const call of [
        () => model.predict(ant, wrong),
        () => model.embed(ant, wrong),
        () => all(model.stream([ant], wrong)),
        () => api.train({ data }, wrong),
        () => api.evaluate({ model: named, data }, wrong),
        () => api.checkData({ data }, wrong),
        () => api.compare({ data, output }, wrong),
        () => api.crossValidate({ data, folds }, wrong),
        () => api.findLearningRate({ data }, wrong),
        () => api.fitUnknown({ model: named }, wrong),
        () => api.calibrateModel({ model: named }, wrong),
        () => api.exportModel({ model: named, output: 'x.pth' }, wrong),
        () => api.serveModel({ model: named, port: 0 }, wrong),
        () => api.doctor({}, wrong),
        () => api.bench({}, wrong),
        () => all(api.explain({ model: named, images, output }, wrong)),
      ]) {
        found.push(await codeOf(call()));
      }
    }
    for (const features of [1, 'yes', null, []]) {
      const wrong = { features } as object;
      found.push(await codeOf(model.stream([ant], wrong).next()));
    }
    await model.close();
    return found;
  }, files);
  expect(codes).toEqual(codes.map(() => 'INVALID_OPTION'));
});

test('the features give the prediction through fc', async () => {
  const got = await callApi(async ({ api }, { model: source, ant, bee }) => {
    const model = await api.loadModel(source, { topK: 2 });
    const predicted = await model.predict([ant, bee]);
    const features = [await model.embed(ant), ...(await model.embed([bee]))];
    await model.close();
    const tensors = await api.readStateDict(`${source}/model.safetensors`);
    const floats = (name: string): Float32Array => {
      const data = tensors.get(name)?.data ?? new Uint8Array();
      return new Float32Array(data.slice().buffer);
    };
    const weight = floats('fc.weight');
    const bias = floats('fc.bias');
    return features.map((row, i) => {
      const logit = (of: number): number =>
        row.reduce((sum, value, k) => sum + value * (weight[of * row.length + k] ?? NaN), bias[of] ?? NaN);
      const top = predicted[i]?.top ?? [];
      const probability = (index: number): number => top.find((score) => score.index === index)?.probability ?? NaN;
      return { length: row.length, difference: logit(0) - logit(1) - Math.log(probability(0) / probability(1)) };
    });
  }, files);
  for (const { length, difference } of got) {
    expect(length).toBe(512);
    expect(Math.abs(difference)).toBeLessThan(1e-4);
  }
});

test('calls at the same time do not disturb each other, not even where some are aborted', async () => {
  const got = await callApi(async ({ api, codeOf }, { model: source, ant, bee }) => {
    const model = await api.loadModel(source, { batchSize: 4 });
    const [alone] = await model.predict([ant]);
    const calls = Array.from({ length: 12 }, () => model.predict([ant, bee, ant, bee]));
    const many = Array.from({ length: 400 }, () => bee);
    const stopped = Array.from({ length: 16 }, (_, i) => {
      const signal = AbortSignal.timeout(20 * i);
      return codeOf(i % 2 === 0 ? model.predict(many, { signal }) : model.embed(many, { signal }));
    });
    const predictions = (await Promise.all(calls)).map(([first]) => first);
    const codes = await Promise.all(stopped);
    const after = await model.predict(ant);
    await model.close();
    const all = [...predictions, after].map((one) => Math.abs((one?.probability ?? 9) - (alone?.probability ?? 0)));
    return { codes, difference: Math.max(...all) };
  }, files);
  expect(got.codes).toEqual(Array.from({ length: 16 }, () => 'ABORTED'));
  expect(got.difference).toBeLessThan(1e-5);
});

test('close() waits for the calls that run, ends streams, and later calls fail with MODEL_CLOSED', async () => {
  const got = await callApi(async ({ api, codeOf }, { model: source, ant }) => {
    const model = await api.loadModel(source, { batchSize: 2 });
    const stream = model.stream(Array.from({ length: 40 }, () => ant));
    const first = await stream.next();
    const order: string[] = [];
    const running = model
      .predict(Array.from({ length: 9 }, () => ant))
      .then(({ length }) => order.push(`${length} done`));
    const closed = model.close().then(() => order.push('closed'));
    const refused = [codeOf(model.predict(ant)), codeOf(model.embed([ant])), codeOf(model.stream([ant]).next())];
    await Promise.all([running, closed, model.close(), model[Symbol.asyncDispose]()]);
    const rest = codeOf(
      (async () => {
        for await (const result of stream) if (result.error !== undefined) throw result.error;
      })(),
    );
    return { first: first.done, order, codes: await Promise.all([...refused, rest]) };
  }, files);
  expect(got.first).toBe(false);
  expect(got.order).toEqual(['9 done', 'closed']);
  expect(got.codes).toEqual(Array.from({ length: 4 }, () => 'MODEL_CLOSED'));
});

test('a stream takes only what is needed, gives what it has, and can be left while its source is stuck', async () => {
  const got = await callApi(async ({ api, codeOf }, { model: source, ant, missing }) => {
    const model = await api.loadModel(source, { batchSize: 8 });
    let asked = 0;
    const endless = (function* () {
      for (;;) yield (asked++, ant);
    })();
    let taken = 0;
    for await (const { file } of model.stream(endless)) if (file === ant && ++taken === 5) break;
    async function* stuck(): AsyncGenerator<string> {
      yield ant;
      yield missing;
      await new Promise(() => setTimeout(() => {}, 100_000).unref());
    }
    const stop = new AbortController();
    const stream = model.stream(stuck(), { signal: stop.signal });
    const results = [(await stream.next()).value, (await stream.next()).value] as { error?: { code: string } }[];
    const waiting = codeOf(stream.next());
    stop.abort();
    const code = await waiting;
    async function* broken(): AsyncGenerator<string> {
      yield ant;
      throw Object.assign(new Error('the source failed'), { code: 'SOURCE' });
    }
    const before: unknown[] = [];
    const failure = await codeOf(
      (async () => {
        for await (const { file } of model.stream(broken())) before.push(file);
      })(),
    );
    const valid: unknown[] = [];
    const invalid = await codeOf(
      (async () => {
        for await (const { file } of model.stream([ant, missing, 3 as unknown as string, ant])) valid.push(file);
      })(),
    );
    await model.close();
    const codes = results.map(({ error }) => error?.code ?? 'none');
    return { asked, codes, code, before: before.length, failure, valid, invalid };
  }, files);
  expect(got.asked).toBeLessThanOrEqual(4 + 2 * 8);
  expect(got.codes).toEqual(['none', 'IMAGE_UNREADABLE']);
  expect(got).toMatchObject({ code: 'ABORTED', before: 1, failure: 'SOURCE' });
  // As what a source throws: after what came before it.
  expect(got).toMatchObject({ valid: [ANT, MISSING], invalid: 'INVALID_OPTION' });
});

test('close() ends a stream that waits for its source, and tells the source', async () => {
  const got = await callApi(async ({ api, codeOf }, { model: source, ant }) => {
    const model = await api.loadModel(source, { device: 'cpu', threads: 1 });
    const returned: number[] = [];
    const stuck = (i: number): AsyncIterableIterator<string> => {
      let given = false;
      return {
        [Symbol.asyncIterator]() {
          return this;
        },
        next: () =>
          given ? new Promise(() => {}) : ((given = true), Promise.resolve({ value: ant, done: false as const })),
        return: () => (returned.push(i), Promise.resolve({ value: undefined, done: true as const })),
      };
    };
    // More than the ten listeners beyond which Node.js warns.
    const streams = Array.from({ length: 12 }, (_, i) => model.stream(stuck(i)));
    for (const stream of streams) await stream.next();
    const waiting = streams.map((stream) => codeOf(stream.next()));
    // One whose last image has been given is not cut short.
    const last = model.stream([ant]);
    await last.next();
    const alive = setTimeout(() => process.exit(1), 60_000);
    await new Promise((resolve) => setImmediate(resolve));
    await model.close();
    const codes = await Promise.all(waiting);
    const ended = (await last.next()).done;
    clearTimeout(alive);
    return { codes, returned: returned.length, ended };
  }, files);
  expect(got).toEqual({ codes: Array.from({ length: 12 }, () => 'MODEL_CLOSED'), returned: 12, ended: true });
});

test('a stream and an explanation that are aborted give nothing more, and no image is said to be what was wrong', async () => {
  const got = await callApi(
    async ({ api, codeOf }, { model: source, ant, output }) => {
      const { existsSync, readdirSync } = await import('node:fs');
      const images = Array.from({ length: 12 }, () => ant);
      const pictures = (folder: string): number =>
        existsSync(folder) ? readdirSync(folder).filter((name) => /^[^.].*\.png$/.test(name)).length : 0;
      const taken = async (
        results: (signal: AbortSignal) => AsyncIterable<{ error?: unknown }>,
        stops: (got: number) => boolean,
      ): Promise<unknown[]> => {
        const stop = new AbortController();
        // Also in the midst of what is done for one image.
        const timer = setInterval(() => {
          if (stops(0)) stop.abort();
        }, 1);
        const errors: unknown[] = [];
        const code = await codeOf(
          (async () => {
            for await (const { error } of results(stop.signal)) {
              errors.push(error ?? 'none');
              if (stops(errors.length)) stop.abort();
            }
          })(),
        );
        clearInterval(timer);
        return [code, ...errors];
      };
      const model = await api.loadModel(source, { device: 'cpu', threads: 1 });
      const streamed = await taken(
        (signal) => model.stream(images, { signal }),
        (count) => count === 2,
      );
      await model.close();
      const explained = [];
      for (const neighbours of [0, 1]) {
        const folder = `${output}-${neighbours}`;
        const options = { model: source, images, neighbours, output: folder, device: 'cpu', threads: 1 };
        const codes = await taken(
          (signal) => api.explain(options, { signal }),
          (count) => count === 2,
        );
        explained.push([...codes, pictures(folder)]);
      }
      const folder = `${output}-2`;
      const options = { model: source, images, neighbours: 1, output: folder, device: 'cpu', threads: 1 };
      const beside = await taken(
        (signal) => api.explain(options, { signal }),
        () => pictures(folder) >= 3,
      );
      return { streamed, explained, beside };
    },
    { ...files, output: path.join(tmp, 'aborted') },
  );
  expect(got.streamed).toEqual(['ABORTED', 'none', 'none']);
  expect(got.explained).toEqual(Array.from({ length: 2 }, () => ['ABORTED', 'none', 'none', 2]));
  const [code, ...errors] = got.beside;
  expect([code, errors.filter((error) => error !== 'none')]).toEqual(['ABORTED', []]);
});

test('what the signal was aborted with is the cause of every ABORTED error, whose message is a sentence', async () => {
  const got = await callApi(
    async ({ api }, { model: source, ant, output }) => {
      const model = await api.loadModel(source, { device: 'cpu', threads: 1, batchSize: 4 });
      const data = 'test/fixtures/ants-bees';
      const small = { data, weights: 'none', arch: 'resnet18', imageSize: 32, device: 'cpu', threads: 1 } as const;
      const many = Array.from({ length: 400 }, () => ant);
      const found: unknown[] = [];
      const told = async (
        begin: (control: { signal: AbortSignal }) => unknown,
        when: 'before' | 'after',
      ): Promise<void> => {
        const stop = new AbortController();
        const reason = new Error('enough');
        if (when === 'before') stop.abort(reason);
        else setTimeout(() => stop.abort(reason), 150);
        const error = (await Promise.resolve(begin({ signal: stop.signal })).then(
          () => new Error('not stopped'),
          (thrown: unknown) => thrown,
        )) as Error & { code?: string };
        const message = error.message.replace(/^The [a-z-]+( [a-z-]+)* (was|were) stopped$/, 'good');
        found.push([error.code, error.cause === reason, message]);
      };
      const all = async (results: AsyncIterable<unknown>): Promise<void> => {
        for await (const result of results) void result;
      };
      await told((control) => model.predict(many, control), 'after');
      await told((control) => model.embed(many, control), 'before');
      await told((control) => all(model.stream(many, control)), 'after');
      await told((control) => api.loadModel(source, control), 'before');
      await told((control) => api.evaluate({ model: source, data }, control), 'before');
      await told((control) => api.exportModel({ model: source, output: `${output}.pth` }, control), 'before');
      await told((control) => api.checkData({ data }, control), 'before');
      await told((control) => api.compare({ data, output }, control), 'before');
      await told((control) => api.crossValidate({ ...small, folds: 2, output }, control), 'before');
      await told((control) => api.findLearningRate(small, control), 'before');
      await told((control) => api.doctor({}, control), 'before');
      await told((control) => api.bench({}, control), 'before');
      await told((control) => all(api.explain({ model: source, images: [ant], output }, control)), 'before');
      const epochs = 1000;
      await told((control) => api.train({ ...small, output: `${output}-1`, epochs }, control), 'before');
      const stop = new AbortController();
      const onEvent = ({ kind }: { kind: string }): void => (kind === 'epoch' ? stop.abort('enough') : undefined);
      const training = api.train({ ...small, output: `${output}-2`, epochs }, { signal: stop.signal, onEvent });
      const error = (await training.catch((thrown: unknown) => thrown)) as Error & { code: string };
      found.push([error.code, error.cause === 'enough', error.message === 'The training was stopped' && 'good']);
      await model.close();
      return found;
    },
    { ...files, output: path.join(tmp, 'stopped') },
  );
  expect(got).toEqual(got.map(() => ['ABORTED', true, 'good']));
});

test('a listener that rejects ends the work as one that throws does, and never the process', async () => {
  const got = await callApi(
    async ({ api }, { model: source, ant, output }) => {
      const data = 'test/fixtures/ants-bees';
      const small = { data, weights: 'none', arch: 'resnet18', imageSize: 32, device: 'cpu', threads: 1 } as const;
      const epochs = 1000;
      const sleep = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
      const found: unknown[] = [];
      const told = async (begin: (control: { onEvent: (event: unknown) => void }) => unknown): Promise<void> => {
        for (const wait of [false, true]) {
          const fail = async (): Promise<void> => {
            if (wait) await sleep();
            throw new Error('the listener failed');
          };
          const onEvent = (): unknown => fail();
          found.push(
            await Promise.resolve(begin({ onEvent })).then(
              () => 'not ended',
              (error: Error) => error.message,
            ),
          );
        }
      };
      await told((control) => api.train({ ...small, output: `${output}-1`, epochs }, control));
      await told((control) => api.evaluate({ model: source, data, device: 'cpu' }, control));
      await told((control) => api.checkData({ data }, control));
      await told((control) => api.findLearningRate(small, control));
      await told((control) => api.crossValidate({ ...small, folds: 2, output: `${output}-2`, epochs }, control));
      const stop = new AbortController();
      const begun = api.train(
        { ...small, output: `${output}-3`, epochs },
        { signal: stop.signal, onEvent: ({ kind }) => (kind === 'epoch' ? stop.abort() : undefined) },
      );
      const aborted = await begun.catch(({ code }: { code: string }) => code);
      let slow = 0;
      const listener = (): unknown => sleep().then(() => slow++);
      await api.evaluate({ model: source, data, device: 'cpu' }, { onEvent: listener });
      // A server has nobody to tell.
      const control = { onEvent: (): unknown => Promise.reject(new Error('the listener failed')) };
      const server = await api.serveModel({ model: source, port: 0, device: 'cpu' }, control);
      const answer = await fetch(`${server.url}predict`, {
        method: 'POST',
        body: (await import('node:fs')).readFileSync(ant),
      });
      await server.close();
      return { found, aborted, slow: slow > 0, status: answer.status };
    },
    { ...files, output: path.join(tmp, 'listeners') },
  );
  expect(got.found).toEqual(got.found.map(() => 'the listener failed'));
  expect(got).toMatchObject({ aborted: 'ABORTED', slow: true, status: 200 });
});

test('a model is closed where a listener rejects once it is loaded, so that nobody has it', async () => {
  const without = { LIBTORCH: '', XDG_CACHE_HOME: path.join(tmp, 'empty-cache'), PATH: path.join(tmp, 'no-bin') };
  const got = await callApi(
    async ({ api, root }, { model: source }) => {
      const { createRequire } = await import('node:module');
      type Tf = { memory: () => { numTensors: number } };
      const tf = createRequire(`${root}/package.json`)('@tensorflow/tfjs-core') as Tf;
      const load = (onEvent?: () => unknown): Promise<unknown> =>
        api.loadModel(source, { onEvent: onEvent as () => void });
      const model = await api.loadModel(source);
      const tensors = tf.memory().numTensors;
      await model.close();
      const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
      // The tensors are there before it rejects.
      const rejects = async (): Promise<void> => {
        while (tf.memory().numTensors < tensors) await sleep(10);
        await sleep(200);
        throw new Error('the listener failed');
      };
      const message = await load(rejects).catch((error: Error) => error.message);
      return { message, tensors, left: tf.memory().numTensors };
    },
    files,
    without,
  );
  expect(got).toMatchObject({ message: 'the listener failed', left: 0 });
  expect(got.tensors).toBeGreaterThan(0);
});

test('hundreds of calls share a signal without a warning, and leave nothing on it', async () => {
  const got = await callApi(async ({ api, codeOf }, { model: source, ant }) => {
    const { default: events } = await import('node:events');
    const warnings: string[] = [];
    process.on('warning', ({ name }) => warnings.push(name));
    const model = await api.loadModel(source, { device: 'cpu', threads: 1 });
    const { signal } = new AbortController();
    const listening = (of: AbortSignal): number => events.getEventListeners(of, 'abort').length;
    await Promise.all([
      ...Array.from({ length: 40 }, () => model.predict(ant, { signal })),
      ...Array.from({ length: 40 }, () => model.embed(ant, { signal })),
      ...Array.from({ length: 12 }, () =>
        api.evaluate({ model: source, data: 'nowhere' }, { signal, onEvent: () => {} }).catch(() => {}),
      ),
    ]);
    const stop = new AbortController();
    const stopped = Array.from({ length: 500 }, () => codeOf(model.predict(ant, { signal: stop.signal })));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const during = listening(stop.signal);
    stop.abort();
    const codes = new Set(await Promise.all(stopped));
    await model.close();
    return { warnings, codes: [...codes].sort(), during, left: [listening(signal), listening(stop.signal)] };
  }, files);
  expect(got).toMatchObject({ warnings: [], left: [0, 0] });
  expect(got.during).toBeLessThan(3);
  expect(got.codes).toContain('ABORTED');
});

test('bytes of one image may be written into once the call has begun', async () => {
  const got = await callApi(async ({ api }, { model: source, ant }) => {
    const { readFileSync } = await import('node:fs');
    const model = await api.loadModel(source, { device: 'cpu', threads: 1 });
    const bytes = readFileSync(ant);
    const overwritten = <R>(call: (bytes: Uint8Array) => Promise<R>): Promise<R> => {
      const own = new Uint8Array(bytes);
      const begun = call(own);
      own.fill(0);
      return begun;
    };
    const predicted = await overwritten((own) => model.predict(own));
    const features = await overwritten((own) => model.embed(own));
    const { width } = await overwritten((own) => api.loadImage(own));
    const expected = await model.predict(ant);
    await model.close();
    return { same: predicted.probability === expected.probability, features: features.length, width };
  }, files);
  expect(got).toMatchObject({ same: true, features: 512, width: expect.any(Number) });
});

test('what a model tells of itself can not be assigned to', async () => {
  const got = await callApi(async ({ api }, { model: source }) => {
    const model = await api.loadModel(source, { device: 'cpu', threads: 1 });
    const names = ['classes', 'arch', 'preprocessing', 'temperature', 'device', 'precision'];
    const changed = names.filter((name) => Reflect.set(model, name, 'other'));
    if (Reflect.set(model.preprocessing, 'crop', 1) || Reflect.set(model.preprocessing.mean, 0, 9))
      changed.push('parts');
    const shown = names.filter((name) => Object.keys(model).includes(name));
    await model.close();
    return { changed, shown: shown.length };
  }, files);
  expect(got).toEqual({ changed: [], shown: 6 });
});

test('two worker threads at once', async () => {
  const got = await callApi(async ({ api, root }, { model: source, ant }) => {
    const { Worker } = await import('node:worker_threads');
    const program = `
      const { parentPort, workerData } = require('node:worker_threads');
      const { root, source, ant } = workerData;
      require(root).loadModel(source).then(async (model) => {
        const all = await model.predict(Array.from({ length: 20 }, () => ant));
        await model.close();
        parentPort.postMessage(all.map(({ probability }) => probability));
      });`;
    const work = (): Promise<number[]> =>
      new Promise((resolve, reject) => {
        const worker = new Worker(program, { eval: true, workerData: { root, source, ant } });
        worker.once('message', resolve).once('error', reject);
      });
    const both = await Promise.all([work(), work()]);
    const model = await api.loadModel(source);
    const { probability } = await model.predict(ant);
    await model.close();
    return both.map((all) => [all.length, Math.max(...all.map((value) => Math.abs(value - probability)))]);
  }, files);
  expect(got).toEqual([
    [20, expect.closeTo(0, 5)],
    [20, expect.closeTo(0, 5)],
  ]);
});
