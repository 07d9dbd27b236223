import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { SgdRecipe } from '../types';
import type { Engine } from './tfjs';

/** torch.optim.SGD: the first step's buffer is the gradient itself, for there is no dampening. */
export class Sgd {
  private readonly momenta = new Map<string, Variable>();

  /** @param group the parameter group of a variable, from 0 */
  constructor(
    private readonly engine: Engine,
    private readonly recipe: SgdRecipe,
    private readonly group: (name: string) => number,
  ) {}

  /** Moves every variable against its gradient, at the rate of its parameter group. */
  step(variables: Iterable<Variable>, gradients: Readonly<Record<string, Tensor>>, rates: Float64Array): void {
    const { tf } = this.engine;
    const { momentum, weightDecay, nesterov } = this.recipe;
    for (const variable of variables) {
      let step = gradients[variable.name];
      if (step === undefined) throw new Error(`${variable.name} got no gradient`);
      if (weightDecay !== 0) step = tf.add(step, tf.mul(variable, weightDecay));
      if (momentum !== 0) {
        const buffer = this.buffer(variable, step, momentum);
        step = nesterov ? tf.add(step, tf.mul(buffer, momentum)) : buffer;
      }
      variable.assign(tf.sub(variable, tf.mul(step, rates[this.group(variable.name)] as number)));
    }
  }

  /** The buffer of a variable; undefined before the first step, and without momentum. */
  momentum(variable: Variable): Variable | undefined {
    return this.momenta.get(variable.name);
  }

  /** Goes on with these buffers, one for each variable, or with none. */
  restore(buffers: ReadonlyMap<Variable, Tensor>): void {
    this.dispose();
    for (const [variable, buffer] of buffers) {
      this.momenta.set(variable.name, this.engine.tf.variable(buffer, false));
    }
  }

  dispose(): void {
    for (const buffer of this.momenta.values()) buffer.dispose();
    this.momenta.clear();
  }

  private buffer(variable: Variable, step: Tensor, momentum: number): Tensor {
    const { tf } = this.engine;
    const known = this.momenta.get(variable.name);
    if (known === undefined) {
      const made = tf.variable(step, false);
      this.momenta.set(variable.name, made);
      return made;
    }
    known.assign(tf.add(tf.mul(known, momentum), step));
    return known;
  }
}
