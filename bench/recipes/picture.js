/** Pictures of textures and shapes: what a class is, and what is drawn anew for each image. */
'use strict';

const { createRandom } = require('./random');
const { SHAPES } = require('./shapes');
const { TEXTURES, latticeNoise } = require('./textures');

/** Side in pixels: the short side of which `train --image-size 64` cuts its squares, so that nothing is resized. */
const SIDE = 73;

const CLASSES = [...Object.keys(TEXTURES), ...Object.keys(SHAPES)];

/** Places within a pixel at which it is looked up. */
const WITHIN = [0.25, 0.75];

const luminance = ([r, g, b]) => 0.299 * r + 0.587 * g + 0.114 * b;
const mixed = (a, b, share) => a.map((value, i) => value + (b[i] - value) * share);

/** Two colours whose brightness differs by `contrast` or more; which of them is the brighter one is drawn too. */
function twoColours(random, contrast) {
  for (;;) {
    const [a, b] = [0, 1].map(() => [random.next(), random.next(), random.next()]);
    if (Math.abs(luminance(a) - luminance(b)) >= contrast) return [a, b];
  }
}

/** Place in the picture to place in the pattern: moved, rotated, scaled. */
function placement(random, scale, wander) {
  const angle = random.between(0, 2 * Math.PI);
  const [cx, cy] = [0, 1].map(() => SIDE / 2 + random.between(-wander, wander));
  const [cos, sin] = [Math.cos(angle) / scale, Math.sin(angle) / scale];
  return (x, y) => [(x - cx) * cos + (y - cy) * sin, (y - cy) * cos - (x - cx) * sin];
}

function texture(name, random) {
  const pattern = TEXTURES[name](random);
  const placed = placement(random, random.between(7, 15), 16);
  return (x, y) => pattern(...placed(x, y));
}

/** A shape before a plain or cloudy ground, with some thin lines over all of it. */
function shape(name, random) {
  const inside = SHAPES[name](random);
  const radius = random.between(14, 26);
  const placed = placement(random, radius, 30 - radius);
  const ground = latticeNoise(random);
  const cloudiness = random.next() < 0.5 ? 0 : random.between(0.2, 0.4);
  const lines = Array.from({ length: random.integer(0, 4) }, () => placement(random, 1, 30));
  return (x, y) => {
    if (lines.some((line) => Math.abs(line(x, y)[1]) < 0.6)) return 0.6;
    return inside(...placed(x, y)) ? 1 : cloudiness * ground(x / 9, y / 9);
  };
}

/**
 * One image.
 *
 * @param name of the class
 * @param key what it is drawn from: the same key gives the same bytes, whatever else was made before
 * @param hard with more noise, and less contrast
 * @returns RGB bytes, row after row, of SIDE by SIDE pixels
 */
function drawPicture(name, key, hard = false) {
  const random = createRandom(`${name}/${key}`);
  const brightness = (name in TEXTURES ? texture : shape)(name, random);
  const [dark, light] = twoColours(random, hard ? 0.15 : 0.25);
  const noise = hard ? random.between(0.1, 0.22) : random.between(0.01, 0.08);
  const [slopeX, slopeY] = [random.between(-0.15, 0.15), random.between(-0.15, 0.15)];
  const bytes = Buffer.alloc(SIDE * SIDE * 3);
  for (let y = 0, at = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      let share = 0;
      for (const dy of WITHIN) for (const dx of WITHIN) share += brightness(x + dx, y + dy) / WITHIN.length ** 2;
      const light0 = slopeX * (x / SIDE - 0.5) + slopeY * (y / SIDE - 0.5);
      for (const value of mixed(dark, light, share)) {
        bytes[at++] = Math.round(255 * Math.min(1, Math.max(0, value + light0 + noise * random.normal())));
      }
    }
  }
  return bytes;
}

module.exports = { CLASSES, SIDE, drawPicture };
