'use strict';

/** FNV-1a with a final mix: 32 bits of any text. */
function hash(text) {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  return (value ^ (value >>> 13)) >>> 0;
}

/** Random numbers that follow from a text alone, so that every image can be made by itself (mulberry32). */
function createRandom(name) {
  let state = hash(name);
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const between = (least, most) => least + (most - least) * next();
  return {
    /** At least 0, less than 1. */
    next,
    between,
    /** An integer, both ends included. */
    integer: (least, most) => least + Math.floor(next() * (most - least + 1)),
    /** Normally distributed, mean 0 and variance 1 (Box-Muller). */
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    /** Another order of the same items (Fisher-Yates). */
    shuffled(items) {
      const out = [...items];
      for (let i = out.length - 1; i > 0; i--) {
        const j = Math.floor(next() * (i + 1));
        [out[i], out[j]] = [out[j], out[i]];
      }
      return out;
    },
  };
}

module.exports = { createRandom };
