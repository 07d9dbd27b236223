import {
  classifierOf,
  IMAGENET_OUTPUTS,
  layersOf,
  parametersOf,
  tensorsOf,
  type Container,
  type Layer,
  type Linear,
} from '../../network/architecture';
import { elementCount } from '../../weights/state-dict';
import type { NamedTensor } from '../../weights/state-dict';
import type { Generator } from './random';
import { nextTurn } from './turn';

/**
 * The weights that torchvision's `resnetNN()` draws, and then a new `fc` of the network's outputs, from the generator (see
 * native/core/resnet.cpp). In the order of torchvision's state dict.
 */
export async function drawInitialWeights(network: Container, generator: Generator): Promise<NamedTensor[]> {
  // Every convolution, and ImageNet's fc, draws weights when it is made; all of them are replaced.
  const first = [...layersOf(network)].map(({ layer }) => layer).filter(({ type }) => type === 'Conv2d');
  for (const layer of [...first, { ...classifierOf(network), outputs: IMAGENET_OUTPUTS }])
    skipWeights(layer, generator);
  const drawn = new Map<string, Float32Array>();
  for (const { name, layer } of layersOf(network)) {
    if (layer.type === 'Conv2d') {
      // kaiming_normal_(mode='fan_out', nonlinearity='relu')
      const fanOut = layer.outputs * layer.kernel ** 2;
      const count = (fanOut * layer.inputs) / layer.groups;
      drawn.set(`${name}.weight`, generator.normal(count, Math.SQRT2 / Math.sqrt(fanOut)));
      await nextTurn();
    } else if (layer.type === 'Linear') {
      for (const [key, values] of drawLinear(layer, generator)) drawn.set(`${name}.${key}`, values);
    }
  }
  return tensorsOf(network).map(({ name, shape, dtype }) => {
    const count = elementCount(shape) ?? 0;
    if (dtype === 'I64') return { name, shape, dtype, data: new Uint8Array(8 * count) };
    // What is not drawn are batch norms: gamma and the variance start as 1, beta and the mean as 0.
    const one = name.endsWith('.weight') || name.endsWith('.running_var') ? 1 : 0;
    const values = drawn.get(name) ?? new Float32Array(count).fill(one);
    return { name, shape, dtype, data: new Uint8Array(values.buffer) };
  });
}

/** torch.nn.Linear's: kaiming_uniform_(a=sqrt(5)), whose bound is that of the bias, 1 / sqrt(inputs). */
function drawLinear({ inputs, outputs }: Linear, generator: Generator): [string, Float32Array][] {
  const gain = Math.sqrt(2 / (1 + Math.sqrt(5) ** 2));
  const bound = Math.sqrt(3) * (gain / Math.sqrt(inputs));
  const biasBound = 1 / Math.sqrt(inputs);
  return [
    ['weight', generator.uniform(outputs * inputs, -bound, bound)],
    ['bias', generator.uniform(outputs, -biasBound, biasBound)],
  ];
}

function skipWeights(layer: Layer, generator: Generator): void {
  for (const { shape } of parametersOf(layer)) generator.skip(elementCount(shape) ?? 0);
}
