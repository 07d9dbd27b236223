import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { decodeImage } from '../../lib/data/decode';
import { ResnetFtError } from '../../lib/errors';
import { scratch } from '../cli/run';
import { describeWithPillow } from '../python-pillow';

interface Expected {
  width: number;
  height: number;
  sha256: string;
}

/** Kinds that Pillow reads and this package refuses, with a reason: their decoders are missing, or Pillow swaps their bytes. */
const REFUSED =
  /lab|ycbcr|saved-(lzma|zstd)|saved-jpeg-RGBA|^(planar-|tiled-|fill2-)*(float|signed)\d+-.*-be\.tif$|^planar-(tiled|fill2|gray|palette|signed|float).*-1-[bl]e\.tif$/;

describeWithPillow('odd images', (pillow) => {
  const folder = scratch();
  let expected: Record<string, Expected | null>;
  beforeAll(() => {
    const script = readFileSync(path.join(__dirname, 'odd-images.py'), 'utf8');
    expected = JSON.parse(pillow.run(script, [folder]) || '{}') as typeof expected;
  });

  test('decode to the bytes that the installed Pillow gives, or are refused with a reason', async () => {
    const wrong: string[] = [];
    let equal = 0;
    for (const [name, theirs] of Object.entries(expected)) {
      const file = path.join(folder, name);
      try {
        const { width, height, data } = await decodeImage(file);
        const sha256 = createHash('sha256').update(data).digest('hex');
        if (theirs === null) wrong.push(`${name} is decoded, but not by Pillow`);
        else if (width !== theirs.width || height !== theirs.height || sha256 !== theirs.sha256)
          wrong.push(`${name} differs`);
        else equal++;
      } catch (error) {
        if (!(error instanceof ResnetFtError && error.message.length > file.length + 5)) throw error;
        if (theirs !== null && !REFUSED.test(name)) wrong.push(`${name} is refused: ${error.message}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(equal).toBeGreaterThan(850);
  });
});
