import type { Recipe } from '../recipe';
import type { EpochDraws, TorchGenerator } from '../types';
import { misuse } from './error';
import { philox, type Words } from './philox';
import { Generator } from './random';

/** The random numbers of epochs: see native/core/draws.h, whose twin this is. */
export interface Draws {
  of(epoch: number, count: number): EpochDraws;
  /** The epochs of `count` samples before `epoch` have passed. */
  passTo(epoch: number, count: number): void;
  state(): TorchGenerator | null;
  /** Goes on before `epoch`. */
  restore(epoch: number, state: TorchGenerator | null): void;
}

/** @param generator what the drawing of the initial weights has left */
export function createDraws(recipe: Recipe, generator: Generator): Draws {
  return recipe.draws === 'counter' ? new CountedDraws(recipe) : new TorchDraws(recipe, generator);
}

/** The probability that a sample is mirrored; undefined where none ever is. */
function flipOf({ augment }: Recipe): number | undefined {
  return augment.find((one) => one.kind === 'horizontal-flip')?.probability;
}

/** Order and flips as DataLoader(shuffle=True) without workers and RandomHorizontalFlip draw them. */
class TorchDraws implements Draws {
  private readonly flip: number | undefined;
  private epoch = 1;

  constructor(
    recipe: Recipe,
    /** Before the epoch `epoch`. */
    private generator: Generator,
  ) {
    this.flip = flipOf(recipe);
  }

  of(epoch: number, count: number): EpochDraws {
    if (epoch < this.epoch) throw misuse(`the numbers of epoch ${epoch} are drawn already`);
    const generator = this.generator.clone();
    for (let next = this.epoch; next < epoch; next++) this.draw(generator, count);
    return this.draw(generator, count);
  }

  passTo(epoch: number, count: number): void {
    for (; this.epoch < epoch; this.epoch++) this.draw(this.generator, count);
  }

  state(): TorchGenerator {
    return this.generator.state();
  }

  restore(epoch: number, state: TorchGenerator | null): void {
    if (state === null) throw misuse('the state has no random numbers of torch');
    this.generator = Generator.of(state);
    this.epoch = epoch;
  }

  private draw(generator: Generator, count: number): EpochDraws {
    generator.randomInt64(); // the loader's _base_seed, drawn though there are no workers to seed
    const order = new Generator(generator.randomInt64()).permutation(count);
    const flips = new Uint8Array(count);
    if (this.flip === undefined) return { order, flips };
    const probability = Math.fround(this.flip);
    for (let i = 0; i < count; i++) flips[i] = generator.rand() < probability ? 1 : 0;
    return { order, flips };
  }
}

/** What a number is drawn for: DrawPurpose of native/core/counted_draws.h. */
const ORDER = 0;
const FLIP = 1;

/** Draws that depend on seed, epoch, sample and purpose alone: native/core/counted_draws.h says how. */
class CountedDraws implements Draws {
  private readonly flip: number | undefined;
  private readonly key: readonly [number, number];

  constructor(recipe: Recipe) {
    this.flip = flipOf(recipe);
    this.key = [recipe.seed >>> 0, Math.floor(recipe.seed / 2 ** 32) >>> 0];
  }

  of(epoch: number, count: number): EpochDraws {
    // 52 bits, which a number holds exactly.
    const keys = Float64Array.from({ length: count }, (_, sample) => {
      const [first, second] = this.words(epoch, sample, ORDER);
      return first * 2 ** 20 + (second >>> 12);
    });
    const key = (sample: number): number => keys[sample] as number;
    const order = Int32Array.from(keys, (_, sample) => sample).sort((a, b) => key(a) - key(b) || a - b);
    const { flip } = this;
    const flips = Uint8Array.from(order, (sample) =>
      flip !== undefined && uniform(this.words(epoch, sample, FLIP)[0]) < flip ? 1 : 0,
    );
    return { order, flips };
  }

  passTo(): void {
    // Nothing is used up.
  }

  state(): null {
    return null;
  }

  restore(_epoch: number, state: TorchGenerator | null): void {
    if (state !== null) throw misuse('the state has random numbers of torch, but the recipe counts them');
  }

  private words(epoch: number, sample: number, purpose: number): Words {
    return philox(this.key, [purpose, epoch, sample, 0]);
  }
}

/** Of 24 bits, 0 or more and below 1. */
const uniform = (word: number): number => (word >>> 8) / 2 ** 24;
