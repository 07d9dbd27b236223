import { toNumbers } from '../../network/floats';
import { sameShape } from '../../weights/state-dict';
import type { NamedTensor } from '../../weights/state-dict';
import { misuse } from './error';
import type { SeenBatch, TrainedNetwork } from './trained-network';

/** torch.nn.BatchNorm2d's default, which torchvision keeps. */
const MOMENTUM = 0.1;

/**
 * The state dict of a model in training, in PyTorch's layout. The trained parameters live in the network, and are copied from there
 * when they are asked for.
 */
export class SessionWeights {
  private readonly tensors: Map<string, NamedTensor>;
  private network: TrainedNetwork | undefined;

  /** @param tensors every tensor, in torchvision's order; their memory becomes this object's */
  constructor(tensors: NamedTensor[]) {
    this.tensors = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  }

  /** From now on the parameters that `network` has are its own. */
  attach(network: TrainedNetwork): void {
    this.network = network;
  }

  /** The values of a tensor of floats, not a copy. */
  floats(name: string): Float32Array {
    const tensor = this.tensors.get(name);
    if (tensor === undefined) throw misuse(`the model has no tensor ${name}`);
    const { buffer, byteOffset, byteLength: bytes } = tensor.data;
    return new Float32Array(buffer, byteOffset, bytes / 4);
  }

  /** All tensors as they are now; only until the next change. */
  current(): Map<string, NamedTensor> {
    for (const name of this.tensors.keys()) {
      const values = this.network?.get(name);
      if (values !== undefined) this.floats(name).set(values);
    }
    return this.tensors;
  }

  copy(): NamedTensor[] {
    return [...this.current().values()].map((tensor) => ({
      ...tensor,
      shape: [...tensor.shape],
      data: new Uint8Array(tensor.data),
    }));
  }

  /** Refuses tensors that are not those of the model, every one. */
  requireWhole(tensors: readonly NamedTensor[]): void {
    if (tensors.length !== this.tensors.size) throw misuse('the state does not have every tensor of the model');
  }

  /** Copies tensors over the model's own; `onChange` is told the name of each that changes. */
  load(tensors: readonly NamedTensor[], onChange: (name: string) => void): void {
    for (const { name, ...tensor } of tensors) {
      const own = this.tensors.get(name);
      if (own === undefined) throw misuse(`the model has no tensor ${name}`);
      if (!sameShape(own.shape, tensor.shape)) throw misuse(`the shape of ${name} does not match`);
      const data = convert(tensor, own.dtype);
      if (Buffer.compare(data, own.data) === 0 && this.network?.get(name) === undefined) continue;
      own.data.set(data);
      if (own.dtype === 'F32') this.network?.set(name, this.floats(name));
      onChange(name);
    }
  }

  /** Moves the running statistics of a batch norm towards what it saw of a batch (torch.nn.BatchNorm2d in training). */
  follow(norm: string, { mean, variance, count }: SeenBatch): void {
    const unbiased = count / (count - 1);
    blend(this.floats(`${norm}.running_mean`), mean, 1);
    blend(this.floats(`${norm}.running_var`), variance, unbiased);
    const counter = this.tensors.get(`${norm}.num_batches_tracked`)?.data;
    if (counter === undefined) return;
    const view = new DataView(counter.buffer, counter.byteOffset, 8);
    view.setBigInt64(0, view.getBigInt64(0, true) + 1n, true);
  }
}

function blend(running: Float32Array, seen: Float32Array, factor: number): void {
  for (let c = 0; c < running.length; c++) {
    running[c] = (1 - MOMENTUM) * (running[c] as number) + MOMENTUM * factor * (seen[c] as number);
  }
}

/** Elements of another type as those of the model: float32, or 64-bit integers for the counters. */
function convert(tensor: Omit<NamedTensor, 'name'>, dtype: NamedTensor['dtype']): Uint8Array {
  if (tensor.dtype === dtype) return tensor.data;
  const values = toNumbers(tensor);
  const converted = dtype === 'I64' ? BigInt64Array.from(values, toBigInt) : Float32Array.from(values);
  return new Uint8Array(converted.buffer);
}

/** As a processor converts: what is no 64-bit integer becomes the least. */
function toBigInt(value: number): bigint {
  return Math.abs(value) < 2 ** 63 ? BigInt(Math.trunc(value)) : -(2n ** 63n);
}
