import { layersOf, parametersOf, tensorsOf, type Container, type Layer } from '../network/architecture';
import { forward, type Named } from '../network/forward';
import type { TRAIN_FROM } from '../options';
import { byteLength, elementCount } from '../weights/state-dict';

/** One module without children. */
export interface SummaryRow {
  /** Full name: `layer4.2.conv3`. */
  name: string;
  /** torch.nn's class. */
  type: Layer['type'];
  /** Of one image: channels, height, width; of `fc` outputs alone. */
  outputShape: number[];
  /** Numbers in its weights; statistics of batch norms are none. */
  parameters: number;
  /** Multiply-adds of one image; counted of convolutions and `fc` alone. */
  macs: number;
  /** Whether its parameters are trained; null where it has none. */
  trained: boolean | null;
}

/** Sums over the whole network. */
export interface SummaryTotals {
  /** Numbers in all weights. */
  parameters: number;
  /** Those that are trained. */
  trainedParameters: number;
  /** Bytes of a state dict in float32: parameters, and the statistics and counters of the batch norms. */
  bytes: number;
  /**
   * Multiply-adds of one image, of convolutions and `fc` alone: torchvision's `_ops`, which it calls GFLOPS, times 10^9
   * (torchvision 0.29.1, models/resnet.py).
   */
  macs: number;
}

type Shape = readonly number[];

interface Cost {
  shape: Shape;
  macs: number;
}

/**
 * Rows and sums of a network.
 *
 * @param input shape of one image: channels, height, width
 * @param trainFrom the children of the network before this one are frozen
 */
export function measure(
  network: Container,
  input: Shape,
  trainFrom: (typeof TRAIN_FROM)[number],
): { rows: SummaryRow[]; totals: SummaryTotals } {
  const costs = costsOf(network, input);
  const order = Object.keys(network.children);
  const first = order.indexOf(trainFrom);
  const rows = [...layersOf(network)].map(({ name, layer }): SummaryRow => {
    const parameters = sum(parametersOf(layer).map(({ shape }) => elementCount(shape) ?? NaN));
    const trained = order.indexOf(name.split('.', 1)[0] as string) >= first;
    const { shape, macs } = costs.get(name) as Cost;
    return {
      name,
      type: layer.type,
      outputShape: [...shape],
      parameters,
      macs,
      trained: parameters === 0 ? null : trained,
    };
  });
  return {
    rows,
    totals: {
      parameters: sum(rows.map((row) => row.parameters)),
      trainedParameters: sum(rows.map((row) => (row.trained === true ? row.parameters : 0))),
      bytes: sum(tensorsOf(network).map(({ dtype, shape }) => byteLength(dtype, shape) ?? NaN)),
      macs: sum(rows.map((row) => row.macs)),
    },
  };
}

/** What every layer gives and costs, by running a shape through the network. A ReLU that runs several times keeps its last. */
function costsOf(network: Container, input: Shape): Map<string, Cost> {
  const costs = new Map<string, Cost>();
  const keep = ({ name }: Named, shape: Shape, macs = 0): Shape => {
    costs.set(name, { shape, macs });
    return shape;
  };
  forward<Shape>(
    network,
    {
      convolve(convolution, norm, x) {
        const { inputs, outputs, kernel, groups } = convolution.layer;
        const [, height = 0, width = 0] = x;
        const shape = [outputs, slide(height, convolution.layer), slide(width, convolution.layer)];
        keep(convolution, shape, (inputs / groups) * kernel * kernel * (elementCount(shape) ?? NaN));
        return keep(norm, shape);
      },
      relu: (relu, x) => keep(relu, x),
      maxPool(pool, [channels = 0, height = 0, width = 0]) {
        return keep(pool, [channels, slide(height, pool.layer), slide(width, pool.layer)]);
      },
      add: (_name, x) => x,
      averagePool: (pool, [channels = 0]) => keep(pool, [channels, 1, 1]),
      linear: (linear) => keep(linear, [linear.layer.outputs], linear.layer.inputs * linear.layer.outputs),
    },
    input,
  );
  return costs;
}

/** Positions of a window along one side. */
function slide(side: number, { kernel, stride, padding }: { kernel: number; stride: number; padding: number }): number {
  return Math.floor((side + 2 * padding - kernel) / stride) + 1;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
