import type { Backend, RunResult, TrainingSession, ValidationResult } from '../../lib/backend/types';
import type { NamedTensor } from '../../lib/weights/state-dict';
import { rates } from '../made-weights';
import { fillStore, MODEL, OPTIONS, TARGETS } from './images';
import { sha256, weightsOf, withSession } from './sessions';

const CROP = 32;
/** Of passes that are stopped by what their first event does: it must come before their end, also to a thread that has to wait for a core. */
const STOPPED_CROP = 160;
const ignore = (): void => {};

/** What every backend must do of passes that are begun at the same time, or stopped. */
export function describePasses(backend: () => Backend): void {
  describe('passes', () => {
    test('cancel stops the pass of a model, and the next one runs; close stops it too, and ends all', async () => {
      const model = await backend().createModel(MODEL, await weightsOf(backend()));
      const store = await fillStore(backend(), STOPPED_CROP);
      const options = { store, count: 8, batchSize: 1, features: false };
      const cancelled = await model.run(options, () => model.cancel());
      expect(cancelled.cancelled).toBe(true);
      expect(cancelled.images).toBeLessThan(8);
      expect(cancelled.logits).toHaveLength(cancelled.images * 2);
      expect(await model.run(options, ignore)).toMatchObject({ cancelled: false, images: 8 });

      let closed: Promise<void> | undefined;
      const running = model.run(options, () => void (closed ??= model.close()));
      // The pass holds the crops, whatever the owner of the store does.
      store.close();
      expect(await running).toMatchObject({ cancelled: true });
      await closed;
      await model.close();
      expect(() => model.run(options, ignore)).toThrow('the model is closed');
    });

    test('an epoch goes on where a pass was stopped; cancel and close end the pass of a session', async () => {
      const store = await fillStore(backend(), STOPPED_CROP);
      const session = await backend().createSession(OPTIONS);
      const pass = { store, targets: TARGETS, batchSize: 1, epoch: 1 };
      const two = await session.trainEpoch({ ...pass, ...rates(0.01, 2) }, ignore);
      expect(two).toMatchObject({ steps: 2, images: 2, cancelled: false });
      const steps: number[] = [];
      const stopped = await session.trainEpoch({ ...pass, ...rates(0.01, 6) }, ({ step }) => {
        steps.push(step);
        session.cancel();
      });
      expect(stopped.cancelled).toBe(true);
      expect(stopped.images).toBeLessThan(8);
      const left = 8 - stopped.images;
      const rest = await session.trainEpoch({ ...pass, ...rates(0.01, left) }, ({ step }) => steps.push(step));
      expect(rest).toMatchObject({ steps: left, images: 8, cancelled: false });
      expect(steps).toEqual([3, 4, 5, 6, 7, 8]);
      await expect(session.trainEpoch({ ...pass, ...rates(0.01, 1) }, ignore)).rejects.toThrow('epoch 1 has passed');
      const evaluation = session.evaluate({ store, targets: TARGETS, batchSize: 1 }, () => session.cancel());
      expect(await evaluation).toMatchObject({ cancelled: true });

      let closed: Promise<void> | undefined;
      const running = session.trainEpoch(
        { ...pass, epoch: 2, ...rates(0.01, 8) },
        () => void (closed ??= session.close()),
      );
      store.close();
      expect(await running).toMatchObject({ cancelled: true });
      await closed;
      expect(() => session.draws(1, 3)).toThrow('the session is closed');
    });

    test('a pass that is begun takes back no cancel of those before it', async () => {
      const store = await fillStore(backend(), STOPPED_CROP);
      await withSession(backend(), {}, async (session) => {
        let next: Promise<ValidationResult> | undefined;
        const pass = { store, targets: TARGETS, batchSize: 1, epoch: 1, ...rates(0.01, 8) };
        const stopped = await session.trainEpoch(pass, () => {
          if (next !== undefined) return;
          session.cancel();
          next = session.evaluate({ store, targets: TARGETS, batchSize: 4 }, ignore);
        });
        expect([stopped.cancelled, stopped.images < 8]).toEqual([true, true]);
        expect(await next).toMatchObject({ cancelled: false, images: 8 });
      });
      const model = await backend().createModel(MODEL, await weightsOf(backend()));
      const options = { store, count: 8, batchSize: 1, features: false };
      let next: Promise<RunResult> | undefined;
      const stopped = await model.run(options, () => {
        if (next !== undefined) return;
        model.cancel();
        next = model.run(options, ignore);
      });
      expect([stopped.cancelled, stopped.images < 8]).toEqual([true, true]);
      expect(await next).toMatchObject({ cancelled: false, images: 8 });
      await model.close();
      store.close();
    });

    test('a cancel stops the passes that wait too', async () => {
      const store = await fillStore(backend(), STOPPED_CROP);
      await withSession(backend(), {}, async (session) => {
        const pass = { store, targets: TARGETS, batchSize: 1, epoch: 1, ...rates(0.01, 8) };
        const running = session.trainEpoch(pass, () => session.cancel());
        const waiting = session.evaluate({ store, targets: TARGETS, batchSize: 1 }, ignore);
        expect(await running).toMatchObject({ cancelled: true });
        expect(await waiting).toMatchObject({ cancelled: true, images: 0 });
      });
      store.close();
    });

    test('passes run in the order in which they are begun', async () => {
      const store = await fillStore(backend(), CROP);
      const epochs = [1, 2, 3, 4, 5, 6];
      const sums = (of: NamedTensor[]): string[] => of.map((tensor) => sha256(tensor.data));
      const pass = { store, targets: TARGETS, batchSize: 8 };
      const train = (session: TrainingSession, epoch: number): Promise<unknown> =>
        session.trainEpoch({ ...pass, ...rates(0.01, 1), epoch }, ignore);
      const inTurn = await withSession(backend(), {}, async (session) => {
        const results = [];
        for (const epoch of epochs) {
          await train(session, epoch);
          results.push(await session.evaluate(pass, ignore));
        }
        return { results, weights: sums(await session.stateDict()) };
      });
      await withSession(backend(), {}, async (session) => {
        const begun = epochs.map((epoch) => [train(session, epoch), session.evaluate(pass, ignore)] as const);
        const weights = session.stateDict();
        expect(await Promise.all(begun.map(([, evaluated]) => evaluated))).toEqual(inTurn.results);
        expect(sums(await weights)).toEqual(inTurn.weights);
      });
      store.close();
    });

    test('draws are told while a pass runs, without waiting for it, and are what it does', async () => {
      const store = await fillStore(backend(), STOPPED_CROP);
      const expected = await withSession(backend(), {}, async (one) => [one.draws(1, 8), one.draws(2, 8)]);
      await withSession(backend(), {}, async (session) => {
        const told = [session.draws(1, 8)];
        const pass = { store, targets: TARGETS, batchSize: 1, epoch: 1, ...rates(0.01, 8) };
        const { cancelled } = await session.trainEpoch(pass, () => {
          told.push(session.draws(2, 8));
          // Too late where the draws waited for the end of the pass.
          session.cancel();
        });
        expect(cancelled).toBe(true);
        expect(told.slice(0, 2)).toEqual(expected);
      });
      store.close();
    });
  });
}
