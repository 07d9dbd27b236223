import { LEFT_OUT, PickleError, Tuple, allowed, build, newObject, reduce, storage } from './pickle-values';
import type { StorageRef, Unsupported } from './pickle-values';

// The opcodes: CPython's Lib/pickletools.py. What is allowed: torch/_weights_only_unpickler.py. Nothing here looks up or
// calls anything by a name out of the file; what the file builds are the classes below, Maps, arrays and basic values.

// Far above what torch.save writes: batches of 1,000 items; about ten memo entries and nine containers and items of containers
// per tensor. One byte of a pickle can make a container, so their number is what bounds memory.
const MAX_STACK = 100_000;
const MAX_MARKS = 256;
const MAX_MEMO = 1_000_000;
const MAX_VALUES = 500_000;

/**
 * Reads a pickle as torch.save writes it, from `start` on; `end` is where it ends, and `onStorage` is called for every storage
 * that it refers to. Dictionaries keep their text keys only.
 *
 * @throws PickleError with a reason of one line, where the pickle is damaged or asks for anything else.
 */
export function readPickle(
  bytes: Buffer,
  start = 0,
  onStorage: (storage: StorageRef | Unsupported) => void = () => {},
): { value: unknown; end: number } {
  return new PickleReader(bytes, start, onStorage).read();
}

class PickleReader {
  private readonly stack: unknown[] = [];
  private readonly marks: number[] = [];
  private readonly memo = new Map<number, unknown>();
  private charged = 0;

  constructor(
    private readonly bytes: Buffer,
    private at: number,
    private readonly onStorage: (storage: StorageRef | Unsupported) => void,
  ) {}

  read(): { value: unknown; end: number } {
    for (;;) {
      const opcode = this.u8();
      if (opcode === 0x2e /* STOP */) return { value: this.pop(), end: this.at };
      this.step(opcode);
      if (this.stack.length > MAX_STACK) throw new PickleError('the pickle piles up too many values');
      if (this.marks.length > MAX_MARKS) throw new PickleError('the pickle is nested too deeply');
    }
  }

  private step(opcode: number): void {
    const { stack } = this;
    switch (opcode) {
      case 0x80: {
        // PROTO
        const protocol = this.u8();
        if (protocol > 5) throw new PickleError(`pickle protocol ${protocol} is not supported`);
        return;
      }
      case 0x95: {
        // FRAME: what is in it is read as if there were none
        const length = this.bytes.readBigUInt64LE(this.advance(8));
        if (length > BigInt(this.bytes.length - this.at)) throw new PickleError('the pickle is truncated');
        return;
      }
      case 0x28:
        return void this.marks.push(stack.length); // MARK
      case 0x30:
        return void this.pop(); // POP
      case 0x31:
        return void this.popMark(); // POP_MARK
      case 0x4e:
        return void stack.push(null); // NONE
      case 0x88:
        return void stack.push(true); // NEWTRUE
      case 0x89:
        return void stack.push(false); // NEWFALSE
      case 0x4a:
        return void stack.push(this.bytes.readInt32LE(this.advance(4))); // BININT
      case 0x4b:
        return void stack.push(this.u8()); // BININT1
      case 0x4d:
        return void stack.push(this.bytes.readUInt16LE(this.advance(2))); // BININT2
      case 0x8a:
        return void stack.push(this.long(this.u8())); // LONG1
      case 0x47:
        return void stack.push(this.bytes.readDoubleBE(this.advance(8))); // BINFLOAT
      case 0x58:
        return void stack.push(this.text(this.u32())); // BINUNICODE
      case 0x8c:
        return void stack.push(this.text(this.u8())); // SHORT_BINUNICODE
      case 0x55:
        return void stack.push(this.text(this.u8())); // SHORT_BINSTRING (Python 2)
      case 0x7d:
        return this.container(new Map()); // EMPTY_DICT
      case 0x5d:
        return this.container([]); // EMPTY_LIST
      case 0x29:
        return this.container(new Tuple([])); // EMPTY_TUPLE
      case 0x74:
        return this.container(new Tuple(this.popMark())); // TUPLE
      case 0x85:
        return this.tuple(1); // TUPLE1
      case 0x86:
        return this.tuple(2); // TUPLE2
      case 0x87:
        return this.tuple(3); // TUPLE3
      case 0x61:
        return this.append([this.pop()]); // APPEND
      case 0x65:
        return this.append(this.popMark()); // APPENDS
      case 0x73: {
        // SETITEM
        const value = this.pop();
        return this.setItems([this.pop(), value]);
      }
      case 0x75:
        return this.setItems(this.popMark()); // SETITEMS
      case 0x71:
        return this.put(this.u8()); // BINPUT
      case 0x72:
        return this.put(this.u32()); // LONG_BINPUT
      case 0x94:
        return this.put(this.memo.size); // MEMOIZE
      case 0x68:
        return this.get(this.u8()); // BINGET
      case 0x6a:
        return this.get(this.u32()); // LONG_BINGET
      case 0x63: {
        // GLOBAL
        const module = this.line();
        return void stack.push(allowed(module, this.line()));
      }
      case 0x93: {
        // STACK_GLOBAL
        const name = this.pop();
        return void stack.push(allowed(this.pop(), name));
      }
      case 0x8f:
        return void stack.push(LEFT_OUT); // EMPTY_SET
      case 0x51: {
        // BINPERSID
        const reference = storage(this.pop());
        this.onStorage(reference);
        return this.container(reference);
      }
      case 0x52: {
        // REDUCE; a call may copy the list that it is given
        const args = this.pop();
        const [first] = args instanceof Tuple ? args.items : [];
        if (Array.isArray(first)) this.charge(first.length);
        return this.container(reduce(this.pop(), args));
      }
      case 0x81: {
        // NEWOBJ
        const args = this.pop();
        return this.container(newObject(this.pop(), args));
      }
      case 0x62: {
        // BUILD: a module's state_dict() has its versions as an attribute, which nothing here needs
        const state = this.pop();
        return build(this.top(), state);
      }
      default:
        throw new PickleError(`pickle opcode 0x${opcode.toString(16).padStart(2, '0')} is not allowed`);
    }
  }

