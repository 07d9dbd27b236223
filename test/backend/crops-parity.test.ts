import fs from 'node:fs';
import path from 'node:path';
import { resizeAndCrop } from '../../lib/backend/js/resize';
import { decodeImage } from '../../lib/data/decode';
import { sha256 } from './sessions';

const data = process.env['RESNET_FT_TEST_DATA'];
const reference = process.env['RESNET_FT_TEST_REFERENCE'];

if (data && reference) {
  test('the resize in TypeScript gives the crops of torchvision and Pillow for the whole data set', async () => {
    const file = path.join(reference, 'crops.json');
    const expected = JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, Record<string, string>>;
    const made: Record<string, string> = {};
    for (const name of Object.keys(expected)) {
      const crop = await resizeAndCrop(await decodeImage(path.join(data, name)), { resize: 256, crop: 224 });
      made[name] = sha256(crop.data);
    }
    expect(made).toEqual(Object.fromEntries(Object.entries(expected).map(([name, sums]) => [name, sums['resize256']])));
  });
} else {
  test.skip('the whole data set: set RESNET_FT_TEST_DATA and RESNET_FT_TEST_REFERENCE', () => {});
}
