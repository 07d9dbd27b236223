import { checkNotNegative, checkWhole, wrong } from './checks';
import { misuse } from './error';

/** Reads the properties of an object strictly: the twin of Options in native/addon/options.h, with the same messages. */
export class Reader {
  private readonly object: Record<string, unknown>;
  private readonly known = new Set<string>();

  /**
   * @param name what errors call the object
   * @param path what its keys are called by, before their own name
   */
  constructor(
    value: unknown,
    private readonly name: string,
    private readonly path: string,
  ) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(value, name, 'an object');
    this.object = value as Record<string, unknown>;
  }

  value(key: string): unknown {
    this.known.add(key);
    return this.object[key];
  }

  whole(key: string, from?: number, to?: number): number {
    return this.read(key, (value, name) => checkWhole(value, name, from, to));
  }

  notNegative(key: string): number {
    return this.read(key, checkNotNegative);
  }

  /** A number from 0 to 1. */
  share(key: string): number {
    return this.read(key, (value, name) => {
      if (!Number.isFinite(value)) throw wrong(value, name, 'a finite number');
      if ((value as number) < 0 || (value as number) > 1) throw wrong(value, name, 'a number from 0 to 1');
    });
  }

  flag(key: string): boolean {
    return this.read(key, (value, name) => {
      if (typeof value !== 'boolean') throw wrong(value, name, 'true or false');
    });
  }

  /** Finite numbers above 0: a copy. */
  positiveFloat64s(key: string): Float64Array {
    const values = this.read<Float64Array>(key, (value, name) => {
      if (!(value instanceof Float64Array)) throw wrong(value, name, 'a Float64Array');
      const at = value.findIndex((number) => !(number > 0 && Number.isFinite(number)));
      if (at >= 0) throw misuse(`${name}[${at}] must be a finite number above 0`);
    });
    return values.slice();
  }

  oneOf<T extends string>(key: string, names: readonly T[]): T {
    return this.read(key, (value, name) => {
      if (!names.includes(value as T)) throw wrong(value, name, `one of ${names.join(', ')}`);
    });
  }

  nested(key: string): Reader {
    const name = this.path + key;
    return new Reader(this.value(key), name, `${name}.`);
  }

  list(key: string): Reader[] {
    const name = this.path + key;
    const values = this.value(key);
    if (!Array.isArray(values)) throw wrong(values, name, 'an array');
    return values.map((value, i) => new Reader(value, `${name}[${i}]`, `${name}[${i}].`));
  }

  /** To be called after the last key was read: one that nobody asked for is an error. */
  finish(): void {
    const unknown = Object.keys(this.object).find((key) => !this.known.has(key) && this.object[key] !== undefined);
    if (unknown !== undefined) throw misuse(`${this.name} has no ${unknown}`);
  }

  private read<T>(key: string, check: (value: unknown, name: string) => void): T {
    const value = this.value(key);
    check(value, this.path + key);
    return value as T;
  }
}
