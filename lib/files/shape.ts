/** Whether a value that was parsed is what a file should hold: of the right type, and its parts too. */
export type Shape = (value: unknown) => boolean;

/** Any text. */
export const text: Shape = (value) => typeof value === 'string';

/** A text that is not empty. */
export const name: Shape = (value) => typeof value === 'string' && value !== '';

/** Any number, also none (NaN) and infinities. */
export const number: Shape = (value) => typeof value === 'number';

/** An integer from 0 that a number holds exactly. */
export const count: Shape = (value) => Number.isSafeInteger(value) && (value as number) >= 0;

/** What may be left out. */
export const optional =
  (shape: Shape): Shape =>
  (value) =>
    value === undefined || shape(value);

/** What may be null, which is also how JSON writes a number that is not finite. */
export const nullable =
  (shape: Shape): Shape =>
  (value) =>
    value === null || shape(value);

/** An array, each entry of which has a shape. */
export const list =
  (shape: Shape): Shape =>
  (value) =>
    Array.isArray(value) && value.every(shape);

/** An object with names, each value of which has a shape. */
export const map =
  (shape: Shape): Shape =>
  (value) =>
    isObject(value) && Object.values(value).every(shape);

/** An object with some fields, and whatever others. */
export const fields =
  (shapes: Readonly<Record<string, Shape>>): Shape =>
  (value) =>
    isObject(value) &&
    // Only its own: every object has a constructor.
    Object.entries(shapes).every(([key, shape]) => shape(Object.hasOwn(value, key) ? value[key] : undefined));

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
