import path from 'node:path';
import { writeAtomically } from '../files/atomic-file';
import { readOld } from '../files/output-file';
import { cardText, type CardFacts } from './card';
import { sealed, takeOver } from './sections';

/** The card in a folder, and where it goes if a person has edited that one beside the author's sections. */
export const CARD = 'README.md';
const BESIDE = 'README.new.md';

/** Where a card was written. */
export interface WrittenCard {
  /** Absolute path; undefined where a person has edited both files. */
  file: string | undefined;
  /** Files that were left as they are because a person has edited them. */
  edited: string[];
}

/**
 * Writes the model card into a folder. The author's sections of the one that is there are taken over; where anything else of it was edited,
 * it stays as it is, and the new one is written beside it.
 *
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE, also where the one that is there can't be read
 */
export async function writeCard(folder: string, facts: CardFacts): Promise<WrittenCard> {
  const text = cardText(facts);
  const edited: string[] = [];
  for (const name of [CARD, BESIDE]) {
    const file = path.resolve(folder, name);
    const bytes = await readOld(file);
    const old = bytes === undefined ? undefined : textOf(bytes);
    const whole = bytes === undefined ? sealed(text) : old === undefined ? undefined : takeOver(text, old);
    if (whole !== undefined) {
      if (whole !== old) await writeAtomically(file, [Buffer.from(whole)]);
      return { file, edited };
    }
    edited.push(file);
  }
  return { file: undefined, edited };
}

/**
 * The text of a file, without the byte order mark that some editors put before it.
 *
 * @returns undefined for what is not UTF-8: written again, the letters of its author would be lost
 */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** What to say of a card that was not written to its place; undefined where it was. */
export function editedNote({ file, edited }: WrittenCard): string | undefined {
  if (edited.length === 0) return undefined;
  const names = edited.map((one) => path.basename(one)).join(' and ');
  const rest = file === undefined ? 'no new model card was written' : `the new model card is in ${path.basename(file)}`;
  return `${names} ${edited.length === 1 ? 'was edited and stays as it is' : 'were edited and stay as they are'}; ${rest}`;
}
