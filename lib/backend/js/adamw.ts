import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { AdamWRecipe } from '../recipe';
import { Optimizer, type VariableRecipe } from './optimizer';
import type { Engine } from './tfjs';

/** torch.optim.AdamW. */
export class AdamW extends Optimizer {
  constructor(
    engine: Engine,
    variable: VariableRecipe,
    private readonly recipe: AdamWRecipe,
  ) {
    super(engine, variable, ['.exp_avg', '.exp_avg_sq', '.step']);
  }

  protected override move(variable: Variable, gradient: Tensor, rate: number, own: number | undefined): void {
    const { tf } = this.engine;
    const { beta1: ownBeta1, beta2, eps } = this.recipe;
    const beta1 = own ?? ownBeta1;
    const zeros = (): Tensor => tf.zerosLike(variable);
    const kept = this.keptOf(variable) ?? this.keep(variable, [zeros(), zeros(), tf.scalar(0)]);
    const [average, square, step] = kept as [Variable, Variable, Variable];
    step.assign(tf.add(step, 1));
    const steps = step.dataSync<'float32'>()[0] as number;
    average.assign(tf.add(average, tf.mul(tf.sub(gradient, average), 1 - beta1)));
    square.assign(tf.add(tf.mul(square, beta2), tf.mul(tf.square(gradient), 1 - beta2)));
    const root = tf.div(tf.sqrt(square), Math.sqrt(1 - beta2 ** steps));
    const way = tf.mul(tf.div(average, tf.add(root, eps)), rate / (1 - beta1 ** steps));
    const decayed = tf.mul(variable, 1 - rate * this.variable.weightDecay(variable.name));
    variable.assign(tf.sub(decayed, way));
  }
}
