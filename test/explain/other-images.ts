import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { mulberry32 } from '../../lib/data/draw';

/** What each kind of image has at a place, 0 to 1 for red, green and blue. */
type Painter = (random: () => number) => (x: number, y: number) => readonly [number, number, number];

const gray = (value: number): [number, number, number] => [value, value, value];

const PAINTERS: Record<string, Painter> = {
  noise: (random) => () => [random(), random(), random()],
  'smooth-noise': (random) => {
    const waves = Array.from({ length: 12 }, () => [random() * 14 - 7, random() * 14 - 7, random() * 7, random()]);
    return (x, y) => {
      const sum = (shift: number): number =>
        waves.reduce((all, [a = 0, b = 0, c = 0, d = 0]) => all + d * Math.sin(a * x + b * y + c * (1 + shift)), 0);
      return [0.5 + sum(0) / 6, 0.5 + sum(0.4) / 6, 0.5 + sum(0.8) / 6];
    };
  },
  stripes: (random) => {
    const [a, b, c] = [20 + random() * 60, random() * 60, random()];
    return (x, y) => (Math.sin(a * x + b * y) > 0 ? gray(c) : [1 - c, random() * 0.1, c]);
  },
  gradient: (random) => {
    const [r, g, b, turn] = [random(), random(), random(), random() * 7];
    return (x, y) => {
      const along = (x - 0.5) * Math.cos(turn) + (y - 0.5) * Math.sin(turn) + 0.5;
      return [r * along, g * (1 - along), b];
    };
  },
  shapes: (random) => {
    const shapes = Array.from({ length: 5 }, () => Array.from({ length: 7 }, random));
    return (x, y) => {
      const over = shapes.find(([left = 0, top = 0, size = 0, kind = 0]) => {
        const [dx, dy] = [x - left, y - top];
        const radius = 0.08 + size * 0.15;
        return kind > 0.5 ? Math.hypot(dx, dy) < radius : Math.abs(dx) < radius && Math.abs(dy) < radius;
      });
      return over === undefined ? gray(0.95) : [over[4] ?? 0, over[5] ?? 0, over[6] ?? 0];
    };
  },
  letters: (random) => {
    const lines = Array.from({ length: 400 }, random);
    return (x, y) => {
      const row = Math.floor(y * 24);
      const within = y * 24 - row;
      const ink = within > 0.3 && (lines[(row * 17 + Math.floor(x * 60)) % 400] ?? 0) > 0.45;
      return gray(ink ? 0.1 : 1);
    };
  },
};

const SIDE = 256;

/** Draws images that are none of ants and bees: so many of each kind, in a folder of its own. The same every time. */
export async function drawOthers(folder: string, each: number): Promise<string[]> {
  const random = mulberry32(11);
  for (const [kind, painter] of Object.entries(PAINTERS)) {
    fs.mkdirSync(path.join(folder, kind), { recursive: true });
    for (let i = 0; i < each; i++) {
      const paint = painter(random);
      const data = new Uint8ClampedArray(SIDE * SIDE * 3);
      for (let at = 0; at < SIDE * SIDE; at++) {
        const values = paint((at % SIDE) / SIDE, Math.floor(at / SIDE) / SIDE);
        values.forEach((value, c) => (data[at * 3 + c] = value * 255));
      }
      const image = sharp(new Uint8Array(data.buffer), { raw: { width: SIDE, height: SIDE, channels: 3 } });
      await image.png().toFile(path.join(folder, kind, `${i}.png`));
    }
  }
  return Object.keys(PAINTERS);
}
