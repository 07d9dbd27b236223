// Random numbers as LibTorch's CPU generator draws them. Sources, of PyTorch 2.13: ATen/core/MT19937RNGEngine.h,
// ATen/CPUGeneratorImpl.cpp, ATen/core/TransformationHelper.h, ATen/native/cpu/DistributionTemplates.h and
// ATen/native/TensorFactories.cpp (randperm). Tests compare with the native backend.

import type { TorchGenerator } from '../types';
import { misuse } from './error';

// Looked up once: in a vm context, as in Jest's tests, each look at a global is slow.
const { cos, log, PI, sin, sqrt } = Math;

const SIZE = 624;
const SHIFT = 397;
const MATRIX = 0x9908b0df;
const UPPER = 0x80000000;
const LOWER = 0x7fffffff;

/** Elements that normal_ transforms together; smaller tensors, which ResNets do not have, are drawn otherwise. */
const NORMAL_BLOCK = 16;

/** The 32-bit Mersenne twister, seeded as `torch.manual_seed` seeds it: with the low 32 bits of the seed. */
export class Generator {
  private readonly words = new Uint32Array(SIZE);
  private next = SIZE;

  /** @param seed a whole number from 0 that a number holds exactly */
  constructor(seed: number | bigint) {
    const { words } = this;
    words[0] = Number(BigInt.asUintN(32, BigInt(seed)));
    for (let i = 1; i < SIZE; i++) {
      const before = words[i - 1] as number;
      words[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i;
    }
  }

  /** A generator that goes on from a state. */
  static of({ words, next }: TorchGenerator): Generator {
    if (words.length !== SIZE || next > SIZE) throw misuse("the state of the random numbers is not torch's");
    const generator = new Generator(0);
    generator.words.set(words);
    generator.next = next;
    return generator;
  }

  state(): TorchGenerator {
    return { words: this.words.slice(), next: this.next };
  }

  clone(): Generator {
    return Generator.of(this.state());
  }

  /** 32 random bits. */
  random(): number {
    if (this.next === SIZE) this.refill();
    let y = this.words[this.next++] as number;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /** Passes over this many draws of 32 bits. */
  skip(count: number): void {
    let left = count;
    while (left > 0) {
      if (this.next === SIZE) this.refill();
      const step = Math.min(left, SIZE - this.next);
      this.next += step;
      left -= step;
    }
  }

  /** `torch.empty((), dtype=int64).random_()`: 63 random bits. */
  randomInt64(): bigint {
    const high = BigInt(this.random());
    return BigInt.asUintN(63, (high << 32n) | BigInt(this.random()));
  }

  /** `torch.rand(())` of float32: 24 random bits. */
  rand(): number {
    return (this.random() & 0xffffff) / 2 ** 24;
  }

  /** `torch.randperm(count)`. */
  permutation(count: number): Int32Array {
    const order = Int32Array.from({ length: count }, (_, i) => i);
    for (let i = 0; i < count - 1; i++) {
      const other = i + (this.random() % (count - i));
      const kept = order[i] as number;
      order[i] = order[other] as number;
      order[other] = kept;
    }
    return order;
  }

  /** `tensor.uniform_(from, to)` of float32. */
  uniform(count: number, from: number, to: number): Float32Array {
    const low = Math.fround(from);
    const range = Math.fround(Math.fround(to) - low);
    const values = new Float32Array(count);
    // One rounding, for LibTorch's compiler makes a fused multiply-add of it.
    for (let i = 0; i < count; i++) values[i] = this.rand() * range + low;
    return values;
  }

  /** `tensor.normal_(0, std)` of float32: the Box-Muller transform of pairs eight apart. `count` is a multiple of 16. */
  normal(count: number, std: number): Float32Array {
    if (count % NORMAL_BLOCK !== 0) throw new Error('normal numbers are drawn in blocks of 16');
    const scale = Math.fround(std);
    const values = new Float32Array(count);
    for (let i = 0; i < count; i++) values[i] = this.rand();
    for (let block = 0; block < count; block += NORMAL_BLOCK) {
      for (let i = block; i < block + NORMAL_BLOCK / 2; i++) {
        const u1 = 1 - (values[i] as number);
        const theta = 2 * PI * (values[i + NORMAL_BLOCK / 2] as number);
        const radius = sqrt(-2 * log(u1)) * scale;
        values[i] = radius * cos(theta);
        values[i + NORMAL_BLOCK / 2] = radius * sin(theta);
      }
    }
    return values;
  }

  private refill(): void {
    const { words } = this;
    for (let i = 0; i < SIZE; i++) {
      const y = ((words[i] as number) & UPPER) | ((words[(i + 1) % SIZE] as number) & LOWER);
      const mixed = (words[(i + SHIFT) % SIZE] as number) ^ (y >>> 1) ^ (y & 1 ? MATRIX : 0);
      words[i] = mixed;
    }
    this.next = 0;
  }
}
