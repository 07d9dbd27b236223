import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Backend, CropStore, StepEvent, TrainEpochOptions, TrainingSession } from '../../lib/backend/types';
import type { NamedTensor } from '../../lib/weights/state-dict';
import { decodeImage } from '../../lib/data/decode';
import { buildNetwork } from '../../lib/network/architecture';
import type { TrainFrom } from '../../lib/options';
import { ANTS_BEES, ROOT } from '../cli/run';
import { rates } from '../made-weights';
import { slowRows } from '../slow';
import { difference, fillStore, floats, madeImage, MODEL, OPTIONS, TARGETS } from './images';
import { describePasses } from './contract-passes';
import { sha256, weightsOf, withSession } from './sessions';

const CROP = 32;
const ignore = (): void => {};

/** Of what is tested in several ways, those that this backend is tested in. */
export interface Ways {
  /** Where a training begins in which crops have gaps between them. */
  trainFrom: readonly TrainFrom[];
  draws: readonly ('torch' | 'counter')[];
}

/** What every backend must do by itself; what they must do alike is in agreement.ts. */
export function describeContract(name: string, open: () => Promise<Backend>, ways: Ways): void {
  describe(`backend ${name}`, () => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await open();
    });

    test('crops are those of torchvision and Pillow', async () => {
      const file = path.join(ROOT, 'test', 'fixtures', 'reference', 'crops.json');
      const expected = JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, Record<string, string>>;
      const store = backend.createCropStore(1, 224);
      for (const [image, sums] of Object.entries(expected)) {
        const pixels = await decodeImage(path.join(ANTS_BEES, image));
        for (const resize of [256, 232]) {
          await store.put(0, pixels, resize);
          expect([image, resize, sha256(store.get(0))]).toEqual([image, resize, sums[`resize${resize}`]]);
        }
      }
      store.close();
    });

    test('crops are copies, and what is put is copied', async () => {
      const store = backend.createCropStore(2, 8);
      const image = madeImage(8, 8);
      await store.put(1, image, 8);
      const before = Buffer.from(image.data);
      image.data.fill(0);
      store.get(1).fill(1);
      expect(Buffer.compare(store.get(1), before)).toBe(0);
      expect([store.count, store.size]).toEqual([2, 8]);
      store.close();
    });

    test('one call keeps a crop and gives it', async () => {
      const store = backend.createCropStore(2, 24);
      const image = madeImage(50, 40);
      const made = await store.putAndGet(1, image, 30);
      expect(Buffer.compare(made, store.get(1))).toBe(0);
      expect(sha256(made)).toBe(sha256((await backend.resizeCrop(image, { resize: 30, crop: 24 })).data));
      // It is the caller's own.
      made.fill(0);
      expect(Buffer.compare(made, store.get(1))).not.toBe(0);
      await expect(async () => store.putAndGet(2, image, 30)).rejects.toThrow('crop index out of range');
      store.close();
    });

    test.each(ways.trainFrom)('crops with gaps between them, training from %s', async (trainFrom) => {
      const store = await fillStore(backend, CROP);
      const gaps = backend.createCropStore(13, CROP);
      const indices = Int32Array.of(1, 2, 4, 7, 8, 9, 10, 12);
      for (const [i, at] of indices.entries()) {
        await gaps.put(at, { width: CROP, height: CROP, data: store.get(i) }, CROP);
      }
      const figures = (samples: { store: CropStore; indices?: Int32Array }): Promise<unknown> =>
        withSession(backend, { trainFrom }, async (session) => {
          const all = { ...samples, targets: TARGETS };
          const steps: StepEvent[] = [];
          const pass = { batchSize: 3, epoch: 1, ...rates(0.01, 1) };
          await session.trainEpoch({ ...all, ...pass }, (step) => steps.push(step));
          return [steps, await session.evaluate({ ...all, batchSize: 8 }, ignore)];
        });
      expect(await figures({ store: gaps, indices })).toEqual(await figures({ store }));
      const model = await backend.createModel(MODEL, await weightsOf(backend));
      const pass = { count: 8, batchSize: 3, features: true };
      const expected = await model.run({ ...pass, store }, ignore);
      expect(await model.run({ ...pass, store: gaps, indices }, ignore)).toEqual(expected);
      const turned = await model.run({ ...pass, store, count: 2, indices: Int32Array.of(7, 0) }, ignore);
      expect([...turned.logits]).toEqual([...expected.logits.slice(14), ...expected.logits.slice(0, 2)]);
      await model.close();
      store.close();
      gaps.close();
    });

    test('a store of images, or an error where the capabilities are without it', () => {
      const make = () => backend.createImageStore(1, { memory: 1e6 }).close();
      if (backend.capabilities.imageStore) expect(make).not.toThrow();
      else expect(make).toThrow('has no store of images');
      expect(backend.capabilities.keptFeatures).toEqual(['horizontal-flip']);
    });

    test('what processes share, or an error where the capabilities are without it', async () => {
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'resnet-ft-shared-'));
      const file = path.join(folder, 'crops');
      const calls = {
        create: () => backend.createCropStore(1, 8, file, true).close(),
        openCrops: () => backend.openCropStore(file, 1, 8).close(),
        openImages: () => backend.openImageStore(file, new Float64Array()).close(),
        session: async () => (await backend.createSession({ ...OPTIONS, cacheShared: folder })).close(),
      };
      if (backend.capabilities.sharedStores) {
        expect(calls.create).not.toThrow();
        expect(calls.openCrops).toThrow('No such file or directory');
        expect(calls.openImages).toThrow('No such file or directory');
        await expect(calls.session()).resolves.toBeUndefined();
      } else {
        for (const call of Object.values(calls)) {
          await expect(Promise.resolve().then(call)).rejects.toMatchObject({
            code: 'NATIVE_ERROR',
            message: expect.stringMatching(/share/),
          });
        }
      }
      expect(fs.readdirSync(folder)).toEqual([]);
      fs.rmdirSync(folder);
    });

    test('crops in a file that is gone from its folder', async () => {
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'resnet-ft-store-'));
      const store = backend.createCropStore(3, 16, path.join(folder, 'crops'));
      await store.put(2, madeImage(16, 16), 16);
      expect(Buffer.compare(store.get(2), madeImage(16, 16).data)).toBe(0);
      expect(fs.readdirSync(folder)).toEqual([]);
      store.close();
      fs.rmdirSync(folder);
    });

    describePasses(() => backend);

    test('samples may be any crops of the store, in any order', async () => {
      const store = await fillStore(backend, CROP);
      const indices = Int32Array.of(7, 2, 5);
      const whole = await withSession(backend, {}, (one) =>
        one.evaluate({ store, targets: TARGETS, batchSize: 8 }, ignore),
      );
      await withSession(backend, {}, async (session) => {
        const some = { store, targets: indices.map((index) => TARGETS[index] ?? 0), indices };
        const { logits } = await session.evaluate({ ...some, batchSize: 8 }, ignore);
        const rows = Array.from(indices, (i) => Array.from(whole.logits.subarray(2 * i, 2 * i + 2))).flat();
        expect(difference(logits, rows)).toBeLessThan(1e-5);
        const pass = { ...some, batchSize: 2, epoch: 1, ...rates(0.01, 2) };
        expect(await session.trainEpoch(pass, ignore)).toMatchObject({ images: 3 });
        const outside = { ...some, indices: Int32Array.of(7, 2, 8), batchSize: 1 };
        await expect(async () => session.evaluate(outside, ignore)).rejects.toThrow(
          'indices[2] is beyond the crops: 8 of 8',
        );
      });
      store.close();
    });

    test('features of crops of one size are not those of crops of another', async () => {
      const [small, large] = [await fillStore(backend, CROP, 2), await fillStore(backend, 2 * CROP, 2)];
      await withSession(backend, { trainFrom: 'layer4' }, async (session) => {
        const logits = async (store: CropStore): Promise<number[]> => {
          const pass = { store, targets: TARGETS.slice(0, 2), batchSize: 2 };
          return [...(await session.evaluate(pass, ignore)).logits];
        };
        const first = [await logits(small), await logits(large)];
        // Now the features of both are kept.
        expect([await logits(small), await logits(large)]).toEqual(first);
      });
      small.close();
      large.close();
    });

    test('what becomes of the arrays of a pass once it has been begun does not matter to it', async () => {
      const store = await fillStore(backend, CROP);
      const figures = (spoils: boolean): Promise<unknown> =>
        withSession(backend, { momentum: 0.5 }, async (session) => {
          const losses: number[] = [];
          const samples = { store, targets: TARGETS.slice(), indices: Int32Array.of(7, 6, 5, 4, 3, 2, 1, 0) };
          const pass = {
            ...samples,
            batchSize: 3,
            epoch: 1,
            ...rates(0.05, 3),
            momenta: new Float64Array(3).fill(0.9),
          };
          const spoil = (): void => {
            for (const array of [samples.targets, samples.indices, pass.learningRates, pass.momenta]) {
              if (spoils) array.fill(99);
            }
          };
          const running = session.trainEpoch(pass, ({ loss }) => losses.push(loss));
          spoil();
          await running;
          const other = { store, targets: TARGETS.slice(), indices: samples.indices.map((_, i) => i) };
          const evaluating = session.evaluate({ ...other, batchSize: 3 }, ignore);
          if (spoils) for (const array of [other.targets, other.indices]) array.fill(99);
          return [losses, await evaluating];
        });
      expect(await figures(true)).toEqual(await figures(false));
      store.close();
    });

    test('what becomes of bytes that are not lent once a call has returned does not matter to it', async () => {
      const image = madeImage(50, 40);
      const { data } = await backend.resizeCrop(image, { resize: 30, crop: 24 });
      const store = backend.createCropStore(1, 24);
      const crops = [store.putAndGet(0, image, 30), backend.resizeCrop(image, { resize: 30, crop: 24 })];
      image.data.fill(0);
      const made = await Promise.all(crops);
      expect(made.map((crop) => sha256('data' in crop ? crop.data : crop))).toEqual([sha256(data), sha256(data)]);
      store.close();

      const tensors = await weightsOf(backend, { seed: 4 });
      const sums = (of: NamedTensor[]): string[] => of.map((tensor) => sha256(tensor.data));
      const given = (): NamedTensor[] => tensors.map((tensor) => ({ ...tensor, data: tensor.data.slice() }));
      const spoil = (...lists: NamedTensor[][]): void => {
        for (const tensor of lists.flat()) tensor.data.fill(1);
      };
      const pass = { store: await fillStore(backend, CROP, 2), count: 2, batchSize: 1, features: false };
      const logits: number[][] = [];
      for (const spoils of [false, true]) {
        const own = given();
        const making = backend.createModel(MODEL, own);
        if (spoils) spoil(own);
        const model = await making;
        logits.push([...(await model.run(pass, ignore)).logits]);
        await model.close();
      }
      expect(logits[1]).toEqual(logits[0]);
      await withSession(backend, { ema: 0.5 }, async (session) => {
        const own = given();
        const loading = session.loadStateDict(own);
        spoil(own);
        await loading;
        expect(sums(await session.stateDict())).toEqual(sums(tensors));
        const samples = { store: pass.store, targets: Int32Array.of(0, 1), batchSize: 1, epoch: 1 };
        await session.trainEpoch({ ...samples, ...rates(0.1, 2), keepFrom: 1 }, ignore);
        const [state, expected] = [await session.state(), await session.state()];
        const restoring = session.restore(state);
        spoil(state.model, state.optimizer, state.ema, state.kept?.tensors ?? []);
        state.generator?.words.fill(1);
        await restoring;
        // By hashes: jest takes minutes for so many bytes.
        const shown = (part: unknown): unknown => {
          if (ArrayBuffer.isView(part)) return sha256(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
          if (Array.isArray(part)) return part.map(shown);
          if (typeof part !== 'object' || part === null) return part;
          return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, shown(value)]));
        };
        expect(shown(await session.state())).toEqual(shown(expected));
      });
      pass.store.close();
    });

    test('weights of any type are converted to that of the model', async () => {
      const arrays: Partial<Record<NamedTensor['dtype'], ArrayBufferView<ArrayBuffer>>> = {
        ...{ F32: Float32Array.of(3, -2), F64: Float64Array.of(3, -2), I64: BigInt64Array.of(3n, -2n) },
        ...{ I32: Int32Array.of(3, -2), I16: Int16Array.of(3, -2), I8: Int8Array.of(3, -2) },
        ...{ U8: Uint8Array.of(3, 1), BOOL: Uint8Array.of(1, 0) },
      };
      const made = Object.entries(arrays).map(([dtype, { buffer }]) => {
        const data = new Uint8Array(buffer);
        return { name: 'fc.bias', dtype: dtype as NamedTensor['dtype'], shape: [2], data };
      });
      const isBias = ({ name }: NamedTensor): boolean => name === 'fc.bias';
      await withSession(backend, {}, async (session) => {
        const biases: number[][] = [];
        for (const bias of made) {
          await session.loadStateDict([bias]);
          biases.push([...floats((await session.stateDict()).find(isBias) as NamedTensor)]);
        }
        expect(biases).toEqual([...new Array<number[]>(6).fill([3, -2]), [3, 1], [1, 0]]);
      });
      const others = (await weightsOf(backend)).filter((tensor) => !isBias(tensor));
      const store = await fillStore(backend, CROP, 1);
      const logits: number[][] = [];
      for (const bias of made.filter(({ dtype }) => dtype === 'F32' || dtype === 'I64')) {
        const model = await backend.createModel(MODEL, [...others, bias]);
        logits.push([...(await model.run({ store, count: 1, batchSize: 1, features: false }, ignore)).logits]);
        await model.close();
      }
      expect(logits[1]).toEqual(logits[0]);
      store.close();
    });

    test('features are those of the weights that a call has left which failed', async () => {
      const store = await fillStore(backend, CROP, 2);
      const samples = { store, targets: Int32Array.of(0, 1), batchSize: 2 };
      const [conv1] = await weightsOf(backend, { seed: 4 });
      const changed = [conv1 as NamedTensor];
      const logits = await withSession(backend, {}, async (session) => {
        await session.evaluate(samples, ignore);
        const unknown = { name: 'none', dtype: 'F32' as const, shape: [1], data: new Uint8Array(4) };
        await expect(session.loadStateDict([...changed, unknown])).rejects.toThrow('the model has no tensor none');
        return (await session.evaluate(samples, ignore)).logits;
      });
      const expected = await withSession(backend, {}, async (session) => {
        await session.loadStateDict(changed);
        return (await session.evaluate(samples, ignore)).logits;
      });
      expect([...logits]).toEqual([...expected]);
      store.close();
    });

    describe.each(ways.draws)('with draws of %s, a session that is given the state of another', (draws) => {
      const pass = (store: CropStore, epoch: number, steps: number): TrainEpochOptions => ({
        ...{ store, targets: TARGETS, batchSize: 3, epoch },
        ...{ ...rates(0.05, steps), keepFrom: 1 },
      });

      test.each<[string, number, number]>([
        ['in the middle of one', 1, 2],
        ...slowRows<[string, number, number]>(['after an epoch', 3, 0], ['before any step', 0, 3]),
      ])('%s goes on to the bit', async (_when, before, after) => {
        const store = await fillStore(backend, CROP);
        const changes = { draws, momentum: 0.9 } as const;
        const goOn = async (session: TrainingSession): Promise<unknown> => {
          const losses: number[] = [];
          const note = ({ loss }: StepEvent): void => void losses.push(loss);
          if (after > 0) await session.trainEpoch(pass(store, 1, after), note);
          const result = await session.trainEpoch(pass(store, 2, 3), note);
          await session.useKept();
          const kept = (await session.stateDict()).map(({ data }) => sha256(data));
          const { position } = await session.state();
          return { losses, result, position, kept, next: session.draws(3, 8) };
        };
        const [expected, state] = await withSession(backend, changes, async (session) => {
          if (before > 0) await session.trainEpoch(pass(store, 1, before), ignore);
          const copy = await session.state();
          return [await goOn(session), copy];
        });
        const made = await withSession(backend, changes, async (session) => {
          // What it did itself before does not matter.
          await session.trainEpoch(pass(store, 1, 1), ignore);
          await session.restore(state);
          return goOn(session);
        });
        expect(made).toEqual(expected);
        store.close();
      });
    });

    test('a state that does not fit is refused', async () => {
      const state = await withSession(backend, {}, (session) => session.state());
      const tensor = { name: 'fc.bias.momentum', dtype: 'F32' as const, shape: [2], data: new Uint8Array(8) };
      const wrong: [object, object, string][] = [
        [{}, { model: state.model.slice(1) }, 'every tensor'],
        [{}, { generator: null }, 'random numbers'],
        [{ draws: 'counter' }, {}, 'random numbers'],
        [{}, { optimizer: [tensor] }, 'lacks fc.weight.momentum'],
        [{ network: buildNetwork('resnet18', 3) }, {}, 'the shape of fc.weight does not match'],
      ];
      for (const [changes, change, message] of wrong) {
        await withSession(backend, changes, async (session) => {
          await expect(session.restore({ ...state, ...change })).rejects.toThrow(message);
        });
      }
    });

    test('each parameter group has a learning rate of its own', async () => {
      const store = await fillStore(backend, CROP);
      const groups = { parameterGroups: [{ from: 'layer4' }, { from: 'fc' }] } as const;
      const after = (learningRates: number[]): Promise<Map<string, string>> =>
        withSession(backend, groups, async (session) => {
          const options = { store, targets: TARGETS, batchSize: 8, epoch: 1, keepFrom: 0 };
          await session.trainEpoch({ ...options, learningRates: Float64Array.from(learningRates) }, ignore);
          return new Map((await session.stateDict()).map(({ name, data }) => [name, sha256(data)]));
        });
      const [none, head, both] = [await after([0, 0]), await after([0, 0.1]), await after([0.1, 0.1])];
      const changed = (one: Map<string, string>): string[] =>
        [...one].filter(([name, hash]) => none.get(name) !== hash).map(([name]) => name);
      expect(changed(head)).toEqual(['fc.weight', 'fc.bias']);
      expect(changed(both)).toContain('layer4.1.conv2.weight');
      expect(changed(both).every((name) => /^(layer4|fc)/.test(name))).toBe(true);
      store.close();
    });

    test('what a callback throws ends the pass, and is what the promise rejects with', async () => {
      const store = await fillStore(backend, CROP);
      await withSession(backend, {}, async (session) => {
        const options = { store, targets: TARGETS, batchSize: 1 };
        const fail = (): never => {
          throw new RangeError('meant');
        };
        await expect(session.evaluate(options, fail)).rejects.toThrow(new RangeError('meant'));
        expect(await session.evaluate(options, ignore)).toMatchObject({ images: 8, cancelled: false });
      });
      store.close();
    });

    test('fp32-strict is what fp32 is on a CPU, to the bit', async () => {
      const store = await fillStore(backend, CROP);
      const figures = (precision: 'fp32' | 'fp32-strict'): Promise<unknown> =>
        withSession(backend, { device: 'cpu', precision, trainFrom: 'fc' }, async (session) => {
          const pass = { store, targets: TARGETS, batchSize: 3, epoch: 1, ...rates(0.01, 2) };
          const { loss } = await session.trainEpoch(pass, ignore);
          const { logits } = await session.evaluate({ store, targets: TARGETS, batchSize: 8 }, ignore);
          const tensors = await session.stateDict();
          const model = await backend.createModel({ ...MODEL, device: 'cpu', precision }, tensors);
          const ran = await model.run({ store, count: 8, batchSize: 8, features: false }, ignore);
          await model.close();
          return { loss, logits: Array.from(logits), ran: Array.from(ran.logits) };
        });
      expect(backend.capabilities.precisions).toContain('fp32-strict');
      expect(await figures('fp32-strict')).toEqual(await figures('fp32'));
      store.close();
    });

    test('two sessions and a model at the same time do not disturb each other', async () => {
      const store = await fillStore(backend, CROP);
      const losses = (): Promise<number[]> =>
        withSession(backend, {}, async (session) => {
          const seen: number[] = [];
          const pass = { store, targets: TARGETS, batchSize: 3, epoch: 1, ...rates(0.05, 3) };
          await session.trainEpoch(pass, ({ loss }) => seen.push(loss));
          return seen;
        });
      const model = await backend.createModel(MODEL, await weightsOf(backend));
      const run = () => model.run({ store, count: 8, batchSize: 2, features: false }, ignore);
      const [alone, logits] = [await losses(), (await run()).logits];
      const [one, two, ran] = await Promise.all([losses(), losses(), run()]);
      expect(one).toEqual(alone);
      expect(two).toEqual(alone);
      expect(Array.from(ran.logits)).toEqual(Array.from(logits));
      await model.close();
      store.close();
    });
  });
}
