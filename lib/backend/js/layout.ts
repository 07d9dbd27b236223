// PyTorch keeps the weights of a convolution as outputs x inputs x height x width, and TensorFlow.js as height x width x inputs x outputs.

import type { Layer } from '../../network/architecture';

/** Weights of a convolution for TensorFlow.js; `area` is height x width. */
export function toHwio(oihw: Float32Array, outputs: number, inputs: number, area: number): Float32Array {
  const hwio = new Float32Array(oihw.length);
  let from = 0;
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      for (let k = 0; k < area; k++) hwio[(k * inputs + i) * outputs + o] = oihw[from++] as number;
    }
  }
  return hwio;
}

/** Weights of a convolution for PyTorch; `area` is height x width. */
function toOihw(hwio: Float32Array, outputs: number, inputs: number, area: number): Float32Array {
  const oihw = new Float32Array(hwio.length);
  let to = 0;
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      for (let k = 0; k < area; k++) oihw[to++] = hwio[(k * inputs + i) * outputs + o] as number;
    }
  }
  return oihw;
}

/** A matrix of `rows` x `columns`, transposed: as fully connected layers are kept. */
export function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  return toHwio(matrix, rows, columns, 1);
}

/** Shape of a parameter in TensorFlow.js. */
export function shapeOf(layer: Layer, torch: number[]): number[] {
  if (layer.type === 'Conv2d') return [layer.kernel, layer.kernel, layer.inputs / layer.groups, layer.outputs];
  return [...torch].reverse();
}

/** Of a parameter in PyTorch, from that in TensorFlow.js. */
export function torchShape(layer: Layer, own: readonly number[]): number[] {
  if (layer.type === 'Conv2d') return [layer.outputs, layer.inputs / layer.groups, layer.kernel, layer.kernel];
  return [...own].reverse();
}

/** Values of a parameter of so many dimensions for TensorFlow.js, from those for PyTorch. */
export function toTf(layer: Layer, values: Float32Array, rank: number): Float32Array {
  if (layer.type === 'Conv2d') return toHwio(values, layer.outputs, layer.inputs / layer.groups, layer.kernel ** 2);
  return layer.type === 'Linear' && rank === 2 ? transposed(values, layer.outputs, layer.inputs) : values;
}

/** Values of a parameter of so many dimensions for PyTorch, from those for TensorFlow.js. */
export function toTorch(layer: Layer, values: Float32Array, rank: number): Float32Array {
  if (layer.type === 'Conv2d') return toOihw(values, layer.outputs, layer.inputs / layer.groups, layer.kernel ** 2);
  return layer.type === 'Linear' && rank === 2 ? transposed(values, layer.inputs, layer.outputs) : values;
}
