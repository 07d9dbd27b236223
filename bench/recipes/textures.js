/**
 * Textures: each draws its parameters and gives a function of the place, in periods of about one, to a brightness in 0..1. Rotation, scale,
 * colours and noise are drawn elsewhere, the same way for all, so that nothing but the pattern tells the classes apart.
 */
'use strict';

const wave = (x) => 0.5 + 0.5 * Math.sin(2 * Math.PI * x);
const step = (x) => (x > 0.5 ? 1 : 0);
const part = (x) => x - Math.floor(x);

/** Values of a lattice of 32 by 32, smoothly interpolated and repeated. */
function latticeNoise(random) {
  const side = 32;
  const values = Float32Array.from({ length: side * side }, () => random.next());
  const at = (x, y) => values[(((y % side) + side) % side) * side + (((x % side) + side) % side)];
  const smooth = (t) => t * t * (3 - 2 * t);
  return (u, v) => {
    const [x, y] = [Math.floor(u), Math.floor(v)];
    const [s, t] = [smooth(u - x), smooth(v - y)];
    const top = at(x, y) * (1 - s) + at(x + 1, y) * s;
    const bottom = at(x, y + 1) * (1 - s) + at(x + 1, y + 1) * s;
    return top * (1 - t) + bottom * t;
  };
}

/** Points, one at a random place of each cell of a lattice; gives the distances to the nearest two. */
function scatteredPoints(random) {
  const side = 16;
  const places = Array.from({ length: side * side }, () => [random.next(), random.next()]);
  const place = (x, y) => places[(((y % side) + side) % side) * side + (((x % side) + side) % side)];
  return (u, v) => {
    let [nearest, second] = [Infinity, Infinity];
    for (let y = Math.floor(v) - 1; y <= Math.floor(v) + 1; y++) {
      for (let x = Math.floor(u) - 1; x <= Math.floor(u) + 1; x++) {
        const [px, py] = place(x, y);
        const distance = Math.hypot(x + px - u, y + py - v);
        if (distance < nearest) [nearest, second] = [distance, nearest];
        else if (distance < second) second = distance;
      }
    }
    return [nearest, second];
  };
}

/** Noise of several octaves, each of `falloff` times the amplitude of the one before. */
function octaves(random, falloff, scale) {
  const noises = Array.from({ length: 4 }, () => latticeNoise(random));
  const total = noises.reduce((sum, _, i) => sum + falloff ** i, 0);
  return (u, v) =>
    noises.reduce((sum, noise, i) => sum + falloff ** i * noise(u * scale * 2 ** i, v * scale * 2 ** i), 0) / total;
}

const TEXTURES = {
  'soft-grating': () => (u) => wave(u),
  'narrow-stripes': (random) => {
    const share = random.between(0.15, 0.3);
    return (u) => (part(u) < share ? 1 : 0);
  },
  'two-gratings': (random) => {
    const ratio = random.between(1.6, 2.4);
    return (u) => 0.5 * wave(u) + 0.5 * wave(u * ratio);
  },
  plaid: () => (u, v) => 0.5 * wave(u) + 0.5 * wave(v),
  checker: () => (u, v) => (step(wave(u / 1.4)) === step(wave(v / 1.4)) ? 1 : 0),
  hexagonal: () => (u, v) => (wave(u) + wave(u / 2 + v * 0.866) + wave(u / 2 - v * 0.866)) / 3,
  rings: () => (u, v) => wave(Math.hypot(u, v)),
  spiral: (random) => {
    const arms = random.integer(1, 3);
    return (u, v) => wave(Math.hypot(u, v) + (arms * Math.atan2(v, u)) / (2 * Math.PI));
  },
  rays: (random) => {
    const count = random.integer(7, 14);
    return (u, v) => wave((count * Math.atan2(v, u)) / (2 * Math.PI));
  },
  'dots-in-rows': (random) => {
    const radius = random.between(0.2, 0.36);
    return (u, v) => (Math.hypot(part(u) - 0.5, part(v) - 0.5) < radius ? 1 : 0);
  },
  'scattered-dots': (random) => {
    const points = scatteredPoints(random);
    const radius = random.between(0.2, 0.33);
    return (u, v) => (points(u, v)[0] < radius ? 1 : 0);
  },
  cells: (random) => {
    const points = scatteredPoints(random);
    return (u, v) => {
      const [nearest, second] = points(u, v);
      return second - nearest < 0.12 ? 1 : 0;
    };
  },
  bricks: () => (u, v) => {
    const shift = Math.floor(v * 1.2) % 2 === 0 ? 0 : 0.5;
    return part(u * 0.6 + shift) < 0.08 || part(v * 1.2) < 0.15 ? 1 : 0;
  },
  zigzag: () => (u, v) => step(wave(u + Math.abs(part(v / 1.5) - 0.5) * 1.6)),
  ripples: (random) => {
    const depth = random.between(0.25, 0.45);
    return (u, v) => step(wave(u + depth * Math.sin((2 * Math.PI * v) / 1.8)));
  },
  'smooth-noise': (random) => latticeNoise(random),
  'rough-noise': (random) => octaves(random, 0.9, 0.8),
  clouds: (random) => octaves(random, 0.45, 0.35),
  blotches: (random) => {
    const noise = latticeNoise(random);
    return (u, v) => step(noise(u * 1.3, v * 1.3));
  },
  streaks: (random) => {
    const noise = latticeNoise(random);
    return (u, v) => noise(u * 3, v * 0.4);
  },
};

module.exports = { TEXTURES, latticeNoise };
