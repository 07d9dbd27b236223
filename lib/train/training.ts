import { controlled, requireOptions, type TrainOptions } from '../options';
import type { TrainEvent, TrainResult } from './events';
import { runTraining } from './train';
import type { TrainControl } from './run';

/** A training that runs: a promise of its result, and, for a loop over them, its events. */
export interface Training extends Promise<TrainResult>, AsyncIterable<TrainEvent> {
  /**
   * The events from here on, and nothing else: a loop that begins in the same turn of the event loop as {@link train} sees all. It ends when the
   * training does, throws what the training rejects with, and stops the training where it is left early.
   */
  [Symbol.asyncIterator](): AsyncIterator<TrainEvent, undefined>;
}

/**
 * Fine-tunes a network on a folder of images, and leaves config, metrics, checkpoints, weights and predictions in the output folder. The work
 * happens on threads of the native addon, and the event loop stays free; the js backend gives it turns. Several trainings may run at
 * the same time, each in a folder of its own.
 *
 *     const result = await train({ data: 'photos', valSplit: 0.2 });
 *     for await (const event of train({ data: 'photos', valSplit: 0.2 })) if (event.kind === 'epoch') console.log(event.valAccuracy);
 *
 * @returns a promise of the result, over whose events `for await` goes
 * @throws ResnetFtError with a stable `code`; a run that fails before it has chosen its options leaves no folder behind;
 *   one that fails later says so, or can be gone on with.
 */
export function train(input: TrainOptions, control: TrainControl = {}): Training {
  const queues = new Set<EventQueue>();
  const left = new AbortController();
  const promise = controlled(control, (heard) => {
    const signal = heard.signal === undefined ? left.signal : AbortSignal.any([heard.signal, left.signal]);
    const onEvent = (event: TrainEvent): void => {
      heard.onEvent?.(event);
      for (const queue of queues) queue.push(event);
    };
    // What is done to the options while the training runs changes nothing of it.
    requireOptions(input, 'the options of train');
    return runTraining({ ...input }, { ...heard, signal, onEvent });
  });
  return Object.assign(promise, {
    [Symbol.asyncIterator](): AsyncIterator<TrainEvent, undefined> {
      const queue = new EventQueue(async () => {
        left.abort();
        await promise.catch(() => {});
      });
      queues.add(queue);
      promise.then(
        () => queue.end(),
        (error: unknown) => queue.end(error),
      );
      return queue;
    },
  });
}

/** Events that a loop has not taken yet. */
class EventQueue implements AsyncIterator<TrainEvent, undefined> {
  private readonly events: TrainEvent[] = [];
  private ended: { error?: unknown } | undefined;
  /** Of calls that wait for an event, in their order. */
  private waiting: (() => void)[] = [];

  constructor(private readonly stop: () => Promise<void>) {}

  push(event: TrainEvent): void {
    this.events.push(event);
    this.waiting.shift()?.();
  }

  end(...errors: unknown[]): void {
    this.ended = errors.length === 0 ? {} : { error: errors[0] };
    for (const wake of this.waiting.splice(0)) wake();
  }

  async next(): Promise<IteratorResult<TrainEvent, undefined>> {
    while (this.events.length === 0 && this.ended === undefined) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    const event = this.events.shift();
    if (event !== undefined) return { value: event, done: false };
    const { ended } = this;
    this.ended = {};
    if (ended !== undefined && 'error' in ended) throw ended.error as Error;
    return { value: undefined, done: true };
  }

  /** The loop was left: the training stops, and has saved itself before the loop's program goes on. */
  async return(): Promise<IteratorResult<TrainEvent, undefined>> {
    await this.stop();
    this.events.length = 0;
    this.ended = {};
    return { value: undefined, done: true };
  }
}
