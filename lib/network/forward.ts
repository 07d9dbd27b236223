import { TRAIN_FROM } from '../options';
import type { BatchNorm, Container, Convolution, Layer, Linear, Pool } from './architecture';

/** A layer under its full name. */
export interface Named<L extends Layer = Layer> {
  name: string;
  layer: L;
}

/**
 * What each operation of the network makes of its inputs; `T` is whatever stands for a tensor: a shape, or a name in a graph.
 * A block calls its one ReLU several times.
 */
export interface Operations<T> {
  convolve(convolution: Named<Convolution>, norm: Named<BatchNorm>, x: T): T;
  relu(relu: Named, x: T): T;
  maxPool(pool: Named<Pool>, x: T): T;
  /** The end of the residual block `name`. */
  add(name: string, x: T, shortcut: T): T;
  /** Average over height and width, flattened to one feature a channel. */
  averagePool(pool: Named, x: T): T;
  linear(linear: Named<Linear>, x: T): T;
}

/** Where the network may be cut: each stage begins with the module of this number in TRAIN_FROM; that of `layer4` ends with the pooling. */
export const STAGES = TRAIN_FROM.length;

/** The stage that a module or a tensor of the state dict belongs to, by its full name; -1 for one without parameters. */
export function stageOf(name: string): number {
  const [module] = name.split('.');
  return module === 'bn1' ? 0 : TRAIN_FROM.findIndex((from) => from === module);
}

/** Goes through the network as torchvision's ResNet.forward does (torchvision 0.29.1, models/resnet.py). */
export function forward<T>(network: Container, operations: Operations<T>, input: T): T {
  let x = input;
  for (let stage = 0; stage < STAGES; stage++) x = forwardStage(network, operations, stage, x);
  return x;
}

/** Goes through one stage of {@link STAGES}. */
export function forwardStage<T>(network: Container, operations: Operations<T>, stage: number, input: T): T {
  const own = children(network, '');
  if (stage === 0) {
    const x = operations.convolve(own('Conv2d', 'conv1'), own('BatchNorm2d', 'bn1'), input);
    return operations.maxPool(own('MaxPool2d', 'maxpool'), operations.relu(own('ReLU', 'relu'), x));
  }
  if (stage === STAGES - 1) return operations.linear(own('Linear', 'fc'), input);
  let x = input;
  const key = `layer${stage}`;
  const layer = network.children[key];
  if (layer === undefined || !('children' in layer)) throw new Error(`${key} is no layer`);
  for (const [index, block] of Object.entries(layer.children)) {
    if ('children' in block) x = forwardBlock(block, `${key}.${index}`, operations, x);
  }
  return stage === STAGES - 2 ? operations.averagePool(own('AdaptiveAvgPool2d', 'avgpool'), x) : x;
}

function forwardBlock<T>(block: Container, name: string, operations: Operations<T>, input: T): T {
  const own = children(block, `${name}.`);
  const convolutions = block.type === 'Bottleneck' ? 3 : 2;
  let x = input;
  for (let i = 1; i <= convolutions; i++) {
    x = operations.convolve(own('Conv2d', `conv${i}`), own('BatchNorm2d', `bn${i}`), x);
    if (i < convolutions) x = operations.relu(own('ReLU', 'relu'), x);
  }
  let shortcut = input;
  const downsample = block.children['downsample'];
  if (downsample !== undefined && 'children' in downsample) {
    const inner = children(downsample, `${name}.downsample.`);
    shortcut = operations.convolve(inner('Conv2d', '0'), inner('BatchNorm2d', '1'), input);
  }
  return operations.relu(own('ReLU', 'relu'), operations.add(name, x, shortcut));
}

/** Finds the children of a container by type and key. */
function children(container: Container, prefix: string) {
  return <K extends Layer['type']>(type: K, key: string): Named<Extract<Layer, { type: K }>> => {
    const layer = container.children[key];
    if (layer?.type !== type) throw new Error(`${prefix}${key} is no ${type}`);
    return { name: prefix + key, layer: layer as Extract<Layer, { type: K }> };
  };
}
