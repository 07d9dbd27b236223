import fs from 'node:fs';
import path from 'node:path';
import { loadAddon } from '../../lib/backend/native/load';
import type { TrainingSession, SessionOptions } from '../../lib/backend/types';
import { buildNetwork } from '../../lib/network/architecture';
import { SESSION } from '../made-weights';

const reference = process.env.RESNET_FT_TEST_REFERENCE;
const withReference = reference === undefined ? describe.skip : describe;
const readReference = <T>(name: string): T =>
  JSON.parse(fs.readFileSync(path.join(reference ?? '', name), 'utf8')) as T;

withReference("random numbers equal torch's", () => {
  let session: TrainingSession;
  beforeAll(async () => {
    session = await loadAddon().createSession(SESSION);
  });
  afterAll(() => session.close());

  test('order and flips of three epochs', () => {
    interface Order {
      n: number;
      epochs: { order: number[]; flips: number[] }[];
    }
    const { n, epochs } = readReference<Order>('order.json');
    expect(epochs).toHaveLength(3);
    for (const [i, epoch] of epochs.entries()) {
      const { order, flips } = session.draws(i + 1, n);
      expect(Array.from(order)).toEqual(epoch.order);
      expect(Array.from(flips)).toEqual(epoch.flips);
    }
  });

  test('initial weights, under names and in the order of torchvision', async () => {
    const { init_sums: sums } = readReference<{ init_sums: Record<string, [number, number]> }>('train_full.json');
    const tensors = await session.stateDict();
    expect(tensors.map((tensor) => tensor.name)).toEqual(Object.keys(sums));
    for (const { name, dtype, data } of tensors) {
      const [expected, absolute] = sums[name] ?? [NaN, NaN];
      if (dtype !== 'F32') {
        expect(dtype).toBe('I64');
        expect(data.every((byte) => byte === 0)).toBe(true);
        continue;
      }
      const values = new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4);
      const sum = values.reduce((total, value) => total + value, 0);
      expect(Math.abs(sum - expected)).toBeLessThanOrEqual(1e-6 * absolute);
    }
  });
});

describe('a session', () => {
  test('draws the same numbers whatever other sessions draw', async () => {
    const addon = loadAddon();
    const small: SessionOptions = { ...SESSION, network: buildNetwork('resnet18', 2) };
    const [one, two] = await Promise.all([addon.createSession(small), addon.createSession(small)]);
    expect(one.draws(1, 50)).toEqual(two.draws(1, 50));
    expect(one.draws(3, 50)).toEqual(two.draws(3, 50));
    await Promise.all([one.close(), two.close()]);
  });

  test('refuses what does not fit with a coded error, and every call after close', async () => {
    const session = await loadAddon().createSession({ ...SESSION, network: buildNetwork('resnet18', 2) });
    const wrong = { name: 'fc.bias', dtype: 'F32' as const, shape: [3], data: new Uint8Array(12) };
    await expect(session.loadStateDict([wrong])).rejects.toMatchObject({ code: 'NATIVE_ERROR' });
    await session.close();
    expect(() => session.draws(1, 3)).toThrow('closed');
  });
});
