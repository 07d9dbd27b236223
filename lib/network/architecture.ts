import type { Architecture } from '../options';
import type { ModelTensor } from '../weights/transfer';

// The modules of torchvision's ResNets (torchvision 0.29.1, models/resnet.py) as data: their names, their order of
// registration and their hyperparameters. What runs after what is in forward.ts.

/** A convolution without bias; kernel, stride and padding are those of both sides. */
export interface Convolution {
  type: 'Conv2d';
  inputs: number;
  outputs: number;
  kernel: number;
  stride: number;
  padding: number;
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

/** A module that consists of others, in the order in which torchvision registers them. */
export interface Container {
  type: 'ResNet' | 'Sequential' | 'BasicBlock' | 'Bottleneck';
  children: ReadonlyMap<string, Module>;
}

export type Module = Layer | Container;

/** Added to a batch norm's variance: torch.nn.BatchNorm2d's default, which torchvision keeps. */
export const BATCH_NORM_EPS = 1e-5;

/** Outputs of `fc` in torchvision's models. */
export const IMAGENET_OUTPUTS = 1000;

/** Kind of block, and blocks of each layer. */
export const BLOCKS: Readonly<Record<Architecture, { bottleneck: boolean; blocks: readonly number[] }>> = {
  resnet18: { bottleneck: false, blocks: [2, 2, 2, 2] },
  resnet34: { bottleneck: false, blocks: [3, 4, 6, 3] },
  resnet50: { bottleneck: true, blocks: [3, 4, 6, 3] },
  resnet101: { bottleneck: true, blocks: [3, 4, 23, 3] },
  resnet152: { bottleneck: true, blocks: [3, 8, 36, 3] },
};

const FIRST_CHANNELS = 64;
/** Channels of a bottleneck's output for each channel of its 3x3 convolution. */
const EXPANSION = 4;

/** The module tree of an architecture whose `fc` has so many outputs. */
export function buildNetwork(arch: Architecture, outputs: number): Container {
  const { bottleneck, blocks } = BLOCKS[arch];
  const network: [string, Module][] = [
    ['conv1', { type: 'Conv2d', inputs: 3, outputs: FIRST_CHANNELS, kernel: 7, stride: 2, padding: 3 }],
    ['bn1', batchNorm(FIRST_CHANNELS)],
    ['relu', { type: 'ReLU' }],
    ['maxpool', { type: 'MaxPool2d', kernel: 3, stride: 2, padding: 1 }],
  ];
  let channels = FIRST_CHANNELS;
  for (const [i, count] of blocks.entries()) {
    const planes = FIRST_CHANNELS * 2 ** i;
    const out = planes * (bottleneck ? EXPANSION : 1);
    const layer: [string, Module][] = [];
    for (let b = 0; b < count; b++) {
      const stride = i > 0 && b === 0 ? 2 : 1;
      layer.push([String(b), block(bottleneck, channels, planes, out, stride)]);
      channels = out;
    }
    network.push([`layer${i + 1}`, { type: 'Sequential', children: new Map(layer) }]);
  }
  network.push(['avgpool', { type: 'AdaptiveAvgPool2d' }], ['fc', { type: 'Linear', inputs: channels, outputs }]);
  return { type: 'ResNet', children: new Map(network) };
}

function block(bottleneck: boolean, inputs: number, planes: number, outputs: number, stride: number): Container {
  const relu: [string, Module] = ['relu', { type: 'ReLU' }];
  const children: [string, Module][] = bottleneck
    ? [
        ...normalized(1, convolution(inputs, planes, 1)),
        ...normalized(2, convolution(planes, planes, 3, stride)),
        ...normalized(3, convolution(planes, outputs, 1)),
        relu,
      ]
    : [
        ...normalized(1, convolution(inputs, planes, 3, stride)),
        relu,
        ...normalized(2, convolution(planes, planes, 3)),
      ];
  if (stride !== 1 || inputs !== outputs) {
    const shortcut: [string, Module][] = [
      ['0', convolution(inputs, outputs, 1, stride)],
      ['1', batchNorm(outputs)],
    ];
    children.push(['downsample', { type: 'Sequential', children: new Map(shortcut) }]);
  }
  return { type: bottleneck ? 'Bottleneck' : 'BasicBlock', children: new Map(children) };
}

function normalized(number: number, conv: Convolution): [string, Module][] {
  return [
    [`conv${number}`, conv],
    [`bn${number}`, batchNorm(conv.outputs)],
  ];
}

function convolution(inputs: number, outputs: number, kernel: number, stride = 1): Convolution {
  return { type: 'Conv2d', inputs, outputs, kernel, stride, padding: (kernel - 1) / 2 };
}

function batchNorm(channels: number): BatchNorm {
  return { type: 'BatchNorm2d', channels };
}

/** The modules without children under their full names (`layer4.2.conv3`), in torchvision's order. */
export function* layersOf(network: Container, prefix = ''): Generator<{ name: string; layer: Layer }> {
  for (const [key, module] of network.children) {
    if ('children' in module) yield* layersOf(module, `${prefix}${key}.`);
    else yield { name: prefix + key, layer: module };
  }
}

/** Parameters of a layer by name, with their shapes, in the order of torch's state_dict(). */
export function parametersOf(layer: Layer): { name: string; shape: number[] }[] {
  switch (layer.type) {
    case 'Conv2d':
      return [{ name: 'weight', shape: [layer.outputs, layer.inputs, layer.kernel, layer.kernel] }];
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
