import { ResnetFtError } from '../errors';
import { suggestOption } from '../text/suggest';

/**
 * What an option changes: the result of whatever is done (`result`), only that of a training, of an evaluation of a model as it is,
 * or of what starts from given weights; or only where and how fast the work is done (`place`).
 */
export type Effect = 'result' | 'training' | 'evaluation' | 'start' | 'place';

interface OptionBase {
  readonly help: string;
  /** Heading of the help under which the option stands. */
  readonly group: string;
  /** Seldom needed: the help leaves it out, and `--help-all` shows it. */
  readonly advanced?: boolean;
  /** Needed in the tables of commands whose finished work is used again: {@link RecipeTable}. */
  readonly affects?: Effect;
}

interface NumberOption extends OptionBase {
  readonly type: 'number';
  readonly default?: number;
  readonly integer?: boolean;
  readonly min?: number;
  readonly above?: number;
  readonly max?: number;
  readonly below?: number;
  /** Why nothing less will do: a sentence. */
  readonly hint?: string;
}

interface StringOption extends OptionBase {
  readonly type: 'string';
  readonly default?: string;
  readonly choices?: readonly string[];
  readonly pattern?: RegExp;
  /** Wording of what is expected; default `a path`. */
  readonly expected?: string;
}

interface BooleanOption extends OptionBase {
  readonly type: 'boolean';
  readonly default?: boolean;
}

/** One option as its table declares it. */
export type OptionSpec = NumberOption | StringOption | BooleanOption;

/** Options of a command in camel case: the command line, the API's validation and its types derive from the table. */
export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** An {@link OptionTable} of which each option says what it changes, so that finished work is used again for the same recipe only. */
export type RecipeTable = Readonly<Record<string, OptionSpec & { readonly affects: Effect }>>;

type ValueOf<S> = S extends { choices: readonly (infer C)[] }
  ? C
  : S extends { type: 'number' }
    ? number
    : S extends { type: 'boolean' }
      ? boolean
      : string;

/** A table of options that are all {@link OptionBase.advanced}. */
export function advanced<T extends OptionTable>(table: T): { readonly [K in keyof T]: T[K] & { advanced: true } } {
  const entries = Object.entries(table).map(([name, spec]) => [name, { ...spec, advanced: true }] as const);
  return Object.fromEntries(entries) as unknown as { readonly [K in keyof T]: T[K] & { advanced: true } };
}

/** What a caller may give: any of the table's options. */
export type GivenOptions<T extends OptionTable> = { -readonly [K in keyof T]?: ValueOf<T[K]> | undefined };

/** The options after defaults: those without a default stay undefined where they were not given. */
export type ResolvedOptions<T extends OptionTable> = {
  -readonly [K in keyof T]: T[K] extends { default: unknown } ? ValueOf<T[K]> : ValueOf<T[K]> | undefined;
};

/** `trainFrom` as the command line spells it: `train-from`. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

const NO_TEXT = /^(an integer|a number|true or false)\b/;
const readsAsNoText = (value: string): boolean => !Number.isNaN(Number(value)) || /^(NaN|true|false|null)$/.test(value);

/** A value for a person; a text that would pass for what is expected, a number, is quoted. */
function show(value: unknown, expected: string, within: readonly unknown[] = []): string {
  if (value === undefined || value === '') return 'nothing';
  if (typeof value === 'string') {
    return NO_TEXT.test(expected) && readsAsNoText(value) ? JSON.stringify(value) : value;
  }
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  if (!Array.isArray(value)) return typeof value === 'object' ? kindOf(value) : typeof value;
  // An array may hold itself.
  if (within.includes(value)) return 'Array';
  return value.length === 0 ? 'an empty array' : value.map((one) => show(one, expected, [...within, value])).join(', ');
}

/** `Map`, `Date`; `Object` of what is none of the language's own. */
const kindOf = (value: object): string => Object.prototype.toString.call(value).slice(8, -1);

/** What is no text where one is expected, which might pass for one. */
const noText = (value: unknown): unknown =>
  typeof value === 'number' || typeof value === 'boolean' ? `the ${typeof value} ${value}` : value;

/**
 * Throws the one message of every invalid option: what was expected, for which option, and what came.
 *
 * @param hint what to do, where the message alone does not say it
 */
export function rejectOption(expected: string, name: string, value: unknown, hint?: string): never {
  const empty = (value === undefined || value === '') && name.startsWith('--');
  const message = empty
    ? `${name} needs a value: ${expected.replace(/,$/, '')}`
    : `Expected ${expected} for ${name} but received ${show(value, expected)}`;
  // eslint-disable-next-line no-restricted-syntax -- here it is made
  throw new ResnetFtError('INVALID_OPTION', message, hint === undefined ? {} : { hint });
}

/**
 * Throws the error of an option that can't be used beside others, or without one: there no other value of it would do, and a sentence says so.
 *
 * @param message names the options, and begins with that which is refused
 * @param hint what to do, where the message alone does not say it
 */
export function rejectUse(message: string, hint?: string): never {
  // eslint-disable-next-line no-restricted-syntax -- here it is made
  throw new ResnetFtError('INVALID_OPTION', message, hint === undefined ? {} : { hint });
}

