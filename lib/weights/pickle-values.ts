import { MAX_DIMENSIONS, isSize, isSizes, type Dtype } from './state-dict';

// What a pickle of torch.save may name and build, after torch/_weights_only_unpickler.py, torch/_utils.py and
// torch/storage.py. Names that torch allows and a state dict of this package has no use for are known, not obeyed.

/** Why a pickle can't be read: damaged, or asking for something that is not allowed. */
export class PickleError extends Error {}

/** A storage that the pickle refers to, or a part of one (which PyTorch before 0.4 made); sizes are in elements. */
export class StorageRef {
  constructor(
    readonly dtype: Dtype,
    readonly key: string,
    readonly count: number,
    readonly part: { offset: number; count: number },
  ) {}
}

/** A view of a storage, not checked against it yet; `offset` counts from the start of the whole storage. */
export class TensorRef {
  constructor(
    readonly storage: StorageRef,
    readonly offset: number,
    readonly shape: number[],
    readonly stride: number[],
  ) {}
}

/** A tensor or storage that PyTorch would load and this package does not, with the reason for the message. */
export class Unsupported {
  constructor(readonly what: string) {}
}

/** A tuple, apart from a list, which may still grow. */
export class Tuple {
  constructor(readonly items: readonly unknown[]) {}
}

export class Global {
  constructor(
    readonly name: string,
    readonly call?: (items: readonly unknown[]) => unknown,
    readonly storage?: Dtype | Unsupported,
  ) {}
}

/** A value that PyTorch allows beside tensors, of no use here. */
export const LEFT_OUT = new Global('a value that is left out');

const STORAGES: readonly (readonly [string, Dtype])[] = [
  ['DoubleStorage', 'F64'],
  ['FloatStorage', 'F32'],
  ['HalfStorage', 'F16'],
  ['BFloat16Storage', 'BF16'],
  ['LongStorage', 'I64'],
  ['IntStorage', 'I32'],
  ['ShortStorage', 'I16'],
  ['CharStorage', 'I8'],
  ['ByteStorage', 'U8'],
  ['BoolStorage', 'BOOL'],
];

/** The name in `torch` of the storage class of an element type. */
export const STORAGE_NAMES: ReadonlyMap<Dtype, string> = new Map(STORAGES.map(([name, dtype]) => [dtype, name]));

const OTHER_STORAGES: readonly (readonly [string, string])[] = [
  ['ComplexFloatStorage', 'complex64'],
  ['ComplexDoubleStorage', 'complex128'],
  ['QInt8Storage', 'qint8'],
  ['QUInt8Storage', 'quint8'],
  ['QInt32Storage', 'qint32'],
  ['QUInt4x2Storage', 'quint4x2'],
  ['QUInt2x4Storage', 'quint2x4'],
];

const DTYPES = [
  ...['float64', 'float32', 'float16', 'bfloat16', 'int64', 'int32', 'int16', 'int8', 'uint8', 'bool'],
  ...['float8_e5m2', 'float8_e4m3fn', 'float8_e5m2fnuz', 'float8_e4m3fnuz', 'float8_e8m0fnu', 'float4_e2m1fn_x2'],
  ...['bits8', 'bits16', 'bits1x8', 'bits2x4', 'bits4x2', 'uint16', 'uint32', 'uint64'],
  ...['complex32', 'bcomplex32', 'complex64', 'complex128', 'qint8', 'quint8', 'qint32', 'quint4x2', 'quint2x4'],
  ...[1, 2, 3, 4, 5, 6, 7].flatMap((bits) => [`int${bits}`, `uint${bits}`]),
];

const QUANTIZATION = ['tensor_affine', 'tensor_symmetric', 'channel_affine', 'channel_symmetric'].map(
  (name) => `per_${name}`,
);

const leftOut = (): unknown => LEFT_OUT;
const unsupported = (what: string) => (): unknown => new Unsupported(what);

