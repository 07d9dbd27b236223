/** Shapes: each draws its parameters and gives the function that tells whether a place is inside; their radius is about one. */
'use strict';

/** Inside of a polygon by the even-odd rule. */
function polygon(corners) {
  return (x, y) => {
    let inside = false;
    for (let i = 0, j = corners.length - 1; i < corners.length; j = i++) {
      const [[xi, yi], [xj, yj]] = [corners[i], corners[j]];
      if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
    }
    return inside;
  };
}

/** Corners around the middle, whose distances from it take turns. */
function around(count, radii) {
  return Array.from({ length: count }, (_, i) => {
    const angle = (2 * Math.PI * i) / count;
    const radius = radii[i % radii.length];
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
}

const regular = (count) => () => polygon(around(count, [1]));
const star = (points) => (random) => polygon(around(2 * points, [1, random.between(0.38, 0.55)]));

const SHAPES = {
  disc: () => (x, y) => Math.hypot(x, y) < 0.9,
  ring: (random) => {
    const hole = random.between(0.4, 0.65);
    return (x, y) => Math.hypot(x, y) < 1 && Math.hypot(x, y) > hole;
  },
  triangle: regular(3),
  square: regular(4),
  pentagon: regular(5),
  octagon: regular(8),
  'star-of-four': star(4),
  'star-of-five': star(5),
  'star-of-seven': star(7),
  cross: (random) => {
    const half = random.between(0.2, 0.36);
    return (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 0.95 && Math.min(Math.abs(x), Math.abs(y)) < half;
  },
  crescent: (random) => {
    const shift = random.between(0.35, 0.55);
    return (x, y) => Math.hypot(x, y) < 1 && Math.hypot(x - shift, y) > 0.85;
  },
  'half-disc': () => (x, y) => Math.hypot(x, y) < 1 && x > -0.1,
  ellipse: (random) => {
    const width = random.between(0.4, 0.6);
    return (x, y) => Math.hypot(x, y / width) < 1.05;
  },
  bar: (random) => {
    const half = random.between(0.22, 0.38);
    return (x, y) => Math.abs(x) < 1 && Math.abs(y) < half;
  },
  corner: (random) => {
    const width = random.between(0.45, 0.65);
    const [least, most] = [-0.75, 0.75];
    return (x, y) => x > least && y > least && x < most && y < most && (x < least + width || y < least + width);
  },
  arrow: () =>
    polygon([
      ...[
        [1, 0],
        [0.1, 0.8],
        [0.1, 0.3],
        [-0.95, 0.3],
      ],
      ...[
        [-0.95, -0.3],
        [0.1, -0.3],
        [0.1, -0.8],
      ],
    ]),
  frame: (random) => {
    const hole = random.between(0.4, 0.55);
    return (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 0.75 && Math.max(Math.abs(x), Math.abs(y)) > hole;
  },
  heart: () => (x, y) => (x * x * 1.5 + y * y * 1.5 - 0.9) ** 3 < x * x * 1.5 * (y * 1.22) ** 3 * 1.5,
  drop: () => (x, y) => Math.hypot(x + 0.25, y) < 0.65 || (x > 0 && x < 1 && Math.abs(y) < 0.62 * (1 - x)),
  'two-discs': () => (x, y) => Math.hypot(x - 0.55, y) < 0.42 || Math.hypot(x + 0.55, y) < 0.42,
};

module.exports = { SHAPES };
