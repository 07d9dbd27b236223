import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { DownloadControl } from '../download/types';
import { throwIfAborted } from '../errors';
import { cardMetadata, type ModelCard } from '../model/describe';
import { openModel } from '../model/open';
import { controlled, resolveExportOptions, type Architecture, type ExportFormat, type ExportOptions } from '../options';
import { writeTensors } from '../weights/index';
import { notWritable, writeAtomically } from '../files/atomic-file';
import { checkOutputFile, replacingNothing } from '../files/output-file';
import { reasonOf } from '../files/reason';
import { HUB_INPUT } from './hub-config';
import { checkHubFolder, HUB_MODEL, makeHubFolder, writeHubFiles } from './hub-folder';
import { buildOnnx } from './onnx';
import { encodeOnnx } from './onnx-proto';

/** What was written. */
export interface ExportResult {
  /** Absolute path. */
  file: string;
  /** `pth`, `safetensors` or `onnx`. */
  format: ExportFormat;
  /** Size of the file. */
  bytes: number;
  /** Architecture of the model. */
  arch: Architecture;
  /** Names of the classes, in the order of the outputs. */
  classes: string[];
  /** Whether the graph of an ONNX file normalises the pixels itself. */
  withPreprocessing: boolean;
  /** All files of a folder, absolute; only there where the output is one. */
  files?: string[];
  /** What to know of the folder's model card; only there where a person has edited it. */
  note?: string;
}

/** A message of protocol buffers, which ONNX is, ends below 2 GiB. */
const MAX_ONNX_BYTES = 2 ** 31 - 1;

/**
 * Writes a model in another format, whole or not at all; class names and preprocessing travel in the file's metadata. The model
 * is a file of weights, the folder of a run, or named weights, which are downloaded where they are missing. Needs no LibTorch.
 *
 * - `pth`, `safetensors`: a state dict as torchvision's model of that architecture has it, complete and in its element types;
 *   loads in Python with `torch.load(file, weights_only=True)` and `load_state_dict(…, strict=True)`.
 * - `onnx`: IR version 8, opset 17, float32, batch norms folded; `input` -> `logits`, described at buildOnnx. Into a folder, where the output
 *   ends in `/`: `onnx/model.onnx`, whose input is `pixel_values`, with `config.json`, `preprocessor_config.json`, `labels.json` and `README.md`,
 *   as transformers.js and the Hugging Face Hub take it.
 *
 * @throws ResnetFtError INVALID_OPTION; OUTPUT_NOT_WRITABLE, also for a file that exists, or appears meanwhile, and is not to be replaced;
 *   WEIGHTS_INVALID or WEIGHTS_MISMATCH naming the model's file; what the download of named weights throws
 */
export async function exportModel(
  given: ExportOptions,
  control: Omit<DownloadControl, 'offline'> = {},
): Promise<ExportResult> {
  const resolved = resolveExportOptions(given);
  return controlled(control, (heard) => exportResolved(resolved, heard));
}

async function exportResolved(
  { model, format, output, folder, withPreprocessing, force, ...options }: ReturnType<typeof resolveExportOptions>,
  control: Omit<DownloadControl, 'offline'>,
): Promise<ExportResult> {
  const file = path.resolve(output, folder ? HUB_MODEL : '');
  await (folder ? checkHubFolder(path.resolve(output), force) : checkOutputFile(file, '--output', force));
  const { network, tensors, arch, classes, preprocessing, temperature, unknown } = await openModel(model, {
    ...control,
    ...options,
  });
  const card: ModelCard = { arch, classes, preprocessing, temperature, unknown };
  throwIfAborted(control.signal, 'The export was stopped');
  const finish = force ? undefined : replacingNothing('--output', folder ? 'folder' : 'name');
  if (format === 'onnx') {
    // Hugging Face's libraries take the softmax of the logits themselves, and know no temperature.
    const input = folder ? { input: HUB_INPUT, calibrated: true } : {};
    const { length, chunks } = await encodeOnnx(buildOnnx(network, tensors, card, { withPreprocessing, ...input }));
    if (length > MAX_ONNX_BYTES) {
      throw notWritable(
        file,
        `${classes.length} classes make ${length} bytes, but an ONNX file holds at most ${MAX_ONNX_BYTES}`,
      );
    }
    if (folder) await makeHubFolder(path.resolve(output));
    await writeAtomically(file, chunks, finish);
  } else {
    await writeTensors(file, tensors, { metadata: cardMetadata(card) }, finish);
  }
  const { size: bytes } = await stat(file).catch((cause: unknown) => {
    throw notWritable(file, reasonOf(cause), { cause });
  });
  const written = { file, format, bytes, arch, classes, withPreprocessing };
  if (!folder) return written;
  const { files, note } = await writeHubFiles(path.resolve(output), card, model, finish);
  return { ...written, files, ...(note === undefined ? {} : { note }) };
}