const GLOBALS: ReadonlyMap<string, Global> = new Map(
  [
    new Global('collections.OrderedDict', orderedDict),
    new Global('torch._utils._rebuild_tensor', rebuildTensor),
    new Global('torch._utils._rebuild_tensor_v2', rebuildTensor),
    new Global('torch._utils._rebuild_tensor_v3', rebuildTensorOfDtype),
    new Global('torch._utils._rebuild_parameter', parameter),
    new Global('torch._utils._rebuild_parameter_with_state', parameter),
    new Global('torch.nn.parameter.Parameter', parameter),
    new Global('torch._tensor._rebuild_from_type_v2', rebuildFromType),
    new Global('torch.Tensor'),
    new Global('torch.Size', ([items]) => (Array.isArray(items) ? new Tuple(items) : items)),
    new Global('torch._utils._rebuild_qtensor', unsupported('quantized')),
    new Global('torch._utils._rebuild_sparse_tensor', unsupported('sparse')),
    new Global('torch._utils._rebuild_nested_tensor', unsupported('nested')),
    new Global('torch._utils._rebuild_meta_tensor_no_storage', unsupported('on the meta device, without values')),
    new Global('torch._utils._rebuild_wrapper_subclass', unsupported('of a class of its own')),
    new Global('torch._utils._rebuild_device_tensor_from_numpy', unsupported('of another device')),
    new Global('torch._utils._rebuild_device_tensor_from_cpu_tensor', unsupported('of another device')),
    ...['collections.Counter', 'torch.device', 'torch.serialization._get_layout', '_codecs.encode'].map(
      (name) => new Global(name, leftOut),
    ),
    ...['bytearray', 'set', 'complex'].flatMap((name) =>
      ['builtins', '__builtin__'].map((module) => new Global(`${module}.${name}`, leftOut)),
    ),
    ...STORAGES.map(([name, dtype]) => new Global(`torch.${name}`, undefined, dtype)),
    ...OTHER_STORAGES.map(
      ([name, dtype]) => new Global(`torch.${name}`, undefined, new Unsupported(`of dtype torch.${dtype}`)),
    ),
    ...['torch.storage.UntypedStorage', 'torch.UntypedStorage', 'torch.storage._UntypedStorage'].map(
      (name) => new Global(name, undefined, new Unsupported('a storage without a dtype')),
    ),
    ...[...DTYPES, ...QUANTIZATION, 'per_channel_affine_float_qparams'].map((name) => new Global(`torch.${name}`)),
  ].map((global) => [global.name, global]),
);

/** The meaning of a name; a PickleError for every name that is not on the list. */
export function allowed(module: unknown, name: unknown): Global {
  const full = typeof module === 'string' && typeof name === 'string' ? `${module}.${name}` : 'a name that is not text';
  const global = GLOBALS.get(full);
  if (global === undefined)
    throw new PickleError(`the pickle asks for ${JSON.stringify(full.slice(0, 120))}, which is not allowed`);
  return global;
}

/** The storage that a persistent id names. The sixth item, part of a storage, is only in files of the older format. */
export function storage(id: unknown): StorageRef | Unsupported {
  const items = id instanceof Tuple ? id.items : [];
  const [kind, type, key, location, count, view = null] = items;
  if (items.length < 5 || items.length > 6 || kind !== 'storage' || !(type instanceof Global)) {
    throw new PickleError('the pickle has a persistent id that is not a storage');
  }
  if (type.storage instanceof Unsupported) return type.storage;
  if (type.storage === undefined || typeof key !== 'string' || typeof location !== 'string' || !isSize(count)) {
    throw new PickleError('the pickle has an invalid storage');
  }
  if (view === null) return new StorageRef(type.storage, key, count, { offset: 0, count });
  const [viewKey, offset, viewCount] = view instanceof Tuple ? view.items : [];
  if (typeof viewKey !== 'string' || !isSize(offset) || !isSize(viewCount) || offset + viewCount > count) {
    throw new PickleError('the pickle has an invalid view of a storage');
  }
  return new StorageRef(type.storage, key, count, { offset, count: viewCount });
}

