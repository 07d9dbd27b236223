import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { Layer } from '../../network/architecture';
import { toNumbers } from '../../network/floats';
import { sameShape, type NamedTensor } from '../../weights/state-dict';
import { misuse } from './error';
import { toTf, toTorch, torchShape } from './layout';
import type { Optimizer } from './optimizer';
import type { Engine } from './tfjs';

/** A trained parameter under its name in the state dict. */
export interface Parameter {
  name: string;
  layer: Layer;
  variable: Variable;
}

/** What an optimizer keeps, under the names of the parameters and those of its slots, in PyTorch's layout; nothing before the first step. */
export function optimizerState(engine: Engine, optimizer: Optimizer, parameters: Iterable<Parameter>): NamedTensor[] {
  return [...parameters].flatMap(({ name, layer, variable }) =>
    (optimizer.keptOf(variable) ?? []).map((kept, slot) => {
      const own = engine.read(() => kept.dataSync<'float32'>());
      const values = Float32Array.from(kept.rank === 0 ? own : toTorch(layer, own, kept.shape.length));
      const shape = kept.rank === 0 ? [] : torchShape(layer, kept.shape);
      return { name: name + optimizer.slots[slot], dtype: 'F32', shape, data: new Uint8Array(values.buffer) } as const;
    }),
  );
}

/** Goes on from an {@link optimizerState}. */
export function restoreOptimizer(
  engine: Engine,
  optimizer: Optimizer,
  parameters: Iterable<Parameter>,
  state: readonly NamedTensor[],
): void {
  const given = new Map(state.map((tensor) => [tensor.name, tensor]));
  const { tf } = engine;
  engine.read(() => {
    const kept = new Map<Variable, Tensor[]>();
    for (const { name, layer, variable } of state.length === 0 ? [] : parameters) {
      const own = optimizer.slots.map((slot) => {
        const shape = slot === '.step' ? [] : variable.shape;
        const tensor = given.get(name + slot);
        if (tensor === undefined) throw misuse(`the state of the optimizer lacks ${name}${slot}`);
        given.delete(tensor.name);
        if (!sameShape(tensor.shape, shape.length === 0 ? [] : torchShape(layer, shape))) {
          throw misuse(`the shape of ${tensor.name} does not match`);
        }
        const values = Float32Array.from(toNumbers(tensor));
        return tf.tensor(shape.length === 0 ? values : toTf(layer, values, shape.length), shape, 'float32');
      });
      if (own.length > 0) kept.set(variable, own);
    }
    optimizer.restore(kept);
  });
  const [left] = given.keys();
  if (left !== undefined) throw misuse(`the optimizer has no ${left}`);
}
