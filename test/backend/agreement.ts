import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Backend, StepEvent } from '../../lib/backend/types';
import { buildNetwork } from '../../lib/network/architecture';
import type { NamedTensor } from '../../lib/weights/state-dict';
import { sha256, weightsOf, withSession } from './sessions';
import { difference, fillStore, floats, madeImage, MODEL, TARGETS } from './images';
import { rates, type SessionChanges } from '../made-weights';
import { slowRows } from '../slow';
import { mistakes } from './mistakes';

const CROP = 64;
const ignore = (): void => {};

/**
 * What two backends must do alike.
 *
 * @param draws with which each goes on from the other's states
 */
export function describeAgreement(
  names: string,
  open: () => Promise<[Backend, Backend]>,
  draws: readonly ('torch' | 'counter')[],
): void {
  describe(`backends ${names} agree on`, () => {
    let backends: [Backend, Backend];
    beforeAll(async () => {
      backends = await open();
    });

    /** What both make of the same work. */
    async function both<T>(work: (one: Backend) => Promise<T>): Promise<[T, T]> {
      return [await work(backends[0]), await work(backends[1])];
    }

    test('crops of every shape: enlarged, shrunk, padded, odd, or as they are', async () => {
      const shapes = [
        [1, 1],
        [3, 7],
        [64, 64],
        [65, 64],
        [37, 200],
        [201, 50],
      ] as const;
      const geometries = [
        [0, 0],
        [64, 0],
        [0, 64],
        [64, 64],
        [73, 64],
        [31, 64],
        [64, 31],
      ] as const;
      for (const [width, height] of shapes) {
        for (const [resize, crop] of geometries) {
          const [made, expected] = await both((one) => one.resizeCrop(madeImage(width, height), { resize, crop }));
          const what = [width, height, resize, crop];
          expect([what, made.width, made.height]).toEqual([what, expected.width, expected.height]);
          expect([what, sha256(made.data)]).toEqual([what, sha256(expected.data)]);
        }
      }
    });

    test.each([0, Number.MAX_SAFE_INTEGER])('initial weights, order and flips of seed %d', async (seed) => {
      const [made, expected] = await both((one) =>
        withSession(one, { seed, network: buildNetwork('resnet18', 5) }, async (session) => {
          const told = [session.draws(1, 700), session.draws(2, 1), session.draws(4, 10)];
          return { told, tensors: await session.stateDict() };
        }),
      );
      expect(made.told).toEqual(expected.told);
      const kind = ({ name, dtype, shape }: NamedTensor): unknown => [name, dtype, shape];
      expect(made.tensors.map(kind)).toEqual(expected.tensors.map(kind));
      for (const [i, tensor] of made.tensors.entries()) {
        const other = expected.tensors[i] as NamedTensor;
        // Convolutions are drawn through logarithms and sines, whose last bits differ.
        const alike =
          tensor.shape.length === 4
            ? difference(floats(tensor), floats(other)) < 1e-6
            : Buffer.compare(tensor.data, other.data) === 0;
        expect([tensor.name, alike]).toEqual([tensor.name, true]);
      }
    });

    test.each([0, 5, 2 ** 32 + 7, Number.MAX_SAFE_INTEGER])('draws that are counted, of seed %d', async (seed) => {
      const changes = { seed, draws: 'counter', augment: [{ kind: 'horizontal-flip', probability: 0.25 }] } as const;
      const [made, expected] = await both((one) =>
        withSession(one, changes, async (session) => [1, 2, 2 ** 31 - 1].map((epoch) => session.draws(epoch, 700))),
      );
      expect(made).toEqual(expected);
      const flips = made.map((draws) => draws.flips.reduce((sum, flip) => sum + flip, 0) / 700);
      for (const share of flips) expect(Math.abs(share - 0.25)).toBeLessThan(0.06);
      for (const { order } of made) {
        expect(Array.from(order).sort((a, b) => a - b)).toEqual(Array.from(order, (_, i) => i));
      }
      expect(made[0]?.order).not.toEqual(made[1]?.order);
    });

    test.each(draws)("each other's states, with draws of %s", async (drawn) => {
      const changes = { draws: drawn, momentum: 0.9, trainFrom: 'layer4' } as const;
      const pass = { targets: TARGETS, batchSize: 8, ...rates(0.01, 1) };
      const [made, expected] = await Promise.all(
        [backends, [...backends].reverse()].map(async ([first, second]) => {
          const [from, to] = [first as Backend, second as Backend];
          const stores = [await fillStore(from, CROP), await fillStore(to, CROP)] as const;
          const state = await withSession(from, changes, async (session) => {
            await session.trainEpoch({ ...pass, store: stores[0], epoch: 1, keepFrom: 1 }, ignore);
            return session.state();
          });
          return withSession(to, changes, async (session) => {
            await session.restore(state);
            const { loss } = await session.trainEpoch({ ...pass, store: stores[1], epoch: 2 }, ignore);
            const next = session.draws(3, 8);
            const { optimizer, kept } = await session.state();
            return { loss, next, optimizer: optimizer.map(({ name, shape }) => [name, shape]), kept: kept?.loss };
          });
        }),
      );
      expect(made?.next).toEqual(expected?.next);
      expect(made?.optimizer).toEqual(expected?.optimizer);
      expect(made?.loss).toBeCloseTo(expected?.loss ?? NaN, 3);
      expect(made?.kept).toBeCloseTo(expected?.kept ?? NaN, 3);
    });

    test('logits and features of ants and bees, whatever the batch', async () => {
      const tensors = await weightsOf(backends[1]);
      const [made, expected] = await both(async (one) => {
        const store = await fillStore(one, 224);
        const model = await one.createModel(MODEL, tensors);
        const batches: number[] = [];
        const whole = await model.run({ store, count: 8, batchSize: 3, features: true }, (images) =>
          batches.push(images),
        );
        const part = await model.run({ store, count: 5, batchSize: 64, features: false }, ignore);
        store.close();
        await model.close();
        return { whole, part, batches };
      });
      expect(difference(made.whole.logits, expected.whole.logits)).toBeLessThan(1e-3);
      expect(difference(made.whole.features, expected.whole.features)).toBeLessThan(1e-3);
      expect(difference(made.part.logits, made.whole.logits.slice(0, 10))).toBeLessThan(1e-3);
      expect([made.batches, expected.batches]).toEqual([
        [3, 3, 2],
        [3, 3, 2],
      ]);
      expect(made.part).toMatchObject({ images: 5, cancelled: false });
      expect([made.part.features.length, made.whole.features.length]).toEqual([0, 8 * 512]);
    });

    const train = async (one: Backend, changes: SessionChanges) => {
      const store = await fillStore(one, CROP);
      return withSession(one, changes, async (session) => {
        const steps: StepEvent[] = [];
        const epochs = [];
        for (let epoch = 1; epoch <= 4; epoch++) {
          const keepFrom = epoch === 2 ? 2 : 0;
          const pass = { store, targets: TARGETS, batchSize: 3, epoch, ...rates(0.05, 3), keepFrom };
          epochs.push(await session.trainEpoch(pass, (event) => steps.push(event)));
        }
        const evaluated = await session.evaluate({ store, targets: TARGETS, batchSize: 5 }, ignore);
        store.close();
        const [kept, last] = [await session.stateDict(true), await session.stateDict()];
        return { steps, epochs, evaluated, kept, last };
      });
    };
    type Trained = Awaited<ReturnType<typeof train>>;
    const losses = ({ steps }: Trained): number[] => steps.map(({ loss }) => loss);
    const counts = ({ steps }: Trained): unknown[] => steps.map(({ loss: _, ...rest }) => rest);
    const fc = (tensors: NamedTensor[]): Float32Array =>
      floats(tensors.find(({ name }) => name === 'fc.weight') as NamedTensor);

    // A feature at the border of two bfloat16 may go to either side.
    test.each<[string, SessionChanges, number]>([
      ...slowRows<[string, SessionChanges, number]>(['with momentum', {}, 1e-4], ['without', { momentum: 0 }, 1e-4]),
      ['with Nesterov momentum and weight decay', { momentum: 0.9, nesterov: true, weightDecay: 0.01 }, 1e-4],
      ['with features in a file, as bfloat16', { cacheMemory: 1024 * 3, cacheDisk: 1e6, cacheBf16: true }, 1e-2],
    ])('the losses of ten steps of fc %s', async (_, changes, tolerance) => {
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'resnet-ft-cache-'));
      const file = { cacheFile: path.join(folder, 'features') };
      const [made, expected] = await both((one) => train(one, { ...changes, ...file }));
      fs.rmdirSync(folder);
      expect(made.steps.length).toBeGreaterThanOrEqual(10);
      expect(difference(losses(made), losses(expected))).toBeLessThan(tolerance);
      expect(counts(made)).toEqual(counts(expected));
      expect(made.epochs.map(({ keptStep }) => keptStep)).toEqual(expected.epochs.map(({ keptStep }) => keptStep));
      expect(made.epochs[1]?.keptStep).toBeGreaterThanOrEqual(2);
      expect(difference(fc(made.last), fc(expected.last))).toBeLessThan(tolerance);
      expect(difference(fc(made.kept), fc(expected.kept))).toBeLessThan(tolerance);
      expect(difference(made.evaluated.logits, expected.evaluated.logits)).toBeLessThan(10 * tolerance);
      expect(made.evaluated).toMatchObject({ images: 8, correct: expected.evaluated.correct, cancelled: false });
      expect(Math.abs(made.evaluated.loss / expected.evaluated.loss - 1)).toBeLessThan(10 * tolerance);
    });

    const grouped = buildNetwork({ bottleneck: true, blocks: [1, 1, 1, 1], groups: 4, widthPerGroup: 16 }, 2);

    // 80 pixels: a side that is odd where a stride of two meets it.
    test.each<[string, SessionChanges]>([
      ['from conv1 on', { trainFrom: 'conv1' }],
      ['from layer3 on, of a network with groups', { trainFrom: 'layer3', network: grouped }],
      ...slowRows<[string, SessionChanges]>(
        ['from layer4 on', { trainFrom: 'layer4' }],
        ['from conv1 on, of a network with groups', { trainFrom: 'conv1', network: grouped }],
      ),
    ])('a step %s, in every tensor', async (_, changes) => {
      const [made, expected] = await both(async (one) => {
        const store = await fillStore(one, 80);
        return withSession(one, { ...changes, weightDecay: 0.01 }, async (session) => {
          const pass = { store, targets: TARGETS, batchSize: 8, epoch: 1, ...rates(0.01, 1) };
          const { loss, correct } = await session.trainEpoch(pass, ignore);
          return { loss, correct, state: await session.stateDict() };
        });
      });
      expect(made.loss / expected.loss).toBeCloseTo(1, 4);
      expect(made.correct).toBe(expected.correct);
      for (const [i, tensor] of made.state.entries()) {
        const other = expected.state[i] as NamedTensor;
        const alike =
          tensor.dtype === 'I64'
            ? Buffer.compare(tensor.data, other.data) === 0
            : // Betas begin as zeros: after one step they are the gradient itself, with the noise of float32.
              difference(floats(tensor), floats(other)) < (tensor.name.endsWith('.bias') ? 3e-2 : 1e-3);
        expect([tensor.name, alike]).toEqual([tensor.name, true]);
      }
    });

    test('what other weights change, and the features of those before', async () => {
      const other = await weightsOf(backends[1], { seed: 4 });
      const [made, expected] = await both(async (one) => {
        const store = await fillStore(one, CROP);
        return withSession(one, {}, async (session) => {
          const evaluate = () => session.evaluate({ store, targets: TARGETS, batchSize: 8 }, ignore);
          const before = await evaluate();
          await session.loadStateDict(other);
          return [before.logits, (await evaluate()).logits];
        });
      });
      for (const i of [0, 1]) expect(difference(made[i] ?? [], expected[i] ?? [])).toBeLessThan(1e-3);
      expect(difference(made[0] ?? [], made[1] ?? [])).toBeGreaterThan(0.1);
    });

    test('the errors for the same mistakes', async () => {
      const [made, expected] = await both(mistakes);
      expect(made).toEqual(expected);
      expect(made).not.toContain('no error');
    });

    test('that a batch norm needs more than one value', async () => {
      const messages = await both(async (one) => {
        const store = await fillStore(one, 32, 1);
        return withSession(one, { trainFrom: 'layer4' }, async (session) => {
          const pass = { store, targets: Int32Array.of(0), batchSize: 1, epoch: 1, ...rates(0.1, 1) };
          return session.trainEpoch(pass, ignore).then(
            () => 'no error',
            (error: { code: string; message: string }) => [error.code, error.message],
          );
        });
      });
      expect(messages[0]).toEqual(messages[1]);
      expect(messages[0]).toContain('NATIVE_ERROR');
    });
  });
}
