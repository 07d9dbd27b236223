import { judgeLabels } from '../../lib/check/labels';

test('labels whose probabilities would take gigabytes are not judged, and the reason is told', async () => {
  const [count, classes] = [50_000, 5000];
  const images = Array.from({ length: count }, (_, i) => {
    return { file: `${i}.jpg`, className: `class ${i % classes}`, folder: '/data', group: i };
  });
  const embeddings = { values: new Float32Array(count), width: 1, images: Int32Array.from(images.keys()) };
  const pause = (): Promise<void> => Promise.reject(new Error('it trains'));
  const judged = await judgeLabels(images, embeddings, { folds: 5, seed: 0 }, { onPart: () => {}, pause });
  expect(judged).toEqual({
    findings: [],
    images: count,
    accuracy: null,
    chance: 1 / classes,
    reason: expect.stringMatching(
      /^the probabilities of 50000 images for 5000 classes would take 2\.0 GB, and may take 1\.0 GB: check fewer/,
    ) as string,
  });
});
