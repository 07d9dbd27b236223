'use strict';

/** Numbers from a seed, so that a run can be made again: Marsaglia's xorshift of 32 bits. */
class Random {
  constructor(seed) {
    this.state = (seed >>> 0) ^ 0x9e3779b9 || 1;
  }

  /** A whole number from 0 to below `end`. */
  below(end) {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x >>> 0;
    return end <= 1 ? 0 : this.state % end;
  }

  /** True once in so many times. */
  oneIn(times) {
    return this.below(times) === 0;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  bytes(count) {
    return Buffer.from(Array.from({ length: count }, () => this.below(256)));
  }
}

module.exports = { Random };
