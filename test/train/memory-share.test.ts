import { bytesOf } from '../../lib/options/size';
import { resolveTrainOptions } from '../../lib/options';
import { cropStorage } from '../../lib/train/crop-storage';
import { featureMemory, type FeatureTrainer } from '../../lib/train/feature-room';
import type { RunFolder } from '../../lib/train/run-folder';

const GIB = 2 ** 30;

jest.mock('../../lib/machine/cgroup', () => ({ availableMemory: () => 8 * 2 ** 30 }));

// As Node.js counts in a container that has just read its data set.
beforeEach(() => void jest.spyOn(process, 'availableMemory').mockReturnValue(1000));
afterEach(() => jest.restoreAllMocks());

const trainer = {
  recipe: { augment: [] },
  backend: { capabilities: { keptFeatures: [] } },
} as unknown as FeatureTrainer;
const folder = { path: '/runs/one' } as RunFolder;

test('crops and features get their share of memory also where the system keeps files in all of it', () => {
  expect(featureMemory({ cacheMemory: undefined }, trainer)).toBe(4 * GIB);
  expect(featureMemory({ cacheMemory: '1GB' }, trainer)).toBe(bytesOf('1GB'));
  // More than can be counted to the byte is all that there is.
  expect(featureMemory({ cacheMemory: '10000TB' }, trainer)).toBe(Number.MAX_SAFE_INTEGER);
  const options = resolveTrainOptions({ data: 'photos', trainFrom: 'fc', cacheDir: 'crops' });
  expect(cropStorage(options, folder, 2 * GIB, 0, 3 * GIB)).toMatchObject({ memory: 3 * GIB, reserve: 0 });
});
