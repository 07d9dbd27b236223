import path from 'node:path';
import { ANTS_BEES, records, run, scratch } from '../cli/run';
import { buildNetwork } from '../../lib/network/architecture';
import { madeWeights } from '../made-weights';
import { callApi } from '../predict/call-api';

const tmp = scratch();
const weights = path.join(tmp, 'made.pth');
// LibTorch is nowhere: neither named, nor in the cache, nor a Python's.
const without = { LIBTORCH: '', XDG_CACHE_HOME: path.join(tmp, 'empty-cache'), PATH: path.join(tmp, 'no-bin') };
const LINE =
  /^the native backend can't be loaded, [^\n]*JavaScript[^\n]*no LibTorch found[^\n]*\. Run: npx resnet-ft libtorch install$/;

beforeAll(() => madeWeights(weights, { network: buildNetwork('resnet18', 1000), seed: 3 }));

test('a program is told of the fallback to js by an event, and its standard error is left alone', async () => {
  const told = await callApi(
    async ({ api }, { data, file, output }) => {
      type Event = { kind: string; note?: string };
      const notes: Record<string, (string | undefined)[]> = {};
      const note =
        (of: string) =>
        (event: Event): void => {
          notes[of] ??= [];
          if (event.kind === 'fallback') notes[of].push(event.note);
        };
      const few = {
        arch: 'resnet18',
        trainFrom: 'fc',
        steps: 1,
        batchSize: 4,
        imageSize: 64,
        cropCache: '0',
      } as const;
      await api.train({ data, weights: 'none', ...few, output }, { onEvent: note('train') });
      await api.evaluate({ model: file, data }, { onEvent: note('evaluate') });
      const model = await api.loadModel(file, { onEvent: note('loadModel') });
      await model.close();
      // Without a listener there is nobody to tell.
      await (await api.loadModel(file)).close();
      return notes;
    },
    { data: ANTS_BEES, file: weights, output: path.join(tmp, 'api') },
    without,
  );
  const once = [expect.stringMatching(LINE) as string];
  expect(told).toEqual({ train: once, evaluate: once, loadModel: once });
});

test('a command says it once on standard error, whatever it opens the backend for', async () => {
  const args = [
    '--rows',
    'pretrained,scratch',
    '--weights',
    weights,
    '--arch',
    'resnet18',
    '--epochs',
    '1',
    '--image-size',
    '64',
    '--json',
  ];
  const output = path.join(tmp, 'compare');
  const ran = await run(['compare', ANTS_BEES, ...args, '--train-from', 'fc', '--output', output], { env: without });
  expect(ran.code).toBe(0);
  const [line = '', ...rest] = ran.stderr.split('\n');
  expect(rest).toEqual(['']);
  expect(line.replace(/^resnet-ft: /, '')).toMatch(LINE);
  expect(records(ran.stdout).map(({ event }) => (event as { kind: string } | undefined)?.kind)).not.toContain(
    'fallback',
  );
});
