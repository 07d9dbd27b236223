import { ResnetFtError } from '../errors';

/** Variables of the environment; those that are set to nothing are not set. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What to do about a variable that is wrong, where nothing better can be said. */
const MEND =
  'Start the processes with --nproc, torchrun, srun or Kubeflow, or unset the variables of a process that trains alone';

/** The error of a variable that says nothing usable about the place of this process among others. */
export function invalidPlace(message: string, hint: string = MEND): ResnetFtError {
  return new ResnetFtError('TEAM_INVALID', message, { hint });
}

/** The value of the first of some variables that is set; spaces around it don't count. */
export function valueOf(env: Environment, ...names: string[]): string | undefined {
  return names.map((name) => env[name]?.trim()).find((value) => value !== undefined && value !== '');
}

/**
 * The integer that a variable holds; undefined where it is not set.
 *
 * @throws ResnetFtError TEAM_INVALID where it is none, or out of range
 */
export function integerOf(env: Environment, name: string, min: number, max = 1_000_000): number | undefined {
  const text = valueOf(env, name);
  if (text === undefined) return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw invalidPlace(`The environment variable ${name} is ${text}, which is no integer from ${min} to ${max}`);
}

/**
 * The same of a variable that must be there.
 *
 * @param beside the variable that asks for it
 * @throws ResnetFtError TEAM_INVALID
 */
export function requiredInteger(env: Environment, name: string, beside: string, min: number, max?: number): number {
  return integerOf(env, name, min, max) ?? missing(env, name, beside);
}

/**
 * The text of a variable that must be there.
 *
 * @param beside the variable that asks for it
 * @throws ResnetFtError TEAM_INVALID
 */
export function requiredText(env: Environment, name: string, beside: string): string {
  return valueOf(env, name) ?? missing(env, name, beside);
}

function missing(env: Environment, name: string, beside: string): never {
  throw invalidPlace(`The environment variable ${beside} is ${valueOf(env, beside)}, but ${name} is not set`);
}
