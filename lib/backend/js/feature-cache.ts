import fs from 'node:fs';
import { ResnetFtError } from '../../errors';

/** Room for features, in bytes; what caches take is taken off. */
export interface CacheBudget {
  memory: number;
  disk: number;
  /** Path of the file for what memory has no room for; empty: none. */
  file: string;
}

/** Rows of floats, kept in memory up to a budget, in a file beyond it, and not at all beyond that. */
export class FeatureCache {
  private readonly inMemory = new Map<number, Uint8Array>();
  private readonly onDisk = new Map<number, number>();
  private readonly memoryRows: number;
  private diskRows: number;
  private descriptor: number | undefined;
  private name = '';

  /**
   * @param rows at most so many are kept
   * @param length floats of a row
   * @param bf16 keep them as bfloat16, rounded to nearest even
   */
  constructor(
    rows: number,
    private readonly length: number,
    private readonly bf16: boolean,
    budget: CacheBudget,
    suffix: string,
  ) {
    const bytes = this.rowBytes;
    this.memoryRows = Math.min(rows, Math.floor(budget.memory / bytes));
    budget.memory -= this.memoryRows * bytes;
    this.diskRows = budget.file === '' ? 0 : Math.min(rows - this.memoryRows, Math.floor(budget.disk / bytes));
    if (this.diskRows > 0) this.openFile(`${budget.file}${suffix}`);
    budget.disk -= this.diskRows * bytes;
  }

  /** A row as it comes back once it is kept. */
  rounded(row: Float32Array): Float32Array {
    return this.bf16 ? this.decode(this.encode(row)) : row;
  }

  get(key: number): Float32Array | undefined {
    const kept = this.inMemory.get(key);
    if (kept !== undefined) return this.decode(kept);
    const slot = this.onDisk.get(key);
    if (slot === undefined || this.descriptor === undefined) return undefined;
    const bytes = new Uint8Array(this.rowBytes);
    for (let done = 0; done < bytes.length;) {
      const count = fs.readSync(this.descriptor, bytes, done, bytes.length - done, slot * bytes.length + done);
      if (count === 0) throw new ResnetFtError('NATIVE_ERROR', `the cache of features in ${this.name} can't be read`);
      done += count;
    }
    return this.decode(bytes);
  }

  /** Keeps a row where there is room, once. */
  set(key: number, row: Float32Array): void {
    if (this.inMemory.has(key) || this.onDisk.has(key)) return;
    if (this.inMemory.size < this.memoryRows) {
      this.inMemory.set(key, this.encode(row));
    } else if (this.descriptor !== undefined && this.onDisk.size < this.diskRows) {
      try {
        const bytes = this.encode(row);
        const start = this.onDisk.size * this.rowBytes;
        for (let done = 0; done < this.rowBytes;)
          // a write may do less than it was asked for
          done += fs.writeSync(this.descriptor, bytes, done, this.rowBytes - done, start + done);
        this.onDisk.set(key, this.onDisk.size);
      } catch {
        this.diskRows = this.onDisk.size; // the disk is full: the rest is computed again
      }
    }
  }

  /** Never fails: nobody asks for what was in it any more. */
  close(): void {
    this.inMemory.clear();
    this.onDisk.clear();
    const { descriptor } = this;
    this.descriptor = undefined;
    try {
      if (descriptor !== undefined) fs.closeSync(descriptor);
    } catch {
      // It is closed all the same.
    }
    try {
      fs.rmSync(this.name, { force: true });
    } catch {
      // As a rule it was removed when it was made.
    }
  }

  private get rowBytes(): number {
    return this.length * (this.bf16 ? 2 : 4);
  }

  private openFile(name: string): void {
    try {
      this.descriptor = fs.openSync(name, 'w+', 0o600);
      this.name = name;
      // Gone with the process, however that ends; a system that does not allow it removes the file in close().
      fs.rmSync(name, { force: true });
    } catch {
      if (this.descriptor === undefined) this.diskRows = 0; // what can't be kept is computed again
    }
  }

  private encode(row: Float32Array): Uint8Array {
    if (!this.bf16) return new Uint8Array(Float32Array.from(row).buffer);
    const words = new Uint32Array(Float32Array.from(row).buffer);
    // To the nearest, but for what is no number: that would become one.
    const rounded = (word: number): number => (word + 0x7fff + ((word >>> 16) & 1)) / 0x10000;
    const halves = Uint16Array.from(words, (word) => ((word & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : rounded(word)));
    return new Uint8Array(halves.buffer);
  }

  private decode(bytes: Uint8Array): Float32Array {
    const { buffer, byteOffset } = bytes;
    if (!this.bf16) return new Float32Array(buffer, byteOffset, this.length);
    const words = Uint32Array.from(new Uint16Array(buffer, byteOffset, this.length), (half) => half * 0x10000);
    return new Float32Array(words.buffer);
  }
}
