import fs from 'node:fs';
import path from 'node:path';
import { ANTS_BEES, run, scratch } from '../cli/run';
import { callApi } from '../predict/call-api';
import { resultsOf } from './resume-runs';

// Trainings as a program runs them: event by event, several at a time, one after the other.

const tmp = scratch();
const inTmp = (name: string): string => path.join(tmp, name);
const OPTIONS = {
  ...({ data: ANTS_BEES, weights: 'none', arch: 'resnet18', batchSize: 4, device: 'cpu', precision: 'fp32' } as const),
  ...({ trainFrom: 'fc', imageSize: 64, threads: 1, epochs: 2, cropCache: '0' } as const),
};

test('a loop over the events sees all of them, and ends with the training', async () => {
  const seen = await callApi(
    async ({ api }, options) => {
      const kinds: string[] = [];
      const training = api.train(options);
      for await (const event of training) if (kinds.at(-1) !== event.kind) kinds.push(event.kind);
      return { kinds, epochs: (await training).epochs };
    },
    { ...OPTIONS, output: inTmp('loop') },
  );
  expect(seen.epochs).toBe(2);
  const kinds = [...new Set(seen.kinds)];
  expect(kinds.filter((kind) => kind !== 'checkpoint')).toEqual([
    ...['data', 'device', 'crops', 'start', 'step', 'epoch', 'saved', 'report', 'done'],
  ]);
  expect(seen.kinds.at(-1)).toBe('done');
});

test('events that are asked for at the same time come in their order, and none after the loop was left', async () => {
  const seen = await callApi(
    async ({ api, codeOf }, options) => {
      const training = api.train(options);
      const code = codeOf(training);
      const events = training[Symbol.asyncIterator]();
      const first = await Promise.all([events.next(), events.next(), events.next()]);
      await events.return?.();
      const after = await events.next();
      return { kinds: first.map(({ value }) => value?.kind), after: after.done, code: await code };
    },
    { ...OPTIONS, output: inTmp('at-once') },
  );
  expect(seen).toEqual({ kinds: ['data', 'device', 'crops'], after: true, code: 'ABORTED' });
});

test('what a listener does to an event changes nothing of the run', async () => {
  const classes = await callApi(
    async ({ api }, options) => {
      const result = await api.train(options, {
        onEvent: (event) => {
          if (event.kind === 'data') event.classes.reverse();
          if (event.kind === 'epoch') event.epoch = 77;
        },
      });
      const model = await api.loadModel(options.output, { device: 'cpu', threads: 1 });
      await model.close();
      return { ofModel: model.classes, ofResult: result.classes, epoch: result.model.epoch };
    },
    { ...OPTIONS, epochs: 1, output: inTmp('listener') },
  );
  expect(classes).toEqual({ ofModel: ['ants', 'bees'], ofResult: ['ants', 'bees'], epoch: 1 });
});

test('a loop that is left stops the training, which can be gone on with', async () => {
  const output = inTmp('left');
  const left = await callApi(
    async ({ api, codeOf }, options) => {
      const training = api.train(options);
      for await (const event of training) if (event.kind === 'step' && event.step === 4) break;
      return codeOf(training);
    },
    { ...OPTIONS, output },
  );
  expect(left).toBe('ABORTED');
  expect(fs.existsSync(path.join(output, 'result.json'))).toBe(false);
  expect((await run(['train', '--resume', output])).code).toBe(0);
  expect(await resultsOf(output)).toEqual(await resultsOf(inTmp('loop')));
});

test('stopped before the first epoch, it says what there is to go on with', async () => {
  const told = await callApi(
    async ({ api }, options) => {
      const stopAt = async (kind: string, checkpointEvery = 'epoch'): Promise<string> => {
        const stop = new AbortController();
        const onEvent = (event: { kind: string }): void => (event.kind === kind ? stop.abort() : undefined);
        const output = `${options.output}-${kind}${checkpointEvery === 'never' ? '-never' : ''}`;
        const ended = api.train({ ...options, output, checkpointEvery }, { signal: stop.signal, onEvent });
        return ended.then(
          () => 'it came to its end',
          ({ message, hint }: Error & { hint?: string }) => `${message}. ${hint}`,
        );
      };
      const told = [await stopAt('crops'), await stopAt('head'), await stopAt('head', 'never')];
      const { epochs } = await api.train({ resume: `${options.output}-head` });
      return [...told, epochs];
    },
    { ...OPTIONS, trainFrom: 'conv1' as const, headEpochs: 2, output: inTmp('early') },
  );
  expect(told).toEqual([
    'The reading of the images was stopped. Nothing was trained yet: the same command begins anew',
    `The training was stopped. Go on with: npx resnet-ft train --resume ${inTmp('early')}-head`,
    'The training was stopped. Without checkpoints there is nothing to go on from',
    2,
  ]);
  expect(fs.existsSync(inTmp('early-crops'))).toBe(false);
});

