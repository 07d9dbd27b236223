import { shownBytes } from '../files/disk';
import { EXPORT_OPTIONS, type ExportOptions } from '../options';
import { say, sayJson } from '../text/terminal';
import { counted } from '../text/count';
import { defineCommand } from './command';
import { shownPath } from './shown-path';

/** `resnet-ft export <model>` */
export const exportCommand = defineCommand({
  command: 'export <model>',
  describe: 'Write a model for PyTorch (.pth), as .safetensors, or as .onnx',
  positionals: { model: 'model file, folder of a run of train, or named weights such as imagenet-v1' },
  options: EXPORT_OPTIONS,
  json: 'print what was written as one JSON object',
  examples: [
    ['export runs/ants --format onnx', 'model.onnx: input float32 [batch, 3, 224, 224], normalised'],
    ['export runs/ants --format onnx --output web/', 'a folder for transformers.js and the Hugging Face Hub'],
    ['export runs/ants --output ants.onnx --with-preprocessing', 'input uint8 [batch, 224, 224, 3], pixels of crops'],
  ],
  inFiles: () => true,
  async run(options, { positionals, json, signal }) {
    const { exportModel } = await import('../export/export.js');
    const { createDownloadDisplay } = await import('./download-progress.js');
    const display = createDownloadDisplay({ quiet: json });
    const control = { signal, onProgress: display.show };
    const input = { model: positionals['model'], ...options } as ExportOptions;
    const result = await exportModel(input, control).finally(display.close);
    if (json) {
      sayJson(result);
    } else {
      const { file, files, note, arch, classes, bytes } = result;
      const written =
        files === undefined
          ? shownPath(file)
          : `${shownPath(String(options.output))} with ${counted(files.length, 'file')}`;
      say(`wrote ${written}: ${arch}, ${counted(classes.length, 'class', 'classes')}, ${shownBytes(bytes)}`);
      if (note !== undefined) say(note);
    }
  },
});
