import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { SgdRecipe } from '../recipe';
import { Optimizer, type VariableRecipe } from './optimizer';
import type { Engine } from './tfjs';

/** torch.optim.SGD: the first step's buffer is the gradient itself, for there is no dampening. */
export class Sgd extends Optimizer {
  constructor(
    engine: Engine,
    variable: VariableRecipe,
    private readonly recipe: SgdRecipe,
  ) {
    super(engine, variable, recipe.momentum === 0 ? [] : ['.momentum']);
  }

  protected override move(variable: Variable, gradient: Tensor, rate: number, own: number | undefined): void {
    const { tf } = this.engine;
    const weightDecay = this.variable.weightDecay(variable.name);
    let step = gradient;
    if (weightDecay !== 0) step = tf.add(step, tf.mul(variable, weightDecay));
    if (this.recipe.momentum !== 0) {
      const momentum = own ?? this.recipe.momentum;
      const buffer = this.buffer(variable, step, momentum);
      step = this.recipe.nesterov ? tf.add(step, tf.mul(buffer, momentum)) : buffer;
    }
    variable.assign(tf.sub(variable, tf.mul(step, rate)));
  }

  private buffer(variable: Variable, step: Tensor, momentum: number): Tensor {
    const { tf } = this.engine;
    const [known] = this.keptOf(variable) ?? [];
    if (known === undefined) return this.keep(variable, [step])[0] as Variable;
    known.assign(tf.add(tf.mul(known, momentum), step));
    return known;
  }
}
