import fs from 'node:fs';
import path from 'node:path';
import { LIBTORCH_VERSION } from '../../lib/libtorch/version';
import { ANTS_BEES, records, run, scratch } from '../cli/run';
import { fakeLibtorch } from '../libtorch/fakes';

const tmp = scratch();
// LibTorch is nowhere: neither named, nor in the cache, nor a Python's.
const without = { LIBTORCH: '', XDG_CACHE_HOME: path.join(tmp, 'empty-cache'), PATH: path.join(tmp, 'no-bin') };
/** One is named that is none. */
const misnamed = { LIBTORCH: path.join(tmp, 'nowhere') };
const recipe = [
  ...['--arch', 'resnet18', '--weights', 'none', '--train-from', 'fc'],
  ...['--image-size', '64', '--batch-size', '5', '--json'],
];

const train = (output: string, options: string[], env: NodeJS.ProcessEnv = {}) =>
  run(['train', ANTS_BEES, ...recipe, ...options, '--output', output], { env });

test('without LibTorch, train --backend js comes to the accuracy of native, and eval and predict take its model', async () => {
  const [js, native] = [path.join(tmp, 'js'), path.join(tmp, 'native')];
  const options = ['--epochs', '4', '--keep', 'min-batch-loss'];
  const ran = await train(js, [...options, '--backend', 'js'], without);
  expect([ran.code, ran.stderr]).toEqual([0, '']);
  const other = await train(native, [...options, '--backend', 'native', '--device', 'cpu']);
  expect([other.code, other.stderr]).toEqual([0, '']);

  const result = (folder: string) =>
    JSON.parse(fs.readFileSync(path.join(folder, 'result.json'), 'utf8')) as {
      model: { step: number; valAccuracy: number };
      last: { valAccuracy: number; trainLoss: number };
    };
  const [made, expected] = [result(js), result(native)];
  expect(made.model).toMatchObject({ step: expected.model.step, valAccuracy: expected.model.valAccuracy });
  expect(made.last.valAccuracy).toBe(expected.last.valAccuracy);
  expect(made.last.trainLoss / expected.last.trainLoss).toBeCloseTo(1, 3);
  const config = JSON.parse(fs.readFileSync(path.join(js, 'config.json'), 'utf8')) as object;
  expect(config).toMatchObject({ options: { backend: 'js' }, versions: { tfjs: expect.any(String) as string } });

  const evaluated = await run(['eval', js, ANTS_BEES, '--backend', 'js', '--json'], { env: without });
  expect([evaluated.code, evaluated.stderr]).toEqual([0, '']);
  expect(JSON.parse(evaluated.stdout)).toMatchObject({ accuracy: made.model.valAccuracy });

  const image = path.join(ANTS_BEES, 'val', 'bees', 'abeja.jpg');
  const predict = ['predict', js, image, '--json', '--features', '--backend'];
  const [one, two] = await Promise.all([
    run([...predict, 'js'], { env: without }),
    run([...predict, 'native', '--device', 'cpu']),
  ]);
  expect([one.stderr, two.stderr]).toEqual(['', '']);
  const [said] = records(one.stdout) as { class: string; probability: number; features: number[] }[];
  const [reference] = records(two.stdout) as { class: string; probability: number; features: number[] }[];
  expect(said?.class).toBe(reference?.class);
  expect(said?.probability).toBeCloseTo(reference?.probability ?? NaN, 3);
  expect(said?.features).toHaveLength(512);
});

test('deeper training says beforehand how long it takes, and what would do the same with LibTorch', async () => {
  const options = ['--train-from', 'layer4', '--steps', '1', '--seed', '5'];
  const ran = await train(path.join(tmp, 'deeper'), [...options, '--backend', 'js'], without);
  expect([ran.code, ran.stderr]).toEqual([0, '']);
  const kinds = records(ran.stdout).map(({ kind }) => kind);
  expect(kinds.indexOf('estimate')).toBeLessThan(kinds.indexOf('step'));
  const told = records(ran.stdout).find(({ kind }) => kind === 'estimate');
  const command = `npx resnet-ft train ${ANTS_BEES} --arch resnet18 --weights none --train-from layer4 --steps 1 --batch-size 5 --seed 5 `;
  expect(told).toMatchObject({
    seconds: expect.any(Number) as number,
    note: expect.stringMatching(/^about \d+ s /) as string,
  });
  expect(told?.['note']).toMatch(new RegExp(`${command.replaceAll('/', '\\/')}.*--backend native$`));
});

