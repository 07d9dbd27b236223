import path from 'node:path';
import { editedNote, writeCard } from '../card/write';
import { exportFacts } from '../card/facts';
import { notWritable, writeAtomically, type Finish } from '../files/atomic-file';
import { makeFolder } from '../files/make-folder';
import { checkFolderName, checkOutputFile, ifThere, readOld } from '../files/output-file';
import { reasonOf } from '../files/reason';
import type { ModelCard } from '../model/describe';
import { jsonText } from '../text/json';
import { hubConfig, hubPreprocessor } from './hub-config';

/** Where transformers.js looks for what, in the folder of a model. */
export const HUB_MODEL = path.join('onnx', 'model.onnx');
const CONFIG = 'config.json';
const PREPROCESSOR = 'preprocessor_config.json';
const LABELS = 'labels.json';

/**
 * Refuses, before any work is done, a folder that can't be written, or that has such files already; never one of a run.
 *
 * @param replace whether files of an older export are replaced
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE; INVALID_OPTION for a name that no folder can have
 */
export async function checkHubFolder(folder: string, replace: boolean): Promise<void> {
  await checkFolderName(folder, folder, '--output', 'folder');
  if ((await ifThere(folder)) === undefined) return;
  const config = path.join(folder, CONFIG);
  if (await isOther(config)) {
    throw notWritable(config, 'the folder has one that is not of an export, as that of a run has', {
      hint: 'Give another folder with --output',
    });
  }
  for (const name of [CONFIG, PREPROCESSOR, LABELS])
    await checkOutputFile(path.join(folder, name), '--output', replace);
  const model = path.join(folder, HUB_MODEL);
  if ((await ifThere(path.dirname(model))) !== undefined) await checkOutputFile(model, '--output', replace);
}

/** Whether there is a config.json that is none of Hugging Face's. */
async function isOther(file: string): Promise<boolean> {
  const bytes = await readOld(file);
  if (bytes === undefined) return false;
  try {
    return (JSON.parse(bytes.toString()) as { model_type?: unknown } | null)?.model_type === undefined;
  } catch {
    return true;
  }
}

/**
 * Makes the folder, for the model to be written into it.
 *
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE
 */
export async function makeHubFolder(folder: string): Promise<void> {
  await makeFolder(path.join(folder, path.dirname(HUB_MODEL))).catch((cause: unknown) => {
    throw notWritable(folder, reasonOf(cause), { cause });
  });
}

/**
 * Writes what a folder has beside the model, and its card.
 *
 * @param source the folder or file that the model is from
 * @param finish as of {@link writeAtomically}, for all but the card, which tells an older one from what its author wrote
 * @returns the files, absolute, and what to say of the card, if anything
 * @throws ResnetFtError OUTPUT_NOT_WRITABLE; DATA_INVALID where what the run has told of the model can't be read
 */
export async function writeHubFiles(
  folder: string,
  card: ModelCard,
  source: string,
  finish?: Finish,
): Promise<{ files: string[]; note: string | undefined }> {
  const texts: Record<string, unknown> = {
    [CONFIG]: hubConfig(card),
    [PREPROCESSOR]: hubPreprocessor(card.preprocessing),
    [LABELS]: card.classes,
  };
  for (const [name, value] of Object.entries(texts)) {
    await writeAtomically(path.join(folder, name), [Buffer.from(jsonText(value))], finish);
  }
  const written = await writeCard(folder, await exportFacts(folder, card, source));
  const files = [HUB_MODEL, ...Object.keys(texts)].map((name) => path.join(folder, name));
  return { files: written.file === undefined ? files : [...files, written.file], note: editedNote(written) };
}
