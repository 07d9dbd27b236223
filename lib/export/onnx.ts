import type { BatchNorm, Container, Convolution, Linear, Pool } from '../network/architecture';
import { cardMetadata, type ModelCard } from '../model/describe';
import { forward, type Named, type Operations } from '../network/forward';
import type { Preprocessing } from '../options';
import type { StateDict } from '../weights/state-dict';
import { toFloat32Bytes } from '../network/floats';
import { floatsOf, foldedBias, foldedWeight } from '../network/fold';
import { ONNX_FLOAT, ONNX_UINT8, type OnnxInitializer, type OnnxModel, type OnnxNode } from './onnx-proto';

/** Name of the graph's input and output, and of their first dimension. */
export const ONNX_INPUT = 'input';
export const ONNX_OUTPUT = 'logits';
/** The second output, of a model that tells by it what is none of its classes. */
const ONNX_FEATURES = 'features';
const BATCH = 'batch';

/**
 * The graph of a ResNet for ONNX, operations of opset 17 (https://onnx.ai/onnx/operators/): batch norms folded into the
 * convolutions before them. Output `logits`, float32 [batch, classes]. Input `input`:
 *
 * - plain: float32 [batch, 3, crop, crop], RGB, normalised;
 * - with preprocessing: uint8 [batch, crop, crop, 3], the pixels of a crop as decoders give them; the graph divides by 255
 *   and normalises.
 *
 * Of a model that was taught to say "none of these" there is a second output, `features`, float32 [batch, width]: what goes into `fc`.
 *
 * Metadata: those of the model's card (`format`, `arch`, `classes`, `preprocessing`, the latter two JSON) and `input`, a text; of a calibrated model
 * also `temperature`, where it is left to the user, and `logits`, a text.
 *
 * @param tensors all tensors of `network`
 * @param options.input another name of the input
 * @param options.calibrated whether the logits are divided by the model's temperature, so that their softmax is calibrated; by default they are as
 *   trained, and the metadata have the temperature
 */
export function buildOnnx(
  network: Container,
  tensors: StateDict,
  card: ModelCard,
  options: { withPreprocessing: boolean; input?: string; calibrated?: boolean },
): OnnxModel {
  const { input = ONNX_INPUT } = options;
  const { crop } = card.preprocessing;
  const divisor = options.calibrated === true ? card.temperature : undefined;
  const graph = new GraphBuilder(tensors, divisor);
  const planes = options.withPreprocessing ? graph.normalise(input, card.preprocessing) : input;
  forward(network, graph, planes);
  return {
    name: card.arch,
    nodes: graph.nodes,
    initializers: graph.initializers,
    input: options.withPreprocessing
      ? { name: input, elementType: ONNX_UINT8, shape: [BATCH, crop, crop, 3] }
      : { name: input, elementType: ONNX_FLOAT, shape: [BATCH, 3, crop, crop] },
    outputs: [
      { name: ONNX_OUTPUT, elementType: ONNX_FLOAT, shape: [BATCH, card.classes.length] },
      ...(card.unknown === undefined
        ? []
        : [{ name: ONNX_FEATURES, elementType: ONNX_FLOAT, shape: [BATCH, card.unknown.references.width] }]),
    ],
    metadata: {
      ...cardMetadata(divisor === undefined ? card : dividedCard(card, divisor)),
      ...(card.temperature === undefined ? {} : { logits: logitsText(card.temperature, divisor !== undefined) }),
      input: options.withPreprocessing
        ? 'uint8 RGB crops, batch x height x width x 3; the graph normalises them'
        : 'float32 RGB crops, batch x 3 x height x width, in 0..1, then (x - mean) / std',
    },
  };
}

/** The card of a model whose outputs are divided already, so that nobody divides them again. */
function dividedCard({ temperature: _, unknown, ...card }: ModelCard, divisor: number): ModelCard {
  if (unknown === undefined) return card;
  return { ...card, unknown: { ...unknown, temperature: unknown.temperature / divisor } };
}

