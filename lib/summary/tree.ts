import type { Layer, Module } from '../network/architecture';

/**
 * The module tree as Python's print(model) shows torchvision's (torch.nn.Module.__repr__), without the `bias=True` that PyTorch
 * 2.13 and newer print in a batch norm. No newline at the end.
 */
export function printTree(module: Module): string {
  if (!('children' in module)) return printLayer(module);
  const lines = Object.entries(module.children).map(([name, child]) =>
    `(${name}): ${printTree(child)}`.replaceAll('\n', '\n  '),
  );
  return `${module.type}(\n  ${lines.join('\n  ')}\n)`;
}

function printLayer(layer: Layer): string {
  switch (layer.type) {
    case 'Conv2d': {
      const { inputs, outputs, kernel, stride, padding, groups } = layer;
      const padded = padding === 0 ? '' : `, padding=${pair(padding)}`;
      const grouped = groups === 1 ? '' : `, groups=${groups}`;
      return `Conv2d(${inputs}, ${outputs}, kernel_size=${pair(kernel)}, stride=${pair(stride)}${padded}${grouped}, bias=False)`;
    }
    case 'BatchNorm2d':
      return `BatchNorm2d(${layer.channels}, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)`;
    case 'ReLU':
      return 'ReLU(inplace=True)';
    case 'MaxPool2d': {
      const { kernel, stride, padding } = layer;
      return `MaxPool2d(kernel_size=${kernel}, stride=${stride}, padding=${padding}, dilation=1, ceil_mode=False)`;
    }
    case 'AdaptiveAvgPool2d':
      return 'AdaptiveAvgPool2d(output_size=(1, 1))';
    case 'Linear':
      return `Linear(in_features=${layer.inputs}, out_features=${layer.outputs}, bias=True)`;
  }
}

function pair(side: number): string {
  return `(${side}, ${side})`;
}
