import fs from 'node:fs';
import path from 'node:path';
import { openModel, type OpenedModel } from '../model/open';
import { rejectOption, rejectUse } from '../options';

/** A model of `train`, and where it lies. */
export interface RunModel {
  opened: OpenedModel;
  /** Absolute path. */
  file: string;
}

/**
 * Opens a model to which something is to be added.
 *
 * @param model folder of a run, or its file
 * @throws ResnetFtError INVALID_OPTION where the file is none to which something can be added; what opening it throws
 */
export async function openRunModel(model: string): Promise<RunModel> {
  // Named weights have no run, and would be looked for, or downloaded, in vain.
  if (/^[\w-]+$/.test(model) && !fs.existsSync(model)) {
    rejectUse(`There is no file or folder ${model}`, 'Name the folder of a run of train');
  }
  const opened = await openModel(model, { offline: true });
  const file = path.resolve(opened.file);
  if (path.extname(file) !== '.safetensors') rejectOption('a model of train, a .safetensors file', 'model', model);
  return { opened, file };
}
