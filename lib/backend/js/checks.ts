import type { Samples } from '../types';
import { misuse } from './error';

/** As native/addon/options.cpp shows a value: numbers and texts as they are, of everything else the type. */
function shown(value: unknown): string {
  if (value === undefined || value === null || typeof value === 'number' || typeof value === 'boolean') {
    return String(value);
  }
  if (typeof value === 'string') return value.length <= 100 ? `'${value}'` : 'a long text';
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'an array';
  if (ArrayBuffer.isView(value)) return 'a typed array of another kind';
  return typeof value === 'object' ? 'an object' : 'a value of another type';
}

export const wrong = (value: unknown, name: string, expected: string): Error =>
  misuse(`${name} must be ${expected}, not ${shown(value)}`);

/** @throws ResnetFtError NATIVE_ERROR that names what is no whole number in this range */
export function checkWhole(value: unknown, name: string, from = 0, to = Number.MAX_SAFE_INTEGER): void {
  if (Number.isInteger(value) && (value as number) >= from && (value as number) <= to) return;
  const upTo = to === Number.MAX_SAFE_INTEGER ? `of ${from} or more` : `from ${from} to ${to}`;
  throw wrong(value, name, `a whole number ${upTo}`);
}

/** @throws ResnetFtError NATIVE_ERROR that names what is no finite number of 0 or more */
export function checkNotNegative(value: unknown, name: string): void {
  if (!Number.isFinite(value)) throw wrong(value, name, 'a finite number');
  if ((value as number) < 0) throw wrong(value, name, 'a number of 0 or more');
}

/** @throws ResnetFtError NATIVE_ERROR for targets that are no classes, and crops that are not in the store */
export function checkSamples(
  { targets, crops }: Pick<Samples, 'targets' | 'crops'>,
  classes: number,
  count: number,
): void {
  checkIndices(targets, 'targets', classes);
  if (crops !== undefined) {
    checkIndices(crops, 'crops', count);
    if (crops.length !== targets.length) throw misuse('targets and crops differ in length');
  } else if (targets.length > count) {
    throw misuse('there are more targets than crops');
  }
}

function checkIndices(indices: unknown, name: string, end: number): void {
  if (!(indices instanceof Int32Array)) throw wrong(indices, name, 'an Int32Array');
  const at = indices.findIndex((index) => index < 0 || index >= end);
  if (at >= 0) checkWhole(indices[at], `${name}[${at}]`, 0, end - 1);
}

/** @throws ResnetFtError NATIVE_ERROR for anything but a rate of each group for each of one or more steps */
export function checkLearningRates(rates: unknown, groups: number): void {
  if (!(rates instanceof Float64Array)) throw wrong(rates, 'learningRates', 'a Float64Array');
  if (rates.length === 0 || rates.length % groups !== 0) {
    throw misuse(`learningRates must have ${groups} for each step, not ${rates.length} in all`);
  }
  const at = rates.findIndex((rate) => !(rate >= 0 && Number.isFinite(rate)));
  if (at >= 0) throw misuse(`learningRates[${at}] must be a finite number of 0 or more`);
}
