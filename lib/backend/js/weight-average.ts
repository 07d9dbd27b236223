import { toNumbers } from '../../network/floats';
import { sameShape, type NamedTensor } from '../../weights/state-dict';
import { misuse } from './error';

/** The exponential moving average of a model over its steps: see native/core/weight_average.h, whose twin this is. */
export class WeightAverage {
  private readonly averages = new Map<string, NamedTensor>();

  /** @param follows whether the tensor of that name is averaged, if it is one of floats */
  constructor(
    private readonly decay: number,
    private readonly follows: (name: string) => boolean,
  ) {}

  /** After a step, with the weights that it left. */
  update(tensors: Iterable<NamedTensor>): void {
    for (const tensor of this.followed(tensors)) {
      const known = this.averages.get(tensor.name);
      if (known === undefined) this.averages.set(tensor.name, copyOf(tensor));
      else blend(floatsOf(known), floatsOf(tensor), 1 - this.decay);
    }
  }

  /** The next update begins anew. */
  forget(): void {
    this.averages.clear();
  }

  /** The tensors, in the place of each that is averaged its average; not copies. */
  over(tensors: Iterable<NamedTensor>): NamedTensor[] {
    return [...tensors].map((tensor) => this.averages.get(tensor.name) ?? tensor);
  }

  /** Copies of the averages; none before the first update. */
  state(): NamedTensor[] {
    return [...this.averages.values()].map(copyOf);
  }

  /** Goes on from a state, for these tensors. */
  restore(state: readonly NamedTensor[], tensors: Iterable<NamedTensor>): void {
    this.forget();
    if (state.length === 0) return;
    const given = new Map(state.map((tensor) => [tensor.name, tensor]));
    for (const { name, shape } of this.followed(tensors)) {
      const tensor = given.get(name);
      if (tensor === undefined) throw misuse(`the state of the average lacks ${name}`);
      if (!sameShape(tensor.shape, shape)) throw misuse(`the shape of ${name} in the average does not match`);
      const values = Float32Array.from(toNumbers(tensor));
      this.averages.set(name, { name, dtype: 'F32', shape: [...shape], data: new Uint8Array(values.buffer) });
      given.delete(name);
    }
    const [left] = given.keys();
    if (left !== undefined) throw misuse(`there is no average of ${left}`);
  }

  private followed(tensors: Iterable<NamedTensor>): NamedTensor[] {
    return [...tensors].filter(({ name, dtype }) => dtype === 'F32' && this.follows(name));
  }
}

const copyOf = (tensor: NamedTensor): NamedTensor => ({
  ...tensor,
  shape: [...tensor.shape],
  data: new Uint8Array(tensor.data),
});

function floatsOf({ data }: NamedTensor): Float32Array {
  return new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4);
}

/** As torch's lerp, which for small weights goes from the first. */
function blend(average: Float32Array, now: Float32Array, weight: number): void {
  for (let i = 0; i < average.length; i++) {
    const from = average[i] as number;
    average[i] = from + weight * ((now[i] as number) - from);
  }
}