describe('where LibTorch is missing', () => {
  const anyModel = (): string => path.join(tmp, 'js');
  const image = path.join(ANTS_BEES, 'val', 'bees', 'abeja.jpg');

  test('auto falls back to js, and says so in one line', async () => {
    const ran = await run(['predict', anyModel(), image], { env: without });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/^.*abeja\.jpg.*\n$/);
    expect(ran.stderr).toMatch(
      /^resnet-ft: the native backend can't be loaded, [^\n]*JavaScript[^\n]*no LibTorch found[^\n]*\. Run: npx resnet-ft libtorch install\n$/,
    );
  });

  test('auto does not fall back from a LibTorch that is named or found, and fails', async () => {
    const broken = path.join(tmp, 'broken', 'resnet-ft', 'libtorch', LIBTORCH_VERSION, 'torch');
    fakeLibtorch(broken, LIBTORCH_VERSION); // its libraries are empty files
    const found = { ...without, XDG_CACHE_HOME: path.join(tmp, 'broken') };
    const cases = [
      [misnamed, 'LIBTORCH is [^\\n]*nowhere'],
      [found, 'cannot load [^\\n]*broken'],
    ] as const;
    for (const [env, cause] of cases) {
      const ran = await run(['predict', anyModel(), image], { env });
      expect([ran.code, ran.stdout]).toEqual([1, '']);
      expect(ran.stderr).toMatch(new RegExp(`^resnet-ft: ${cause}[^\\n]*--backend js\\n$`));
    }
  });

  test('native never falls back', async () => {
    const ran = await run(['predict', anyModel(), image, '--backend', 'native'], { env: misnamed });
    expect([ran.code, ran.stdout]).toEqual([1, '']);
    expect(ran.stderr).toMatch(/^resnet-ft: LIBTORCH is [^\n]*nowhere[^\n]*\n$/);
  });

  test('js refuses a GPU and other precisions', async () => {
    for (const [option, value] of [
      ['--device', 'cuda'],
      ['--precision', 'bf16'],
    ] as const) {
      const ran = await run(['eval', anyModel(), ANTS_BEES, '--backend', 'js', option, value], { env: without });
      expect(ran.code).toBe(1);
      expect(ran.stderr).toMatch(new RegExp(`^resnet-ft: [^\n]*${value}[^\n]*\n$`));
    }
  });

  test('js computes in plain JavaScript where there is no WebAssembly', async () => {
    const hook = path.join(tmp, 'plain.cjs');
    fs.writeFileSync(hook, 'delete globalThis.WebAssembly;');
    const env = { ...without, NODE_OPTIONS: `--require ${JSON.stringify(hook)}` };
    const [plain, wasm] = await Promise.all([
      run(['predict', anyModel(), image, '--backend', 'js', '--json'], { env }),
      run(['predict', anyModel(), image, '--backend', 'js', '--json'], { env: without }),
    ]);
    expect([plain.code, plain.stderr]).toEqual([0, '']);
    const probability = (text: string): number => Number(records(text)[0]?.['probability']);
    expect(probability(plain.stdout)).toBeCloseTo(probability(wasm.stdout), 4);
  });

  describe('and TensorFlow.js too', () => {
    // A program's node_modules without the optional packages.
    const hook = path.join(tmp, 'missing.cjs');
    const env = { ...without, NODE_OPTIONS: `--require ${JSON.stringify(hook)}` };
    beforeAll(() => {
      fs.writeFileSync(
        hook,
        `const Module = require('node:module');
         const find = Module._resolveFilename;
         Module._resolveFilename = function (request, ...rest) {
           if (!request.startsWith('@tensorflow/')) return find.call(this, request, ...rest);
           throw Object.assign(new Error('Cannot find module'), { code: 'MODULE_NOT_FOUND' });
         };`,
      );
    });

    test('js tells how to install it', async () => {
      const ran = await run(['predict', anyModel(), image, '--backend', 'js'], { env });
      expect([ran.code, ran.stdout]).toEqual([1, '']);
      expect(ran.stderr).toMatch(
        /^resnet-ft: the js backend needs @tensorflow\/tfjs-core, [^\n]* Run: npm install @tensorflow\/[^\n]*\n$/,
      );
    });

    test('auto tells why native fails, and what js lacks', async () => {
      const ran = await run(['predict', anyModel(), image], { env });
      expect([ran.code, ran.stdout]).toEqual([1, '']);
      expect(ran.stderr).toMatch(/^resnet-ft: no LibTorch found[^\n]*@tensorflow\/tfjs-core[^\n]*\n$/);
    });
  });

  test('an unknown backend is an invalid option', async () => {
    const ran = await run(['predict', 'a.safetensors', 'a.jpg', '--backend', 'cuda'], { env: without });
    expect([ran.code, ran.stderr]).toEqual([
      2,
      'resnet-ft: Expected auto, native or js for --backend but received cuda. See resnet-ft predict --help\n',
    ]);
  });
});
