import { loadAddon } from '../../lib/backend/native/load';
import type { RandomResizedCrop } from '../../lib/backend/native/addon';
import fs from 'node:fs';
import path from 'node:path';
import { scratch } from '../cli/run';
import { describeWithPillow } from '../python-pillow';

const tmp = scratch();
const drawn = (width: number, height: number, numbers: number[], leastScale = 0.08): RandomResizedCrop => ({
  width,
  height,
  leastScale,
  drawn: numbers,
});
const windowOf = (one: RandomResizedCrop) => loadAddon().randomResizedCrop(one);

describe('the window of a random resized crop', () => {
  test('a quarter of the area, square, half way down and a quarter across', () => {
    // Of 400 x 300: 0.25 = 0.08 + u * 0.92; u = 0.5 is the middle of the logarithms, a ratio of 1; sqrt(30000) = 173.2.
    expect(windowOf(drawn(400, 300, [0.17 / 0.92, 0.5, 0.5, 0.25]))).toEqual({
      left: Math.floor(0.25 * (400 - 173 + 1)),
      top: Math.floor(0.5 * (300 - 173 + 1)),
      width: 173,
      height: 173,
      used: 4,
    });
  });

  test('the least area and the widest shape; the places are the first and the last', () => {
    // 0.08 * 10000 = 800 at 3:4 is 24.49 x 32.66.
    const most = 1 - 2 ** -24;
    expect(windowOf(drawn(100, 100, [0, 0, 0, most]))).toEqual({ left: 76, top: 0, width: 24, height: 33, used: 4 });
    expect(windowOf(drawn(100, 100, [0, 0, most, 0]))).toEqual({ left: 0, top: 67, width: 24, height: 33, used: 4 });
  });

  test('a shape that does not fit is drawn anew; the next one counts', () => {
    // All of the area at a ratio of 4:3 is wider than a square.
    const most = 1 - 2 ** -24;
    expect(windowOf(drawn(60, 60, [most, most, 0, 0.5, 0, 0]))).toMatchObject({ left: 0, top: 0, width: 17, used: 6 });
  });

  test('after ten tries the middle counts, in a shape that is allowed', () => {
    const never = Array.from({ length: 20 }, () => 1 - 2 ** -24);
    expect(windowOf(drawn(60, 60, never))).toEqual({ left: 0, top: 0, width: 60, height: 60, used: 20 });
    expect(windowOf(drawn(1000, 30, never))).toEqual({ left: 480, top: 0, width: 40, height: 30, used: 20 });
    expect(windowOf(drawn(30, 1001, never))).toEqual({ left: 0, top: 480, width: 30, height: 40, used: 20 });
    expect(windowOf(drawn(1, 9, never))).toEqual({ left: 0, top: 4, width: 1, height: 1, used: 20 });
  });

  test('every window lies in its image', () => {
    let state = 5;
    const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
    for (let i = 0; i < 3000; i++) {
      const [width, height] = [1 + Math.floor(random() * 60), 1 + Math.floor(random() * 60)];
      const box = windowOf(drawn(width, height, Array.from({ length: 22 }, random)));
      expect([box.left >= 0, box.top >= 0, box.width > 0, box.height > 0]).toEqual([true, true, true, true]);
      expect([box.left + box.width <= width, box.top + box.height <= height]).toEqual([true, true]);
    }
  });
});

// torchvision 0.29.1, transforms/transforms.py: RandomResizedCrop.get_params, its draws taken from a list; `f` rounds as torch's float32.
const SCRIPT = `
import json, math, struct, sys
f = lambda x: struct.unpack('f', struct.pack('f', x))[0]
def get_params(width, height, scale, ratio, draws):
    area = height * width
    log_ratio = [f(math.log(f(one))) for one in ratio]
    uniform = lambda a, b: f(f(f(next(draws)) * f(f(b) - f(a))) + f(a))
    randint = lambda end: int(f(next(draws)) * end)
    for _ in range(10):
        target_area = area * uniform(scale[0], scale[1])
        aspect_ratio = f(math.exp(uniform(log_ratio[0], log_ratio[1])))
        w = int(round(math.sqrt(target_area * aspect_ratio)))
        h = int(round(math.sqrt(target_area / aspect_ratio)))
        if 0 < w <= width and 0 < h <= height:
            i = randint(height - h + 1)
            j = randint(width - w + 1)
            return j, i, w, h
    in_ratio = float(width) / float(height)
    if in_ratio < min(ratio):
        w = width
        h = int(round(w / min(ratio)))
    elif in_ratio > max(ratio):
        h = height
        w = int(round(h * max(ratio)))
    else:
        w = width
        h = height
    return (width - w) // 2, (height - h) // 2, w, h
for one in json.load(open(sys.argv[1])):
    print(*get_params(one['width'], one['height'], (one['leastScale'], 1.0), (3 / 4, 4 / 3), iter(one['drawn'])))
`;

describeWithPillow('windows of torchvision', (python) => {
  test('two thousand draws on images of every shape', () => {
    let state = 23;
    const random = (): number => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 8) / 2 ** 24;
    const cases = Array.from({ length: 2000 }, (_, i) => {
      const [width, height] = [1 + Math.floor(random() ** 3 * 1500), 1 + Math.floor(random() ** 3 * 1500)];
      return drawn(width, height, Array.from({ length: 22 }, random), i % 2 === 0 ? 0.08 : 0.35);
    });
    const list = path.join(tmp, 'draws.json');
    fs.writeFileSync(list, JSON.stringify(cases));
    const lines = python.run(SCRIPT, [list]).trim().split('\n');
    const boxes = cases.map(windowOf).map((box) => `${box.left} ${box.top} ${box.width} ${box.height}`);
    expect(boxes).toEqual(lines);
  });
});