/** Words as an expectation lists them: `pth, safetensors or onnx`. */
export function oneOf(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function numberExpectation(spec: NumberOption, value?: unknown): string {
  const noun = spec.integer === true ? 'an integer' : 'a number';
  const limits: string[] = [];
  if (spec.min !== undefined) limits.push(`of at least ${spec.min}`);
  if (spec.above !== undefined) limits.push(`above ${spec.above}`);
  // Beyond these, numbers are not exact: nobody means one, and so nobody is told, but who has typed one.
  const beyond = spec.integer === true && typeof value === 'number' && value > Number.MAX_SAFE_INTEGER;
  const max = spec.max ?? (beyond ? Number.MAX_SAFE_INTEGER : undefined);
  if (max !== undefined) limits.push(`at most ${max}`);
  if (spec.below !== undefined) limits.push(`below ${spec.below}`);
  return limits.length === 0 ? noun : `${noun} ${limits.join(' and ')}`;
}

function stringExpectation({ choices, expected = 'a path' }: StringOption): string {
  return choices === undefined ? expected : oneOf(choices);
}

/**
 * Throws the error of an option that stands without its value.
 *
 * @throws ResnetFtError INVALID_OPTION
 */
export function rejectMissing(spec: OptionSpec, flag: string): never {
  const expected =
    spec.type === 'number'
      ? numberExpectation(spec)
      : spec.type === 'string'
        ? stringExpectation(spec)
        : 'true or false';
  rejectOption(expected, flag, undefined);
}

function checkNumber(spec: NumberOption, flag: string, value: unknown): number {
  const good =
    typeof value === 'number' &&
    Number.isFinite(value) &&
    (spec.integer !== true || Number.isSafeInteger(value)) &&
    (spec.min === undefined || value >= spec.min) &&
    (spec.above === undefined || value > spec.above) &&
    (spec.max === undefined || value <= spec.max) &&
    (spec.below === undefined || value < spec.below);
  if (good) return value;
  const least = spec.min ?? spec.above;
  const tooLittle = typeof value === 'number' && least !== undefined && value <= least;
  return rejectOption(numberExpectation(spec, value), flag, value, tooLittle ? spec.hint : undefined);
}

function checkString(spec: StringOption, flag: string, value: unknown): string {
  const good =
    typeof value === 'string' &&
    value !== '' &&
    (spec.choices?.includes(value) ?? true) &&
    (spec.pattern?.test(value) ?? true);
  return good ? value : rejectOption(stringExpectation(spec), flag, noText(value), meant(spec, value));
}

/** The choice that differs in case and hyphens alone, as a question. */
function meant({ choices = [] }: StringOption, value: unknown): string | undefined {
  const plain = (word: string): string => word.toLowerCase().replace(/[-_\s]/g, '');
  const near = typeof value === 'string' ? choices.find((choice) => plain(choice) === plain(value)) : undefined;
  return near === undefined ? undefined : `Did you mean ${near}?`;
}

function checkOption(spec: OptionSpec, flag: string, value: unknown): unknown {
  if (spec.type === 'number') return checkNumber(spec, flag, value);
  if (spec.type === 'string') return checkString(spec, flag, value);
  return typeof value === 'boolean' ? value : rejectOption('true or false', flag, value);
}

/**
 * Checks that what should be options is an object with fields: arrays, maps, dates and the like have none, and would pass for no options at all.
 *
 * @param what they are called in the error
 * @throws ResnetFtError INVALID_OPTION
 */
export function requireObject(value: unknown, what: string): asserts value is object {
  // Options may be what a module exports.
  const good = typeof value === 'object' && value !== null && ['Object', 'Module'].includes(kindOf(value));
  if (!good) rejectOption('an object', what, value);
}

/**
 * As {@link requireObject}, and that all fields are the object's own: only these are read, since anything may have put others on a prototype.
 *
 * @throws ResnetFtError INVALID_OPTION
 */
export function requireOptions(value: unknown, what: string): asserts value is object {
  requireObject(value, what);
  for (const name in value) {
    if (Object.hasOwn(value, name) || name in Object.prototype) continue;
    rejectOption('fields of their own', what, name, 'Copy those that are inherited, which are not read');
  }
}

/**
 * Checks every option against its table and fills in the defaults.
 *
 * @param command named in the error of an option that the table lacks
 * @param flagOf what an option is called in errors
 * @throws ResnetFtError INVALID_OPTION naming the option, what was expected and what was received.
 */
export function resolveOptions<T extends OptionTable>(
  table: T,
  input: unknown,
  command: string,
  flagOf = (name: string): string => `--${kebab(name)}`,
): ResolvedOptions<T> {
  requireOptions(input, `the options of ${command}`);
  const given = input as Record<string, unknown>;
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(table, name)) {
      const near = suggestOption(name, Object.keys(table));
      rejectOption('an option', command, name, near === undefined ? undefined : `Did you mean ${near}?`);
    }
  }
  const resolved: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(table)) {
    // Not what a prototype has that some other package changed.
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    resolved[name] = value === undefined ? spec.default : checkOption(spec, flagOf(name), value);
  }
  return resolved as ResolvedOptions<T>;
}

/** What was given of some options, without those that are undefined. */
export function defined<T extends object>(given: T): T {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T;
}

/** Checks a value that must be a text and not empty, such as a positional argument of a command. */
export function requireText(expected: string, name: string, value: unknown): string {
  return typeof value === 'string' && value !== '' ? value : rejectOption(expected, name, noText(value));
}
