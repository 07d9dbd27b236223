import fs from 'node:fs';
import path from 'node:path';
import { openJsBackend } from '../../lib/backend/js/backend';
import { openNativeBackend } from '../../lib/backend/native/backend';
import type { RgbImage } from '../../lib/backend/types';
import { sha256 } from '../backend/sessions';
import { scratch } from '../cli/run';
import { describeWithPillow, FOLLOWED_PILLOW } from '../python-pillow';
import { inSlowSuite } from '../slow';

const tmp = scratch();

type Case = readonly [width: number, height: number, resize: number, crop: number];

// torchvision 0.29.1, transforms/functional.py: resize (with _compute_resized_output_size) and center_crop, on Pillow's images.
const SCRIPT = `
import hashlib, json, sys
from PIL import Image, ImageOps
noise = open(sys.argv[1], 'rb').read()
for width, height, resize, crop in json.loads(open(sys.argv[2]).read()):
    size = width * height * 3
    image = Image.frombytes('RGB', (width, height), (noise * (size // len(noise) + 1))[:size])
    if resize:
        short, long = (width, height) if width <= height else (height, width)
        long = int(resize * long / short)
        new = (resize, long) if width <= height else (long, resize)
        if new != image.size:
            image = image.resize(new, Image.Resampling.BILINEAR)
    if crop:
        width, height = image.size
        if crop > width or crop > height:
            padding = [
                (crop - width) // 2 if crop > width else 0,
                (crop - height) // 2 if crop > height else 0,
                (crop - width + 1) // 2 if crop > width else 0,
                (crop - height + 1) // 2 if crop > height else 0,
            ]
            image = ImageOps.expand(image, border=tuple(padding), fill=0)
            width, height = image.size
        if (width, height) != (crop, crop):
            top = int(round((height - crop) / 2.0))
            left = int(round((width - crop) / 2.0))
            image = image.crop((left, top, left + crop, top + crop))
    print(*image.size, hashlib.sha256(image.tobytes()).hexdigest())
`;

/** A generator of its own, so that every run has the same images. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const random = generator(7);
const NOISE = Uint8Array.from({ length: 1_000_003 }, () => random(256));

/** Noise, the first bytes of which are those that the script takes. */
function image(width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let at = 0; at < data.length; at += NOISE.length)
    data.set(NOISE.subarray(0, Math.min(NOISE.length, data.length - at)), at);
  return { width, height, data };
}

/** Sizes of every kind that a resize tells apart. */
function cases(): Case[] {
  const between = (low: number, high: number): number => low + random(high - low + 1);
  const geometry = (): [number, number] =>
    [
      [256, 224],
      [232, 224],
      [256, 0],
      [31, 0],
      [224, 256],
      [64, 64],
      [1, 1],
    ][random(7)] as [number, number];
  const found: Case[] = [
    // On both sides of the rule for the order of the passes: a height that falls by twice what the width does.
    ...[511, 512, 513, 514, 520].flatMap((height): Case[] => [
      [257, height, 256, 224],
      [300, Math.round((height * 300) / 256), 256, 224],
      [height, 257, 256, 224],
    ]),
    // No more than a line of pixels, enlarged to one that only its middle is wanted of.
    ...([[1, 20_000, 32, 16], [20_000, 1, 32, 16], [2, 9_001, 40, 33], [3, 50_000, 2, 0], [50_000, 3, 2, 1]] as Case[]),
  ]; // prettier-ignore
  for (let i = 0; i < inSlowSuite(24, 8); i++) {
    found.push([between(1, 700), between(1, 700), ...geometry()]); // of any shape
    found.push([between(250, 400), between(500, 1600), ...geometry()]); // tall
    found.push([between(500, 1600), between(250, 400), ...geometry()]); // wide
    found.push([between(1, 12), between(1, 12), ...geometry()]); // tiny, enlarged
    found.push([between(1, 9), between(100, 1500), ...geometry()]); // a strip
    found.push([between(100, 1500), between(1, 9), ...geometry()]);
  }
  return found;
}

describeWithPillow('crops of Pillow', (pillow) => {
  test('the Pillow that is installed is the one that is followed', () => {
    expect(pillow.version).toBe(FOLLOWED_PILLOW);
  });

  test('both backends give its bytes, whatever the size', async () => {
    const all = cases();
    const [noise, list] = ['noise', 'cases.json'].map((name) => path.join(tmp, name)) as [string, string];
    fs.writeFileSync(noise, NOISE);
    fs.writeFileSync(list, JSON.stringify(all));
    const lines = pillow.run(SCRIPT, [noise, list]).trim().split('\n');
    const expected = Object.fromEntries(all.map((one, i) => [one.join(' '), lines[i]]));
    for (const backend of [await openNativeBackend(), await openJsBackend('wasm')]) {
      const made: typeof expected = {};
      for (const one of all) {
        const [width, height, resize, crop] = one;
        const out = await backend.resizeCrop(image(width, height), { resize, crop });
        made[one.join(' ')] = `${out.width} ${out.height} ${sha256(out.data)}`;
      }
      expect({ backend: backend.label, made }).toEqual({ backend: backend.label, made: expected });
    }
  });
});
