import type { PbfWriter } from 'pbf';
import { packageVersion } from '../machine/version';

// Field numbers and enum values: https://github.com/onnx/onnx/blob/v1.23.2/onnx/onnx.proto

const MODEL = { irVersion: 1, producerName: 2, producerVersion: 3, graph: 7, opsetImport: 8, metadataProps: 14 };
const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12 };
const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5 };
const ATTRIBUTE = { name: 1, i: 3, ints: 8, type: 20 };
const ATTRIBUTE_TYPE = { int: 2, ints: 7 };
const TENSOR = { dims: 1, dataType: 2, name: 8, rawData: 9 };
const VALUE_INFO = { name: 1, type: 2 };
const TYPE_TENSOR = 1;
const TENSOR_TYPE = { elemType: 1, shape: 2 };
const SHAPE_DIM = 1;
const DIMENSION = { value: 1, param: 2 };
const OPSET_VERSION = 2;
const STRING_ENTRY = { key: 1, value: 2 };

/** Wire type of length-delimited fields: https://protobuf.dev/programming-guides/encoding/#structure */
const LENGTH_DELIMITED = 2;

/** Element types (TensorProto.DataType). */
export const ONNX_FLOAT = 1;
export const ONNX_UINT8 = 2;

/** ONNX 1.12, of 2022: what onnxruntime reads from 1.12 on (docs/Versioning.md of ONNX pairs the two numbers). */
const IR_VERSION = 8;
const OPSET = 17;

/** An operation of the graph; attributes are integers or lists of them. */
export interface OnnxNode {
  op: string;
  name: string;
  inputs: string[];
  output: string;
  attributes: Record<string, number | number[]>;
}

/** A float32 tensor of the graph; its bytes are asked for when they are written, so that few are in memory at once. */
export interface OnnxInitializer {
  name: string;
  shape: number[];
  bytes: () => Uint8Array;
}

/** What goes into the graph or comes out of it; a text is the name of a dimension of any size. */
export interface OnnxValue {
  name: string;
  elementType: number;
  shape: (number | string)[];
}

/** A model of ONNX as this package writes them. */
export interface OnnxModel {
  name: string;
  nodes: OnnxNode[];
  initializers: OnnxInitializer[];
  input: OnnxValue;
  outputs: OnnxValue[];
  metadata: Record<string, string>;
}

/**
 * The bytes of a ModelProto, in pieces: lengths are known beforehand, so that no more than one tensor is in memory at a time.
 *
 * @returns the length of all pieces together, and the pieces, which can be read once
 */
export async function encodeOnnx(model: OnnxModel): Promise<{ length: number; chunks: Iterable<Uint8Array> }> {
  // An ES module, which CommonJS output can only import like this.
  const { PbfWriter } = await import('pbf');
  const encode = (write: (pbf: PbfWriter) => void): Uint8Array => {
    const pbf = new PbfWriter();
    write(pbf);
    return pbf.finish();
  };

  const tensors = model.initializers.map((initializer) => {
    const size = 4 * initializer.shape.reduce((product, side) => product * side, 1);
    const fields = encode((pbf) => writeTensorHead(initializer, size, pbf));
    const head = encode((pbf) => {
      pbf.writeTag(GRAPH.initializer, LENGTH_DELIMITED);
      pbf.writeVarint(fields.length + size);
    });
    return { head, fields, size, initializer };
  });
  const graph = encode((pbf) => writeGraph(model, pbf));
  const graphLength = tensors.reduce(
    (sum, { head, fields, size }) => sum + head.length + fields.length + size,
    graph.length,
  );
  const begin = encode((pbf) => {
    pbf.writeVarintField(MODEL.irVersion, IR_VERSION);
    pbf.writeStringField(MODEL.producerName, 'resnet-ft');
    pbf.writeStringField(MODEL.producerVersion, packageVersion());
    pbf.writeTag(MODEL.graph, LENGTH_DELIMITED);
    pbf.writeVarint(graphLength);
  });
  const end = encode((pbf) => {
    pbf.writeMessage(MODEL.opsetImport, (version, opset) => opset.writeVarintField(OPSET_VERSION, version), OPSET);
    for (const entry of Object.entries(model.metadata)) pbf.writeMessage(MODEL.metadataProps, writeStringEntry, entry);
  });

  function* chunks(): Generator<Uint8Array> {
    yield begin;
    yield graph;
    for (const { head, fields, size, initializer } of tensors) {
      yield head;
      yield fields;
      const bytes = initializer.bytes();
      if (bytes.length !== size) throw new Error(`${initializer.name} has ${bytes.length} bytes, not ${size}`);
      yield bytes;
    }
    yield end;
  }
  return { length: begin.length + graphLength + end.length, chunks: chunks() };
}

