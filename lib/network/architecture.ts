import type { Architecture } from '../options';
import type { ModelTensor } from '../weights/transfer';

// The modules of torchvision's ResNets (torchvision 0.29.1, models/resnet.py) as data: their names, their order of
// registration and their hyperparameters. This is the only place that says them: backends are handed the tree. What runs after what is in
// forward.ts, and for LibTorch in native/core/resnet.cpp and folded_resnet.cpp.

/** A convolution without bias; kernel, stride and padding are those of both sides. */
export interface Convolution {
  type: 'Conv2d';
  inputs: number;
  outputs: number;
  kernel: number;
  stride: number;
  padding: number;
  /** Inputs and outputs are cut into so many groups, and an output sees only the inputs of its own. */
  groups: number;
}

export interface BatchNorm {
  type: 'BatchNorm2d';
  channels: number;
}

export interface Pool {
  type: 'MaxPool2d';
  kernel: number;
  stride: number;
  padding: number;
}

/** A fully connected layer with bias. */
export interface Linear {
  type: 'Linear';
  inputs: number;
  outputs: number;
}

/** A module without children. */
export type Layer = Convolution | BatchNorm | Pool | Linear | { type: 'ReLU' } | { type: 'AdaptiveAvgPool2d' };

/** A module that consists of others: a plain value, as JSON has them. */
export interface Container {
  type: 'ResNet' | 'Sequential' | 'BasicBlock' | 'Bottleneck';
  /** In the order in which torchvision registers them; the numbers of a `Sequential` are in that order by themselves. */
  children: Readonly<Record<string, Module>>;
}

export type Module = Layer | Container;

/** Added to a batch norm's variance: torch.nn.BatchNorm2d's default, which torchvision keeps. */
export const BATCH_NORM_EPS = 1e-5;

/** Outputs of `fc` in torchvision's models. */
export const IMAGENET_OUTPUTS = 1000;

/** What tells one architecture from another. */
export interface ArchitectureShape {
  bottleneck: boolean;
  /** Blocks of each layer. */
  blocks: readonly number[];
  /** Of the 3x3 convolution of a bottleneck; default 1. */
  groups?: number;
  /** Channels of each of these groups in the first layer, and twice as many in each layer after it; default 64. */
  widthPerGroup?: number;
}

export const ARCHITECTURE_SHAPES: Readonly<Record<Architecture, ArchitectureShape>> = {
  resnet18: { bottleneck: false, blocks: [2, 2, 2, 2] },
  resnet34: { bottleneck: false, blocks: [3, 4, 6, 3] },
  resnet50: { bottleneck: true, blocks: [3, 4, 6, 3] },
  resnet101: { bottleneck: true, blocks: [3, 4, 23, 3] },
  resnet152: { bottleneck: true, blocks: [3, 8, 36, 3] },
  resnext50_32x4d: { bottleneck: true, blocks: [3, 4, 6, 3], groups: 32, widthPerGroup: 4 },
  resnext101_32x8d: { bottleneck: true, blocks: [3, 4, 23, 3], groups: 32, widthPerGroup: 8 },
  resnext101_64x4d: { bottleneck: true, blocks: [3, 4, 23, 3], groups: 64, widthPerGroup: 4 },
  wide_resnet50_2: { bottleneck: true, blocks: [3, 4, 6, 3], widthPerGroup: 128 },
  wide_resnet101_2: { bottleneck: true, blocks: [3, 4, 23, 3], widthPerGroup: 128 },
};

const FIRST_CHANNELS = 64;
/** Channels of a bottleneck's output for each channel of the 3x3 convolution of a plain ResNet. */
const EXPANSION = 4;

/** The module tree of an architecture, or of another ResNet, with this many outputs of `fc`. */
export function buildNetwork(arch: Architecture | ArchitectureShape, outputs: number): Container {
  const shape = typeof arch === 'string' ? ARCHITECTURE_SHAPES[arch] : arch;
  const { bottleneck, blocks, groups = 1, widthPerGroup = FIRST_CHANNELS } = shape;
  const layers: Record<string, Module> = {};
  let channels = FIRST_CHANNELS;
  for (const [i, count] of blocks.entries()) {
    const planes = FIRST_CHANNELS * 2 ** i;
    const out = planes * (bottleneck ? EXPANSION : 1);
    const width = widthPerGroup * groups * 2 ** i;
    const layer: Record<string, Module> = {};
    for (let b = 0; b < count; b++) {
      const stride = i > 0 && b === 0 ? 2 : 1;
      layer[b] = bottleneck ? bottleneckBlock(channels, width, groups, out, stride) : basicBlock(channels, out, stride);
      channels = out;
    }
    layers[`layer${i + 1}`] = { type: 'Sequential', children: layer };
  }
  return {
    type: 'ResNet',
    children: {
      ...normalized(1, { ...convolution(3, FIRST_CHANNELS, 7), stride: 2 }),
      relu: { type: 'ReLU' },
      maxpool: { type: 'MaxPool2d', kernel: 3, stride: 2, padding: 1 },
      ...layers,
      avgpool: { type: 'AdaptiveAvgPool2d' },
      fc: { type: 'Linear', inputs: channels, outputs },
    },
  };
}

