import path from 'node:path';
import { oneLine } from '../errors';
import { MODEL_FILE } from '../model/locate';

/** Writes the model card of the run again, if it has one, for it says whether the model is calibrated, and whether it says "none of these". What goes wrong with it is only told. */
export async function cardNote(file: string): Promise<string | null> {
  const folder = path.dirname(file);
  if (path.basename(file) !== MODEL_FILE) return null;
  try {
    const { ifThere } = await import('../files/output-file.js');
    const { CARD, editedNote, writeCard } = await import('../card/write.js');
    if ((await ifThere(path.join(folder, CARD))) === undefined) return null;
    const { runFacts } = await import('../card/facts.js');
    return editedNote(await writeCard(folder, await runFacts(folder))) ?? null;
  } catch (error) {
    return `the model card was not written: ${oneLine(error instanceof Error ? error.message : String(error))}`;
  }
}
