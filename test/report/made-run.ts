import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { resolveTrainOptions } from '../../lib/options';
import type { EpochRecord, ReportData, RunConfig, StepRecord, TrainResult } from '../../lib/report/records';

/** What a run is made of, for tests of pages. */
export interface MadeRun {
  classes: readonly string[];
  /** Names of the files of each class's validation images; those that a file system takes. */
  files: readonly string[];
  epochs?: number;
  /** Whether the run has come to its end; default yes. */
  finished?: boolean;
  /** Whether it has a model, one without weights; default yes. */
  model?: boolean;
  notes?: string[];
  /** Of the image of this number and its class: the class that the model says, and its probability. */
  said?: (image: number, truth: number) => { predicted: number; probability: number };
  /** Of the kept model; default 0.3. */
  valLoss?: number;
}

const STEPS = 3;

/** Writes a folder of images, and the folder of a run on them as `train` leaves it. */
export async function makeRun(root: string, name: string, made: MadeRun): Promise<{ folder: string; images: number }> {
  const { classes, files, epochs = 4, finished = true, model = true, notes = [], valLoss = 0.3 } = made;
  const said =
    made.said ??
    ((image, truth) => ({
      predicted: image % 3 === 0 ? (truth + 1) % classes.length : truth,
      probability: 0.6 + 0.05 * (image % 7),
    }));
  const folder = path.join(root, name);
  const data = path.join(root, 'photos');
  fs.mkdirSync(folder, { recursive: true });
  const images = classes.flatMap((_, truth) =>
    files.map((file) => ({ truth, file: path.join(data, 'val', `class-${truth}`, file) })),
  );
  for (const [i, { file }] of images.entries()) {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const background = { r: (i * 37) % 256, g: (i * 91) % 256, b: 120 };
    if (!fs.existsSync(file))
      fs.writeFileSync(
        file,
        await sharp({ create: { width: 40, height: 30, channels: 3, background } })
          .png()
          .toBuffer(),
      );
  }
  const print = Object.fromEntries(classes.map((one) => [one, { images: files.length, hash: '0' }]));
  const config: RunConfig = {
    options: {
      ...resolveTrainOptions({ data, epochs, arch: 'resnet18', weights: 'none', output: folder }),
      device: 'cpu',
      precision: 'fp32',
    },
    versions: { 'resnet-ft': '0.1.0', node: '22.0.0' },
    classes: [...classes],
    preprocessing: { resize: 256, crop: 224, mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2] },
    data: { train: print, val: print },
    unreadable: files.slice(0, 1).map((file) => ({ file: path.join(data, file), reason: `no picture: ${file}` })),
  };
  const write = (file: string, text: string): void => fs.writeFileSync(path.join(folder, file), text);
  write('config.json', JSON.stringify(config));
  const records = Array.from({ length: epochs }, (_, i) => i + 1).flatMap((epoch): (StepRecord | EpochRecord)[] => [
    ...Array.from({ length: STEPS }, (_, s): StepRecord => ({
      kind: 'step',
      epoch,
      step: (epoch - 1) * STEPS + s + 1,
      loss: 1 / epoch + 0.1 * s,
      lr: 0.01 / epoch,
      images: 8,
    })),
    {
      kind: 'epoch',
      epoch,
      trainLoss: 1 / epoch,
      trainAccuracy: 1 - 0.4 / epoch,
      valLoss: 1.1 / epoch,
      valAccuracy: 1 - 0.5 / epoch,
      seconds: 2,
    },
  ]);
  write('metrics.jsonl', records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  const parts: ReportData = {
    phases: [
      { name: 'Training', seconds: 8 },
      { name: 'Validation', seconds: 2 },
    ],
    notes,
    batches: [
      {
        epoch: 1,
        batch: 1,
        images: [
          {
            webp: (
              await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
                .webp()
                .toBuffer()
            ).toString('base64'),
            labels: [
              { name: classes[0] ?? '', share: 0.7 },
              { name: classes[1] ?? '', share: 0.3 },
            ],
          },
        ],
      },
    ],
  };
  write('report.json', JSON.stringify(parts));
  if (model) write('model.safetensors', `\x02${'\0'.repeat(7)}{}`);
  if (!finished) return { folder, images: images.length };
  const predictions = images.map(({ truth, file }, i) => {
    const { predicted, probability } = said(i, truth);
    const rest = (1 - probability) / (classes.length - 1);
    return {
      file,
      trueClass: classes[truth],
      predictedClass: classes[predicted],
      probabilities: Object.fromEntries(classes.map((one, k) => [one, k === predicted ? probability : rest])),
    };
  });
  write('predictions.jsonl', predictions.map((one) => `${JSON.stringify(one)}\n`).join(''));
  const result: TrainResult = {
    ...{
      output: folder,
      classes: [...classes],
      device: 'cpu',
      precision: 'fp32',
      epochs,
      steps: epochs * STEPS,
      valImages: images.length,
    },
    model: { keep: 'best', epoch: epochs, step: epochs * STEPS, valLoss, valAccuracy: 0.8 },
    perClass: [],
    best: { epoch: epochs, valLoss: 0.3, valAccuracy: 0.8 },
    last: { trainLoss: 0.3, trainAccuracy: 0.9, valLoss: 0.3, valAccuracy: 0.8 },
    seconds: 10,
  };
  write('result.json', JSON.stringify(result));
  return { folder, images: images.length };
}
