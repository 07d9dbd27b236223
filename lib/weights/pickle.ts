import { Tuple, allowed, reduce, storage } from './pickle-values';

// The opcodes: CPython's Lib/pickletools.py. What is allowed: torch/_weights_only_unpickler.py. Nothing here looks up or
// calls anything by a name out of the file; what the file builds are the classes below, Maps, arrays and basic values.

// Far above what torch.save writes (batches of 1,000 items; about ten memo entries per tensor).
const MAX_STACK = 100_000;
const MAX_MARKS = 256;
const MAX_MEMO = 1_000_000;

/**
 * Reads a pickle as torch.save writes it.
 *
 * @throws Error with a reason of one line, where the pickle is damaged or asks for anything else.
 */
export function readPickle(bytes: Buffer): unknown {
  return new PickleReader(bytes).read();
}

class PickleReader {
  private at = 0;
  private stack: unknown[] = [];
  private readonly marks: number[] = [];
  private readonly memo = new Map<number, unknown>();

  constructor(private readonly bytes: Buffer) {}

  read(): unknown {
    for (;;) {
      const opcode = this.take(1).readUInt8();
      if (opcode === 0x2e /* STOP */) return this.pop();
      this.step(opcode);
      if (this.stack.length > MAX_STACK) throw new Error('the pickle piles up too many values');
      if (this.marks.length > MAX_MARKS) throw new Error('the pickle is nested too deeply');
    }
  }

  private step(opcode: number): void {
    const { stack } = this;
    switch (opcode) {
      case 0x80: {
        // PROTO
        const protocol = this.u8();
        if (protocol > 5) throw new Error(`pickle protocol ${protocol} is not supported`);
        return;
      }
      case 0x95:
        return void this.take(8); // FRAME
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
        return void stack.push(this.take(4).readInt32LE()); // BININT
      case 0x4b:
        return void stack.push(this.u8()); // BININT1
      case 0x4d:
        return void stack.push(this.take(2).readUInt16LE()); // BININT2
      case 0x8a:
        return void stack.push(this.long(this.u8())); // LONG1
      case 0x47:
        return void stack.push(this.take(8).readDoubleBE()); // BINFLOAT
      case 0x58:
        return void stack.push(this.text(this.u32())); // BINUNICODE
      case 0x8c:
        return void stack.push(this.text(this.u8())); // SHORT_BINUNICODE
      case 0x55:
        return void stack.push(this.text(this.u8())); // SHORT_BINSTRING (Python 2)
      case 0x7d:
        return void stack.push(new Map()); // EMPTY_DICT
      case 0x5d:
        return void stack.push([]); // EMPTY_LIST
      case 0x29:
        return void stack.push(new Tuple([])); // EMPTY_TUPLE
      case 0x74:
        return void stack.push(new Tuple(this.popMark())); // TUPLE
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
      case 0x51:
        return void stack.push(storage(this.pop())); // BINPERSID
      case 0x52: {
        // REDUCE
        const args = this.pop();
        return void stack.push(reduce(this.pop(), args));
      }
      case 0x62: {
        // BUILD: a module's state_dict() has its versions as an attribute, which nothing here needs
        this.pop();
        if (!(this.top() instanceof Map)) throw new Error('the pickle sets attributes of something that has none');
        return;
      }
      default:
        throw new Error(`pickle opcode 0x${opcode.toString(16).padStart(2, '0')} is not allowed`);
    }
  }

  private take(length: number): Buffer {
    const end = this.at + length;
    if (end > this.bytes.length) throw new Error('the pickle is truncated');
    const part = this.bytes.subarray(this.at, end);
    this.at = end;
    return part;
  }

  private u8(): number {
    return this.take(1).readUInt8();
  }

  private u32(): number {
    return this.take(4).readUInt32LE();
  }

  private text(length: number): string {
    return this.take(length).toString('utf8');
  }

  private line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) throw new Error('the pickle is truncated');
    const line = this.text(end - this.at);
    this.at = end + 1;
    return line;
  }

  private long(length: number): number | bigint {
    const hex = Buffer.from(this.take(length)).reverse().toString('hex');
    const value = length === 0 ? 0n : BigInt.asIntN(8 * length, BigInt(`0x${hex}`));
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  /** Where the values of the innermost mark begin; nothing below it may be popped. */
  private floor(): number {
    return this.marks.at(-1) ?? 0;
  }

  private top(): unknown {
    if (this.stack.length <= this.floor()) throw new Error('the pickle takes a value from an empty stack');
    return this.stack.at(-1);
  }

  private pop(): unknown {
    this.top();
    return this.stack.pop();
  }

  private popMark(): unknown[] {
    const mark = this.marks.pop();
    if (mark === undefined) throw new Error('the pickle lacks a mark');
    return this.stack.splice(mark);
  }

  private tuple(length: number): void {
    const items: unknown[] = [];
    for (let i = 0; i < length; i++) items.unshift(this.pop());
    this.stack.push(new Tuple(items));
  }

  private append(items: unknown[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw new Error('the pickle appends to something that is not a list');
    for (const item of items) list.push(item);
  }

  private setItems(items: unknown[]): void {
    const map = this.top();
    if (!(map instanceof Map) || items.length % 2 !== 0) throw new Error('the pickle sets items of no dictionary');
    for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
  }

  private put(index: number): void {
    if (index >= MAX_MEMO) throw new Error(`pickle memo index ${index} is too large`);
    this.memo.set(index, this.top());
  }

  private get(index: number): void {
    if (!this.memo.has(index)) throw new Error(`pickle memo index ${index} is not set`);
    this.stack.push(this.memo.get(index));
  }
}
