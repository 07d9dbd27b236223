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

/** @throws ResnetFtError NATIVE_ERROR for targets that are no classes */
export function checkTargets(targets: unknown, classes: number): void {
  if (!(targets instanceof Int32Array)) throw wrong(targets, 'targets', 'an Int32Array');
  const at = targets.findIndex((target) => target < 0 || target >= classes);
  if (at >= 0) checkWhole(targets[at], `targets[${at}]`, 0, classes - 1);
}

/**
 * Where in the store the crops of `count` samples are: not the caller's array, which may change while a pass runs.
 *
 * @param indices the first crops where undefined
 * @throws ResnetFtError NATIVE_ERROR for indices that are not `count`, or beyond the store's `crops`
 */
export function checkIndices(indices: unknown, count: number, crops: number): Int32Array {
  if (indices === undefined) {
    if (count > crops) throw misuse('there are fewer crops than asked for');
    return Int32Array.from({ length: count }, (_, i) => i);
  }
  if (!(indices instanceof Int32Array)) throw wrong(indices, 'indices', 'an Int32Array');
  if (indices.length !== count) throw misuse('there must be an index for each image');
  const at = indices.findIndex((index) => index < 0 || index >= crops);
  if (at >= 0) throw misuse(`indices[${at}] is beyond the crops: ${indices[at]} of ${crops}`);
  return indices.slice();
}

/** @throws ResnetFtError NATIVE_ERROR for anything but a momentum for each of so many steps, or none */
export function checkMomenta(momenta: unknown, steps: number): void {
  if (momenta === undefined) return;
  if (!(momenta instanceof Float64Array)) throw wrong(momenta, 'momenta', 'a Float64Array');
  if (momenta.length !== steps) {
    throw misuse(`momenta must have one for each of ${steps} steps, not ${momenta.length}`);
  }
  const at = momenta.findIndex((momentum) => !(momentum >= 0 && momentum < 1));
  if (at >= 0) throw misuse(`momenta[${at}] must be a number from 0 to below 1`);
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
