import { fork, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { TrainOptions } from '../../lib/index';
import type { TrainSettings } from '../../lib/options/train';
import { ANTS_BEES } from '../cli/run';
import { resultsOf } from './resume-runs';

/** Short trainings of everything: few images, small ones, on one thread. */
const SHORT = {
  ...({ data: ANTS_BEES, weights: 'none', arch: 'resnet18', imageSize: 64, batchSize: 6, epochs: 2 } as const),
  ...({ device: 'cpu', precision: 'fp32', threads: 1, lr: 0.01, cropCache: '0', checkpointEvery: 'never' } as const),
  ...({ report: false, card: false } as const),
} satisfies TrainOptions;

/** What is trained, as the options say it. */
export type Changes = TrainSettings;

/** How, beside the options. */
export interface How {
  /** Whether folders are listed in another order. */
  backwards?: boolean;
  /** The step at which the run is stopped, and then gone on with. */
  stopAt?: number;
}

/** A process that trains. */
export class Trainer {
  private readonly child: ChildProcess;
  private runs = 0;

  /** @param folder for the runs, of its own */
  constructor(
    private readonly folder: string,
    env: Readonly<Record<string, string>> = {},
  ) {
    this.child = fork(path.join(__dirname, 'trainer.js'), {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...process.env, ...env },
    });
  }

  /** Trains; gives all that the run came to: metrics without times, hashes of weights, predictions. */
  async outcome(changes: Changes = {}, how: How = {}): Promise<Outcome> {
    const output = path.join(this.folder, `run-${++this.runs}`);
    await this.train({ ...SHORT, output, ...changes }, how);
    const results = await resultsOf(output);
    fs.rmSync(output, { recursive: true });
    return results;
  }

  private async train(options: TrainOptions, how: How): Promise<void> {
    const { error } = await new Promise<{ error?: string }>((resolve) => {
      const ended = (): void => resolve({ error: 'the process ended' });
      this.child.once('exit', ended).once('message', (answer: { error?: string }) => {
        this.child.off('exit', ended);
        resolve(answer);
      });
      this.child.send({ options, ...how });
    });
    if (error !== undefined) throw new Error(error);
  }

  end(): void {
    this.child.disconnect();
  }
}

export type Outcome = Record<string, unknown>;

/** Options that change how weights are trained, several at a time where they go together. Each is told from the others by what it comes to. */
export const TOGETHER: Readonly<Record<string, Changes>> = {
  'recipe tutorial, every default': {},
  'recipe linear': { recipe: 'linear', epochs: 2 },
  'recipe finetune, crops drawn anew': { recipe: 'finetune', epochs: 1, headEpochs: 1, seed: 7 },
  'SGD: Nesterov, decay, clipping, average': {
    ...{ momentum: 0.9, nesterov: true, weightDecay: 1e-3, decayNormBias: false, clipGrad: 1, ema: 0.9 },
    ...{ schedule: 'onecycle', warmup: 0.3, finalLrFactor: 0.1, cycleMomentum: true, keep: 'min-batch-loss' },
  },
  'AdamW: betas, layer decay, accumulation, smoothing, balance': {
    ...{ optimizer: 'adamw', beta1: 0.8, beta2: 0.99, eps: 1e-6, lr: 1e-3, lrHead: 1e-2, lrLayerDecay: 0.8 },
    ...{ accumulate: 2, schedule: 'step', stepSize: 1, gamma: 0.5, labelSmoothing: 0.1 },
    ...{ classWeights: 'balanced', sampling: 'balanced', keep: 'last' },
  },
  'geometry: windows, warps and colours': {
    ...{ cropScale: '0.35..1', cropRatio: '0.8..1.25', hflip: 0.3, vflip: 0.5, rotate: 15, translate: '0.1' },
    ...{ zoom: '0.8..1.25', shear: 5, warpInterpolation: 'bilinear', warpFill: '128', colorJitter: '0.4,0.4,0.4,0.1' },
    ...{ grayscale: 0.5, erasing: 0.5, schedule: 'linear' },
  },
  'RandAugment, mixup and CutMix': { randAugment: '2,9', mixup: 0.2, cutmix: 1, schedule: 'cosine' },
  'TrivialAugment on kept views of frozen modules': { trivialAugment: true, trainFrom: 'layer4', cacheViews: 2 },
  'images: padded, bicubic, measured': {
    ...{ fit: 'pad', interpolation: 'bicubic', exifRotate: true, mean: 'auto', std: 'auto' },
    ...{ draws: 'counter', trainFrom: 'layer3', cacheBf16: true, precision: 'bf16' },
  },
  'windows of images in a part of an epoch': { steps: 3, resize: 80, patience: 1, minDelta: 0.5 },
};
