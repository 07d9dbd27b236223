import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { upright } from '../../lib/data/decoders/upright';
import { makeReport } from '../../lib/report/report';
import type { RunConfig } from '../../lib/report/records';
import { scratch } from '../cli/run';
import { makeRun } from './made-run';

const tmp = scratch();
const [RED, GREEN, BLUE, GREY] = ['#f00', '#0f0', '#00f', '#888'];
const ORIENTATIONS = [1, 2, 3, 4, 5, 6, 7, 8];

/** A photo whose quarters are red, green, blue and grey once it is turned as it says. */
async function photo(orientation: number, progressive: boolean): Promise<Buffer> {
  const [width, height] = [96, 64];
  const quarter = (background: string | undefined, left: number, top: number): sharp.OverlayOptions => ({
    input: { create: { width: width / 2, height: height / 2, channels: 3, background: background ?? '' } },
    left,
    top,
  });
  const whole = await sharp({ create: { width, height, channels: 3, background: '#000' } })
    .composite([
      quarter(RED, 0, 0),
      quarter(GREEN, width / 2, 0),
      quarter(BLUE, 0, height / 2),
      quarter(GREY, width / 2, height / 2),
    ])
    .removeAlpha()
    .raw()
    .toBuffer();
  // A quarter turn is undone by the one the other way, each of the others by itself.
  const back = { 6: 8, 8: 6 }[orientation] ?? orientation;
  const stored = await upright({ width, height, data: whole }, back);
  return sharp(stored.data, { raw: { width: stored.width, height: stored.height, channels: 3 } })
    .jpeg({ quality: 95, progressive })
    .withMetadata({ orientation })
    .toBuffer();
}

/** What is brightest in the upper left, upper right and lower left of a picture: red, green, blue, or none of them. */
async function cornersOf(picture: Buffer): Promise<string> {
  const { data, info } = await sharp(picture).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const [near, far] = [info.width >> 3, info.width - 1 - (info.width >> 3)];
  return [near + near * info.width, far + near * info.width, near + far * info.width]
    .map((at) => {
      const rgb = [...data.subarray(3 * at, 3 * at + 3)];
      const most = Math.max(...rgb);
      return most - Math.min(...rgb) < 64 ? '-' : 'rgb'.charAt(rgb.indexOf(most));
    })
    .join('');
}

/** The corners of all pictures in the report of a run that turns its images, or does not. */
async function picturesOf(exifRotate: boolean): Promise<string[]> {
  const files = ORIENTATIONS.map((orientation) => `${orientation}.jpg`);
  const { folder } = await makeRun(tmp, exifRotate ? 'turned' : 'as stored', {
    classes: ['plain', 'progressive'],
    files,
  });
  for (const truth of [0, 1]) {
    for (const orientation of ORIENTATIONS) {
      const file = path.join(tmp, 'photos', 'val', `class-${truth}`, `${orientation}.jpg`);
      fs.writeFileSync(file, await photo(orientation, truth === 1));
    }
  }
  const config = JSON.parse(fs.readFileSync(path.join(folder, 'config.json'), 'utf8')) as RunConfig;
  const preprocessing = { ...config.preprocessing, exifRotate };
  fs.writeFileSync(path.join(folder, 'config.json'), JSON.stringify({ ...config, preprocessing }));
  const text = fs.readFileSync((await makeReport({ runs: [folder] })).file, 'utf8');
  const images = text.slice(text.indexOf('id="image-controls"'));
  const pictures = [...images.matchAll(/data:image\/webp;base64,([^"]+)"/g)];
  return Promise.all(pictures.map(([, base64 = '']) => cornersOf(Buffer.from(base64, 'base64'))));
}

test('the pictures of a run that turns its images are upright, those of another as they are stored', async () => {
  const all = 2 * ORIENTATIONS.length;
  expect(await picturesOf(true)).toEqual(Array.from({ length: all }, () => 'rgb'));
  const stored = await picturesOf(false);
  expect(stored).toHaveLength(all);
  expect(stored.filter((corners) => corners === 'rgb')).toHaveLength(2);
});
