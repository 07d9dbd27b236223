import path from 'node:path';
import { MODEL_OPTIONS, OUTPUT } from './common';
import {
  oneOf,
  rejectOption,
  rejectUse,
  requireOptions,
  requireText,
  resolveOptions,
  type GivenOptions,
  type OptionTable,
  type ResolvedOptions,
} from './spec';

/** The formats that a model can be exported to. */
const EXPORT_FORMATS = ['pth', 'safetensors', 'onnx'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

const EXTENSIONS: Readonly<Record<string, ExportFormat>> = {
  '.pth': 'pth',
  '.pt': 'pth',
  '.safetensors': 'safetensors',
  '.onnx': 'onnx',
};

/** Every option of `export`. */
export const EXPORT_OPTIONS = {
  format: {
    type: 'string',
    choices: EXPORT_FORMATS,
    group: OUTPUT,
    help: 'file format; if left out, that of the extension of --output',
  },
  output: {
    type: 'string',
    expected: 'a file name',
    group: OUTPUT,
    help: 'file to write, or with onnx, ending in /, a folder for transformers.js and the Hugging Face Hub [default: model.<format>]',
  },
  withPreprocessing: {
    type: 'boolean',
    default: false,
    group: OUTPUT,
    help: 'onnx: put the normalisation into the graph, which then takes crops as uint8 RGB [batch, height, width, 3]',
  },
  force: { type: 'boolean', default: false, group: OUTPUT, help: 'replace the file if it exists' },
  ...MODEL_OPTIONS,
} as const satisfies OptionTable;

/**
 * What `export` takes: a model, and any of the options of the command line in camel case.
 *
 * @interface
 */
export type ExportOptions = { model: string } & GivenOptions<typeof EXPORT_OPTIONS>;

/** The options after defaults. */
export type ResolvedExportOptions = {
  model: string;
  format: ExportFormat;
  output: string;
  /** Whether the output is a folder with all that transformers.js needs. */
  folder: boolean;
} & Omit<ResolvedOptions<typeof EXPORT_OPTIONS>, 'format' | 'output'>;

/**
 * Checks every option of `export` and fills in the defaults; format and extension must agree.
 *
 * @throws ResnetFtError INVALID_OPTION naming the option, what was expected and what was received.
 */
export function resolveExportOptions(input: ExportOptions): ResolvedExportOptions {
  requireOptions(input, 'the options of export');
  const { model, ...given } = input;
  const options = {
    model: requireText('a file, a folder or a name', 'model', model),
    ...resolveOptions(EXPORT_OPTIONS, given, 'export'),
  };
  if (options.output === undefined && options.format === undefined) {
    rejectUse(`export needs --format (${oneOf(EXPORT_FORMATS)}) or --output`);
  }
  const output = options.output ?? `model.${options.format}`;
  if (output.endsWith('/') || output.endsWith(path.sep))
    return { ...options, output, format: folderFormat(options), folder: true };
  const implied = EXTENSIONS[path.extname(output).toLowerCase()];
  if (implied === undefined || (options.format !== undefined && options.format !== implied)) {
    const wanted = Object.keys(EXTENSIONS).filter((one) => [undefined, EXTENSIONS[one]].includes(options.format));
    rejectOption(`a file name ending in ${oneOf(wanted)}`, '--output', output);
  }
  if (options.withPreprocessing && implied !== 'onnx') {
    rejectUse(`--with-preprocessing needs onnx, and the format is ${implied}`);
  }
  return { ...options, output, format: implied, folder: false };
}

/** The format of a folder. */
function folderFormat({ format, withPreprocessing }: ResolvedOptions<typeof EXPORT_OPTIONS>): ExportFormat {
  if (format === undefined) rejectUse('--output ending in / needs --format onnx');
  if (format !== 'onnx')
    rejectUse(`--format ${format} can't be written into a folder: --output ending in / is for onnx`);
  if (withPreprocessing) {
    const hint = 'Of a folder, transformers.js normalises the pixels itself, as preprocessor_config.json says';
    rejectUse("--with-preprocessing can't be used with a folder for --output", hint);
  }
  return format;
}