test('what is done to the options while they train changes nothing of the trainings', async () => {
  const seen = await callApi(
    async ({ api }, { options, outputs: [one, two, seeds] }) => {
      const mine = { ...options, recipe: 'finetune', epochs: 1, output: one, seed: 1 } as const;
      const shared: { -readonly [K in keyof typeof mine]: unknown } = mine;
      const first = api.train(mine);
      Object.assign(shared, { output: two, seed: 2 });
      const second = api.train(mine);
      const several = { ...options, epochs: 1, output: seeds, seed: 5, seeds: 2 };
      const third = api.trainSeeds(several);
      several.seed = 99;
      const results = await Promise.all([first, second]);
      return { outputs: results.map(({ output }) => output), seeds: (await third).runs.map(({ name }) => name) };
    },
    { options: OPTIONS, outputs: ['options-1', 'options-2', 'options-seeds'].map(inTmp) as [string, string, string] },
  );
  expect(seen).toEqual({
    outputs: [inTmp('options-1'), inTmp('options-2')],
    seeds: ['seed-5', 'seed-6'],
  });
  const seedOf = (name: string): unknown =>
    (JSON.parse(fs.readFileSync(path.join(inTmp(name), 'config.json'), 'utf8')) as { options: { seed: number } })
      .options.seed;
  expect([seedOf('options-1'), seedOf('options-2')]).toEqual([1, 2]);
});

test('what a listener throws at the very end is what the training rejects with', async () => {
  const message = await callApi(
    async ({ api }, options) => {
      const onEvent = ({ kind }: { kind: string }): void => {
        if (kind === 'report') throw new Error('no disk for me');
      };
      return api.train(options, { onEvent }).then(
        () => 'resolved',
        (error: Error) => error.message,
      );
    },
    { ...OPTIONS, epochs: 1, output: inTmp('thrown') },
  );
  expect(message).toBe('no disk for me');
});

test('a loop over a training that fails throws its error', async () => {
  const code = await callApi(
    ({ api, codeOf }, options) =>
      codeOf(
        (async () => {
          for await (const event of api.train(options)) void event;
        })(),
      ),
    { ...OPTIONS, data: inTmp('nowhere') },
  );
  expect(code).toBe('DATA_NOT_FOUND');
});

test('several trainings at the same time, one of them in a worker thread, come to what each comes to alone', async () => {
  const outputs = ['one', 'two', 'worker'].map(inTmp);
  await callApi(
    async ({ api, root }, { options, outputs: [one, two, third] }) => {
      const { Worker } = await import('node:worker_threads');
      const program = `require(${JSON.stringify(root)}).train(require('node:worker_threads').workerData).catch((e) => { throw e; })`;
      const worker = new Worker(program, { eval: true, workerData: { ...options, output: third } });
      const ended = new Promise<void>((resolve, reject) => {
        worker.on('error', reject).on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`exit ${code}`))));
      });
      await Promise.all([api.train({ ...options, output: one }), api.train({ ...options, output: two }), ended]);
      return true;
    },
    { options: OPTIONS, outputs },
  );
  for (const output of outputs) expect(await resultsOf(output)).toEqual(await resultsOf(inTmp('loop')));
});

test('memory is back where it was after each training', async () => {
  const grown = await callApi(
    async ({ api, gc }, { options, output }) => {
      const { rmSync } = await import('node:fs');
      const after: number[] = [];
      for (let i = 0; i < 5; i++) {
        await api.train({ ...options, output });
        rmSync(output, { recursive: true });
        gc();
        await new Promise((resolve) => setTimeout(resolve, 100));
        gc();
        after.push(process.memoryUsage().rss);
      }
      return after;
    },
    { options: { ...OPTIONS, epochs: 1 }, output: inTmp('again') },
  );
  // A model has 45 MB, and a checkpoint twice as much: three more of either would show.
  const [, second = 0] = grown;
  expect((grown.at(-1) ?? 0) - second).toBeLessThan(100e6);
});
