import type { EpochRecord } from './events';
import type { Progress } from './progress';

/** When a run that no longer gets better ends. */
export interface PatienceOptions {
  /** Epochs without an improvement. */
  epochs: number;
  /** How much the validation accuracy (0..1) must rise to count; with 0 a lower loss at the same accuracy counts too. */
  minDelta: number;
}

/** Counts the epochs since validation last got better; what it knows is part of the progress, so that a run that is resumed counts on. */
export class Patience {
  constructor(
    private readonly options: PatienceOptions | undefined,
    private readonly progress: Progress,
  ) {
    const { best } = progress;
    if (options === undefined || progress.waiting !== undefined || best === undefined) return;
    // The run began without patience: what is worse than its best epoch is no improvement.
    const { valAccuracy: accuracy, valLoss: loss } = best.record;
    progress.waiting = { epochs: 0, accuracy, loss };
  }

  /** Whether the run is to end. */
  get isOver(): boolean {
    const { options, progress } = this;
    return options !== undefined && progress.waiting !== undefined && progress.waiting.epochs >= options.epochs;
  }

  /** Takes note of an epoch. */
  see({ valAccuracy: accuracy, valLoss: loss }: EpochRecord): void {
    const { progress, options } = this;
    if (options === undefined) return;
    const before = progress.waiting;
    const better =
      before === undefined ||
      accuracy > before.accuracy + options.minDelta ||
      (options.minDelta === 0 && accuracy === before.accuracy && loss < before.loss);
    progress.waiting = better ? { epochs: 0, accuracy, loss } : { ...before, epochs: before.epochs + 1 };
  }
}