function basicBlock(inputs: number, outputs: number, stride: number): Container {
  return {
    type: 'BasicBlock',
    children: {
      ...normalized(1, { ...convolution(inputs, outputs, 3), stride }),
      relu: { type: 'ReLU' },
      ...normalized(2, convolution(outputs, outputs, 3)),
      ...shortcut(inputs, outputs, stride),
    },
  };
}

function bottleneckBlock(inputs: number, width: number, groups: number, outputs: number, stride: number): Container {
  return {
    type: 'Bottleneck',
    children: {
      ...normalized(1, convolution(inputs, width, 1)),
      ...normalized(2, { ...convolution(width, width, 3), stride, groups }),
      ...normalized(3, convolution(width, outputs, 1)),
      relu: { type: 'ReLU' },
      ...shortcut(inputs, outputs, stride),
    },
  };
}

/** What makes a block's input as large as its output, where it is not. */
function shortcut(inputs: number, outputs: number, stride: number): Record<string, Module> {
  if (stride === 1 && inputs === outputs) return {};
  const children = { 0: { ...convolution(inputs, outputs, 1), stride }, 1: batchNorm(outputs) };
  return { downsample: { type: 'Sequential', children } };
}

function normalized(number: number, conv: Convolution): Record<string, Module> {
  return { [`conv${number}`]: conv, [`bn${number}`]: batchNorm(conv.outputs) };
}

function convolution(inputs: number, outputs: number, kernel: number): Convolution {
  return { type: 'Conv2d', inputs, outputs, kernel, stride: 1, padding: (kernel - 1) / 2, groups: 1 };
}

function batchNorm(channels: number): BatchNorm {
  return { type: 'BatchNorm2d', channels };
}

/** The modules without children under their full names (`layer4.2.conv3`), in torchvision's order. */
export function* layersOf(network: Container, prefix = ''): Generator<{ name: string; layer: Layer }> {
  for (const [key, module] of Object.entries(network.children)) {
    if ('children' in module) yield* layersOf(module, `${prefix}${key}.`);
    else yield { name: prefix + key, layer: module };
  }
}

/** Parameters of a layer by name, with their shapes, in the order of torch's state_dict(). */
export function parametersOf(layer: Layer): { name: string; shape: number[] }[] {
  switch (layer.type) {
    case 'Conv2d':
      return [{ name: 'weight', shape: [layer.outputs, layer.inputs / layer.groups, layer.kernel, layer.kernel] }];
    case 'BatchNorm2d':
      return ['weight', 'bias'].map((name) => ({ name, shape: [layer.channels] }));
    case 'Linear':
      return [
        { name: 'weight', shape: [layer.outputs, layer.inputs] },
        { name: 'bias', shape: [layer.outputs] },
      ];
    case 'ReLU':
    case 'MaxPool2d':
    case 'AdaptiveAvgPool2d':
      return [];
  }
}

/** The classifier of a network. */
export function classifierOf(network: Container): Linear {
  const { fc } = network.children;
  if (fc?.type !== 'Linear') throw new Error('the network has no classifier fc');
  return fc;
}

/** Every parameter and buffer of the network under torchvision's names, in the order of its state_dict(). */
export function tensorsOf(network: Container): ModelTensor[] {
  const tensors: ModelTensor[] = [];
  for (const { name, layer } of layersOf(network)) {
    for (const { name: key, shape } of parametersOf(layer)) {
      tensors.push({ name: `${name}.${key}`, shape, dtype: 'F32' });
    }
    if (layer.type === 'BatchNorm2d') {
      for (const key of ['running_mean', 'running_var']) {
        tensors.push({ name: `${name}.${key}`, shape: [layer.channels], dtype: 'F32' });
      }
      tensors.push({ name: `${name}.num_batches_tracked`, shape: [], dtype: 'I64' });
    }
  }
  return tensors;
}