/** The value of one of the few calls that are known. */
export function reduce(callable: unknown, args: unknown): unknown {
  if (!(args instanceof Tuple)) throw new PickleError('the pickle calls with something that is not a tuple');
  if (callable instanceof Global && callable.call !== undefined) return callable.call(args.items);
  throw notAllowed(callable);
}

/** The value of NEWOBJ, which PyTorch allows for more than parameters. */
export function newObject(type: unknown, args: unknown): unknown {
  if (type instanceof Global && type.call === parameter) return reduce(type, args);
  throw notAllowed(type);
}

/** Checks that attributes may be set; none of them is needed here. */
export function build(target: unknown, state: unknown): void {
  if (target instanceof Map || target === LEFT_OUT || target instanceof Unsupported) return;
  // PyTorch 0.1 could put the values of a Variable into its state; a state of other lengths has only flags and hooks.
  const values = state instanceof Tuple && state.items.length > 3;
  if (target instanceof TensorRef && !values) return;
  throw new PickleError('the pickle sets attributes of something that has none');
}

function notAllowed(callable: unknown): PickleError {
  const what = callable instanceof Global ? JSON.stringify(callable.name) : 'something';
  return new PickleError(`the pickle calls ${what} in a way that is not allowed`);
}

/** Python 2 gives all items to the call, as a list of pairs; Python 3 sets them afterwards. */
function orderedDict(items: readonly unknown[]): Map<string, unknown> {
  const map = new Map<string, unknown>();
  if (items.length === 0) return map;
  const [pairs] = items;
  if (items.length > 1 || !Array.isArray(pairs)) throw new PickleError('the pickle has an invalid OrderedDict');
  for (const pair of pairs as unknown[]) {
    const [name, value] = pair instanceof Tuple ? pair.items : Array.isArray(pair) ? (pair as unknown[]) : [];
    if (typeof name === 'string') map.set(name, value);
  }
  return map;
}

function rebuildTensor(items: readonly unknown[]): TensorRef | Unsupported {
  const [base, offset, shape, stride, , , metadata] = items;
  if (base instanceof Unsupported) return base;
  const sizes = shape instanceof Tuple ? shape.items : [];
  const strides = stride instanceof Tuple ? stride.items : [];
  if (!(shape instanceof Tuple) || !(stride instanceof Tuple) || sizes.length !== strides.length) {
    throw new PickleError('the pickle has an invalid tensor');
  }
  if (sizes.length > MAX_DIMENSIONS) throw new PickleError(`the pickle has a tensor of ${sizes.length} dimensions`);
  if (!(base instanceof StorageRef) || !isSize(offset) || !isSizes(sizes) || !isSizes(strides)) {
    throw new PickleError('the pickle has an invalid tensor');
  }
  if (metadata instanceof Map && (metadata.get('conj') === true || metadata.get('neg') === true)) {
    return new Unsupported('a conjugated or negated view');
  }
  return new TensorRef(base, base.part.offset + offset, sizes, strides);
}

/** Newer element types are saved as a storage without a type and the type apart; no type of this package is. */
function rebuildTensorOfDtype(items: readonly unknown[]): Unsupported {
  const dtype = items[6];
  if (!(dtype instanceof Global)) throw new PickleError('the pickle has an invalid tensor');
  return new Unsupported(`of dtype ${dtype.name}`);
}

function parameter([data]: readonly unknown[]): TensorRef | Unsupported {
  if (data instanceof TensorRef || data instanceof Unsupported) return data;
  throw new PickleError('the pickle has an invalid parameter');
}

/** A tensor with attributes: the call that makes it, its class, the arguments and the attributes. */
function rebuildFromType([make, type, args]: readonly unknown[]): unknown {
  const known = type instanceof Global && (type.name === 'torch.Tensor' || type.call === parameter);
  if (!known || !(make instanceof Global) || make.call === undefined || make.call === rebuildFromType) {
    throw new PickleError('the pickle has a tensor of a class that is not allowed');
  }
  return reduce(make, args);
}