function writeGraph(model: OnnxModel, pbf: PbfWriter): void {
  for (const node of model.nodes) pbf.writeMessage(GRAPH.node, writeNode, node);
  pbf.writeStringField(GRAPH.name, model.name);
  pbf.writeMessage(GRAPH.input, writeValue, model.input);
  for (const output of model.outputs) pbf.writeMessage(GRAPH.output, writeValue, output);
}

function writeNode(node: OnnxNode, pbf: PbfWriter): void {
  for (const input of node.inputs) pbf.writeStringField(NODE.input, input);
  pbf.writeStringField(NODE.output, node.output);
  pbf.writeStringField(NODE.name, node.name);
  pbf.writeStringField(NODE.opType, node.op);
  for (const attribute of Object.entries(node.attributes)) pbf.writeMessage(NODE.attribute, writeAttribute, attribute);
}

function writeAttribute([name, value]: [string, number | number[]], pbf: PbfWriter): void {
  pbf.writeStringField(ATTRIBUTE.name, name);
  if (typeof value === 'number') {
    pbf.writeVarintField(ATTRIBUTE.i, value);
  } else {
    for (const one of value) pbf.writeVarintField(ATTRIBUTE.ints, one);
  }
  pbf.writeVarintField(ATTRIBUTE.type, typeof value === 'number' ? ATTRIBUTE_TYPE.int : ATTRIBUTE_TYPE.ints);
}

/** All fields of a TensorProto up to the bytes of `raw_data`, which follow. */
function writeTensorHead({ name, shape }: OnnxInitializer, size: number, pbf: PbfWriter): void {
  for (const side of shape) pbf.writeVarintField(TENSOR.dims, side);
  pbf.writeVarintField(TENSOR.dataType, ONNX_FLOAT);
  pbf.writeStringField(TENSOR.name, name);
  pbf.writeTag(TENSOR.rawData, LENGTH_DELIMITED);
  pbf.writeVarint(size);
}

function writeValue({ name, elementType, shape }: OnnxValue, pbf: PbfWriter): void {
  pbf.writeStringField(VALUE_INFO.name, name);
  pbf.writeMessage(
    VALUE_INFO.type,
    (_, type) => type.writeMessage(TYPE_TENSOR, writeTensorType, { elementType, shape }),
    undefined,
  );
}

function writeTensorType({ elementType, shape }: Pick<OnnxValue, 'elementType' | 'shape'>, pbf: PbfWriter): void {
  pbf.writeVarintField(TENSOR_TYPE.elemType, elementType);
  pbf.writeMessage(
    TENSOR_TYPE.shape,
    (sides, out) => {
      for (const side of sides) out.writeMessage(SHAPE_DIM, writeDimension, side);
    },
    shape,
  );
}

function writeDimension(side: number | string, pbf: PbfWriter): void {
  if (typeof side === 'number') pbf.writeVarintField(DIMENSION.value, side);
  else pbf.writeStringField(DIMENSION.param, side);
}

function writeStringEntry([key, value]: [string, string], pbf: PbfWriter): void {
  pbf.writeStringField(STRING_ENTRY.key, key);
  pbf.writeStringField(STRING_ENTRY.value, value);
}
