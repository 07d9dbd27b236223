import fs from 'node:fs';
import { oneLine, ResnetFtError, withHint } from '../errors';
import { rejectOption } from '../options';
import type { ClassMap } from './types';

const MAX_BYTES = 8 * 1024 * 1024;

/** Which class each folder was said to be; the texts are checked against the model later. */
export type FolderTargets = ReadonlyMap<string, string | number>;

/**
 * Reads `ants=ant,bees=309`, a JSON file `{"ants": "ant", "bees": 309}`, or such an object.
 *
 * @throws ResnetFtError INVALID_OPTION; DATA_INVALID or DATA_NOT_FOUND of the file
 */
export async function readClassMap(given: string | ClassMap | undefined): Promise<FolderTargets> {
  if (given === undefined) return new Map();
  if (typeof given !== 'string') {
    return fromObject(given, (expected, folder, received) =>
      rejectOption(expected, folder === undefined ? '--class-map' : `${folder} in --class-map`, received),
    );
  }
  if (given.includes('=') && !fs.existsSync(given)) return fromPairs(given);
  const { readSmallText } = await import('../files/text-file.js');
  const text = await readSmallText(given, MAX_BYTES).catch((error: unknown) => {
    throw withForms(error);
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = oneLine((error as Error).message).replace(/ is not valid JSON$/, '');
    throw new ResnetFtError('DATA_INVALID', `class map ${given}: not valid JSON (${reason})`);
  }
  return fromObject(value, (expected, folder) => {
    const where = folder === undefined ? '' : ` for ${folder}`;
    throw new ResnetFtError('DATA_INVALID', `class map ${given}: expected ${expected}${where}`);
  });
}

/** The error of a map that is no file: perhaps it was to be something else. */
function withForms(error: unknown): unknown {
  if (!(error instanceof ResnetFtError) || error.code !== 'DATA_NOT_FOUND') return error;
  const hint = 'Give --class-map pairs such as ants=ant,bees=309, or a file of JSON such as {"ants": "ant"}';
  return withHint(error, hint);
}

function fromPairs(text: string): FolderTargets {
  const map = new Map<string, string>();
  for (const pair of text.split(',')) {
    const at = pair.indexOf('=');
    const folder = pair.slice(0, Math.max(0, at)).trim();
    const name = pair.slice(at + 1).trim();
    if (at === -1 || folder === '' || name === '') rejectOption('pairs such as ants=ant,bees=bee', '--class-map', pair);
    if (map.has(folder)) rejectOption(`one class of ${folder}`, '--class-map', text);
    map.set(folder, name);
  }
  return map;
}

/** @param refuse throws for what was expected, of the map or of one folder in it, and what came instead */
function fromObject(
  value: unknown,
  refuse: (expected: string, folder: string | undefined, received: unknown) => never,
): FolderTargets {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    refuse('an object of folders and classes such as {"ants": "ant"}', undefined, value);
  }
  const map = new Map<string, string | number>();
  for (const [folder, name] of Object.entries(value) as [string, unknown][]) {
    const good = typeof name === 'number' ? Number.isSafeInteger(name) : typeof name === 'string' && name !== '';
    if (!good) refuse('the name or number of a class', folder, name);
    map.set(folder, name as string | number);
  }
  return map;
}
