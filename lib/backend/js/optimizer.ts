import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import type { Engine } from './tfjs';

/** Gradients by the names of their variables. */
export type Gradients = Readonly<Record<string, Tensor>>;

/** What each variable is moved by: told of by its name. */
export interface VariableRecipe {
  /** Its parameter group, from 0. */
  group: (name: string) => number;
  weightDecay: (name: string) => number;
}

/** What moves the weights: see native/core/fused_optimizer.h, whose twin this is. */
export abstract class Optimizer {
  private readonly kept = new Map<string, Variable[]>();

  /** @param slots what is kept of each variable, by the ends of their names in a state; a slot `.step` is a single number */
  constructor(
    protected readonly engine: Engine,
    protected readonly variable: VariableRecipe,
    readonly slots: readonly string[],
  ) {}

  /**
   * Moves every variable against its gradient, at the rate of its parameter group.
   *
   * @param momentum takes the place of the recipe's
   */
  step(variables: Iterable<Variable>, gradients: Gradients, rates: Float64Array, momentum?: number): void {
    for (const variable of variables) {
      const gradient = gradients[variable.name];
      if (gradient === undefined) throw new Error(`${variable.name} got no gradient`);
      const rate = rates[this.variable.group(variable.name)] as number;
      this.move(variable, gradient, rate, momentum);
    }
  }

  /** What is kept of a variable, in the order of the slots; undefined before the first step, and where nothing is. */
  keptOf(variable: Variable): readonly Variable[] | undefined {
    return this.kept.get(variable.name);
  }

  /** Goes on with what was kept of each variable, or with nothing. */
  restore(kept: ReadonlyMap<Variable, readonly Tensor[]>): void {
    this.dispose();
    for (const [variable, tensors] of kept) this.keep(variable, tensors);
  }

  dispose(): void {
    for (const tensors of this.kept.values()) for (const tensor of tensors) tensor.dispose();
    this.kept.clear();
  }

  protected abstract move(variable: Variable, gradient: Tensor, rate: number, momentum: number | undefined): void;

  protected keep(variable: Variable, tensors: readonly Tensor[]): Variable[] {
    const made = tensors.map((tensor) => this.engine.tf.variable(tensor, false));
    this.kept.set(variable.name, made);
    return made;
  }
}

/** torch.nn.utils.clip_grad_norm_: all gradients by one factor, where their L2 norm together is above `most`. */
export function clipped({ tf }: Engine, gradients: Gradients, most: number): Gradients {
  const squares = Object.values(gradients).map((gradient) => tf.sum<Scalar>(tf.square(gradient)));
  const norm = Math.sqrt(tf.addN(squares).dataSync<'float32'>()[0] ?? NaN);
  // Written so that a norm that is no number is not passed over.
  const factor = most / (norm + 1e-6) >= 1 ? 1 : most / (norm + 1e-6);
  return Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => [name, tf.mul(gradient, factor)]));
}
