import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { loadAddon } from '../../lib/backend/native/load';
import { makeCrops } from '../../lib/data/crops';
import { openDataset } from '../../lib/data/dataset';
import { scanImageFolder } from '../../lib/data/image-folder';
import { loadImage } from '../../lib/data/load-image';
import { sha256 } from '../backend/sessions';

const data = process.env.RESNET_FT_TEST_DATA;
const reference = process.env.RESNET_FT_TEST_REFERENCE;
const maybe = data !== undefined && reference !== undefined ? describe : describe.skip;

interface Expected {
  class: number;
  resize256: string;
  resize232: string;
}

maybe('crops equal those of torchvision and Pillow (RESNET_FT_TEST_DATA, RESNET_FT_TEST_REFERENCE)', () => {
  const folder = data ?? '';
  const expected = (): Record<string, Expected> =>
    JSON.parse(readFileSync(path.join(reference ?? '', 'crops.json'), 'utf8')) as Record<string, Expected>;

  test.each([256, 232] as const)('resize %i, crop 224, all images', async (resize) => {
    const want = expected();
    const { train, val } = await openDataset({ data: folder, seed: 0 });
    const samples = [...train, ...val];
    const { store, kept } = await makeCrops({
      backend: loadAddon(),
      samples,
      resize,
      crop: 224,
      skipUnreadable: false,
    });
    const got = kept.map(({ file, target }, i) => [
      path.relative(folder, file).split(path.sep).join('/'),
      { class: target, sha: sha256(store.get(i)) },
    ]);
    store.close();
    expect(Object.fromEntries(got)).toEqual(
      Object.fromEntries(
        Object.entries(want).map(([name, value]) => [name, { class: value.class, sha: value[`resize${resize}`] }]),
      ),
    );
  });

  test('loadImage gives the same bytes', async () => {
    const [name, value] = Object.entries(expected())[0] as [string, Expected];
    const image = await loadImage(path.join(folder, name), { resize: 256, crop: 224 });
    expect([image.width, image.height, sha256(image.data)]).toEqual([224, 224, value.resize256]);
  });

  test('unreadable images: all named, or skipped, and the others stay at their indices', async () => {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'resnet-ft-crops-'));
    try {
      const names = Object.keys(expected()).slice(0, 3);
      mkdirSync(path.join(dir, 'a'));
      names.forEach((name, i) => copyFileSync(path.join(folder, name), path.join(dir, 'a', `${i * 2 + 1}.jpg`)));
      for (const bad of ['0.jpg', '2.jpg']) writeFileSync(path.join(dir, 'a', bad), 'text');
      const { samples } = await scanImageFolder(dir);
      const options = { backend: loadAddon(), samples, resize: 256, crop: 224 };
      await expect(makeCrops({ ...options, skipUnreadable: false })).rejects.toMatchObject({
        code: 'IMAGE_UNREADABLE',
        message: expect.stringMatching(/0\.jpg: .*2\.jpg: /),
        hint: expect.stringContaining('--skip-unreadable'),
      });
      const { store, kept, indices, unreadable } = await makeCrops({ ...options, skipUnreadable: true });
      expect(unreadable.map(({ file }) => path.basename(file))).toEqual(['0.jpg', '2.jpg']);
      expect(kept.map(({ file }) => path.basename(file))).toEqual(['1.jpg', '3.jpg', '5.jpg']);
      const want = expected();
      expect([...indices]).toEqual([1, 3, 4]);
      expect([...indices].map((i) => sha256(store.get(i)))).toEqual(names.map((name) => want[name]?.resize256));
      store.close();

      const onlyBad = samples.filter(({ file }) => /[02]\.jpg$/.test(file));
      await expect(makeCrops({ ...options, samples: onlyBad, skipUnreadable: true })).rejects.toMatchObject({
        code: 'DATA_INVALID',
        message: expect.stringContaining('a'),
      });
      await expect(makeCrops({ ...options, skipUnreadable: true, signal: AbortSignal.abort() })).rejects.toMatchObject({
        code: 'ABORTED',
      });
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
