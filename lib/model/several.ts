import fs from 'node:fs';
import path from 'node:path';
import { count, fields, name } from '../files/shape';
import { readIfThere } from '../files/regular-file';

/** Of a folder that holds those of several trainings: what these are. */
export const PLAN = 'repeats.json';

const kind = (value: unknown): boolean => value === 'folds' || value === 'seeds';

/** Of `repeats.json`, as far as those rely on it who look for a model, or for room for one. */
export const isPlan = fields({ by: kind, count, options: fields({ data: name }) });

/** How many trainings a folder holds; undefined where it is not one of several, or that can't be seen. */
export async function countOfTrainings(folder: string): Promise<number | undefined> {
  try {
    const plan: unknown = JSON.parse(String(await readIfThere(path.join(folder, PLAN))));
    return isPlan(plan) ? (plan as { count: number }).count : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What to say where one training is wanted, and a folder of several was named.
 *
 * @param named the folder as the caller named it
 * @returns undefined where it holds none
 */
export async function severalIn(named: string): Promise<string | undefined> {
  const trainings = await countOfTrainings(named);
  if (trainings === undefined) return undefined;
  const [first] = begunIn(named);
  const such = first === undefined ? '' : `; name one of them, such as ${path.join(named, first)}`;
  return `${named} holds ${trainings} trainings${such}`;
}

/** The folders of those that have begun, in their order. */
function begunIn(folder: string): string[] {
  const numberOf = (one: string): number => Number(/^(?:fold|seed)-(\d+)$/.exec(one)?.[1] ?? NaN);
  try {
    const names = fs.readdirSync(folder).filter((one) => !Number.isNaN(numberOf(one)));
    return names.sort((a, b) => numberOf(a) - numberOf(b));
  } catch {
    return [];
  }
}