function logitsText(temperature: number, divided: boolean): string {
  if (divided) return `as trained, divided by the temperature ${temperature}: their softmax is calibrated`;
  return 'as trained; divided by the temperature their softmax is calibrated';
}

/** Collects nodes and tensors; a value is known by its name. */
class GraphBuilder implements Operations<string> {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxInitializer[] = [];
  /** How often a name was asked for. */
  private readonly used = new Map<string, number>();

  /** @param divisor of the logits, default 1 */
  constructor(
    private readonly tensors: StateDict,
    private readonly divisor = 1,
  ) {}

  /** torchvision's ToTensor and Normalize. */
  normalise(x: string, { mean, std }: Preprocessing): string {
    const channels = [1, 3, 1, 1];
    x = this.node('Cast', 'preprocessing.cast', [x], { to: ONNX_FLOAT });
    x = this.node('Transpose', 'preprocessing.transpose', [x], { perm: [0, 3, 1, 2] });
    x = this.node('Div', 'preprocessing.scale', [x, this.constant('preprocessing.255', [], [255])]);
    x = this.node('Sub', 'preprocessing.center', [x, this.constant('preprocessing.mean', channels, mean)]);
    return this.node('Div', 'preprocessing.normalise', [x, this.constant('preprocessing.std', channels, std)]);
  }

  convolve({ name, layer }: Named<Convolution>, norm: Named<BatchNorm>, x: string): string {
    const { inputs, outputs, kernel, stride, padding, groups } = layer;
    const { tensors } = this;
    const weight = this.initializer(`${name}.weight`, [outputs, inputs / groups, kernel, kernel], () =>
      foldedWeight(tensors, name, norm.name),
    );
    const bias = this.initializer(`${name}.bias`, [outputs], () => foldedBias(tensors, norm.name));
    return this.node('Conv', name, [x, weight, bias], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [padding, padding, padding, padding],
      ...(groups === 1 ? {} : { group: groups }),
    });
  }

  relu({ name }: Named, x: string): string {
    return this.node('Relu', name, [x]);
  }

  maxPool({ name, layer: { kernel, stride, padding } }: Named<Pool>, x: string): string {
    return this.node('MaxPool', name, [x], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [padding, padding, padding, padding],
    });
  }

  add(name: string, x: string, shortcut: string): string {
    return this.node('Add', `${name}.add`, [x, shortcut]);
  }

  averagePool({ name }: Named, x: string): string {
    return this.node('Flatten', 'flatten', [this.node('GlobalAveragePool', name, [x])], { axis: 1 }, ONNX_FEATURES);
  }

  linear({ name, layer: { inputs, outputs } }: Named<Linear>, x: string): string {
    const own = (key: string, shape: number[]): string => {
      const floats = (): ArrayLike<number> => {
        const values = floatsOf(this.tensors, `${name}.${key}`);
        return this.divisor === 1 ? values : Float64Array.from(values, (value) => value / this.divisor);
      };
      return this.initializer(`${name}.${key}`, shape, floats);
    };
    const inputNames = [x, own('weight', [outputs, inputs]), own('bias', [outputs])];
    return this.node('Gemm', name, inputNames, { transB: 1 }, ONNX_OUTPUT);
  }

  private constant(name: string, shape: number[], values: readonly number[]): string {
    return this.initializer(name, shape, () => values);
  }

  private initializer(name: string, shape: number[], values: () => ArrayLike<number>): string {
    this.initializers.push({ name, shape, bytes: () => toFloat32Bytes(values()) });
    return name;
  }

  private node(
    op: string,
    name: string,
    inputs: string[],
    attributes: OnnxNode['attributes'] = {},
    output?: string,
  ): string {
    const count = (this.used.get(name) ?? 0) + 1;
    this.used.set(name, count);
    const unique = count === 1 ? name : `${name}.${count}`;
    this.nodes.push({ op, name: unique, inputs, output: output ?? `${unique}.output`, attributes });
    return output ?? `${unique}.output`;
  }
}
