import { isSize, isSizes, type Dtype } from './state-dict';

// What a pickle of torch.save may name and build, after torch/_weights_only_unpickler.py and torch/_utils.py.

/** A storage that the pickle refers to; its bytes are the entry data/KEY of the zip. */
export class StorageRef {
  constructor(
    readonly dtype: Dtype,
    readonly key: string,
    readonly count: number,
  ) {}
}

/** A view of a storage, not checked against it yet. */
export class TensorRef {
  constructor(
    readonly storage: StorageRef,
    readonly offset: number,
    readonly shape: number[],
    readonly stride: number[],
  ) {}
}

/** A tuple, apart from a list, which may still grow. */
export class Tuple {
  constructor(readonly items: readonly unknown[]) {}
}

export class Global {
  constructor(
    readonly name: string,
    readonly dtype?: Dtype,
  ) {}
}

const ORDERED_DICT = new Global('collections.OrderedDict');
const REBUILD_TENSOR = new Global('torch._utils._rebuild_tensor_v2');
const REBUILD_PARAMETER = new Global('torch._utils._rebuild_parameter');

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

const GLOBALS = new Map<string, Global>(
  [ORDERED_DICT, REBUILD_TENSOR, REBUILD_PARAMETER, ...STORAGES.map(([n, d]) => new Global(`torch.${n}`, d))].map(
    (global) => [global.name, global],
  ),
);

/** The meaning of a name; an Error for every name that is not on the list. */
export function allowed(module: unknown, name: unknown): Global {
  const full = typeof module === 'string' && typeof name === 'string' ? `${module}.${name}` : 'a name that is no text';
  const global = GLOBALS.get(full);
  if (global === undefined)
    throw new Error(`the pickle asks for ${JSON.stringify(full.slice(0, 120))}, which is not allowed`);
  return global;
}

/** The storage that a persistent id names. */
export function storage(id: unknown): StorageRef {
  const items = id instanceof Tuple ? id.items : [];
  const [kind, type, key, location, count] = items;
  if (items.length !== 5 || kind !== 'storage' || !(type instanceof Global) || type.dtype === undefined) {
    throw new Error('the pickle has a persistent id that is no storage');
  }
  if (typeof key !== 'string' || typeof location !== 'string' || !isSize(count)) {
    throw new Error('the pickle has an invalid storage');
  }
  return new StorageRef(type.dtype, key, count);
}

/** The value of one of the few calls that are known. */
export function reduce(callable: unknown, args: unknown): unknown {
  if (!(args instanceof Tuple)) throw new Error('the pickle calls with something that is not a tuple');
  const { items } = args;
  if (callable === ORDERED_DICT && items.length === 0) return new Map();
  if (callable === REBUILD_TENSOR) return rebuildTensor(items);
  if (callable === REBUILD_PARAMETER && items[0] instanceof TensorRef) return items[0];
  throw new Error(
    `the pickle calls ${callable instanceof Global ? callable.name : 'something'} in a way that is not allowed`,
  );
}

function rebuildTensor([base, offset, shape, stride]: readonly unknown[]): TensorRef {
  const sizes = shape instanceof Tuple ? shape.items : undefined;
  const strides = stride instanceof Tuple ? stride.items : undefined;
  if (!(base instanceof StorageRef) || !isSize(offset) || !isSizes(sizes) || !isSizes(strides)) {
    throw new Error('the pickle has an invalid tensor');
  }
  if (sizes.length !== strides.length || sizes.length > 64)
    throw new Error('the pickle has a tensor of invalid strides');
  return new TensorRef(base, offset, sizes, strides);
}