  /** Where the next `length` bytes are, which are passed. */
  private advance(length: number): number {
    const begin = this.at;
    if (length > this.bytes.length - begin) throw new PickleError('the pickle is truncated');
    this.at += length;
    return begin;
  }

  private u8(): number {
    return this.bytes.readUInt8(this.advance(1));
  }

  private u32(): number {
    return this.bytes.readUInt32LE(this.advance(4));
  }

  private text(length: number): string {
    const begin = this.advance(length);
    return this.bytes.toString('utf8', begin, this.at);
  }

  /** Counts what takes memory. */
  private charge(values: number): void {
    this.charged += values;
    if (this.charged > MAX_VALUES) throw new PickleError('the pickle makes too many values');
  }

  private container(value: unknown): void {
    this.charge(1);
    this.stack.push(value);
  }

  private line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) throw new PickleError('the pickle is truncated');
    const line = this.text(end - this.at);
    this.at = end + 1;
    return line;
  }

  private long(length: number): number | bigint {
    const begin = this.advance(length);
    const hex = Buffer.from(this.bytes.subarray(begin, this.at)).reverse().toString('hex');
    const value = length === 0 ? 0n : BigInt.asIntN(8 * length, BigInt(`0x${hex}`));
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  /** Where the values of the innermost mark begin; nothing below it may be popped. */
  private floor(): number {
    return this.marks.at(-1) ?? 0;
  }

  private top(): unknown {
    if (this.stack.length <= this.floor()) throw new PickleError('the pickle takes a value from an empty stack');
    return this.stack.at(-1);
  }

  private pop(): unknown {
    this.top();
    return this.stack.pop();
  }

  private popMark(): unknown[] {
    const mark = this.marks.pop();
    if (mark === undefined) throw new PickleError('the pickle lacks a mark');
    return this.stack.splice(mark);
  }

  private tuple(length: number): void {
    const items: unknown[] = [];
    for (let i = 0; i < length; i++) items.unshift(this.pop());
    this.container(new Tuple(items));
  }

  private append(items: unknown[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw new PickleError('the pickle appends to something that is not a list');
    for (const item of items) list.push(item);
  }

  private setItems(items: unknown[]): void {
    const map = this.top();
    if (!(map instanceof Map) || items.length % 2 !== 0)
      throw new PickleError('the pickle sets items of no dictionary');
    for (let i = 0; i < items.length; i += 2) {
      const name = items[i];
      if (typeof name === 'string') map.set(name, items[i + 1]);
    }
  }

  private put(index: number): void {
    if (index >= MAX_MEMO) throw new PickleError(`pickle memo index ${index} is too large`);
    this.memo.set(index, this.top());
  }

  private get(index: number): void {
    if (!this.memo.has(index)) throw new PickleError(`pickle memo index ${index} is not set`);
    this.stack.push(this.memo.get(index));
  }
}
