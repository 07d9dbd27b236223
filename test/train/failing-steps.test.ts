import { isOutOfMemory } from '../../lib/backend/out-of-memory';
import type { SessionState, TrainEpochOptions, TrainingSession } from '../../lib/backend/types';
import { encodeCheckpoint, decodeCheckpoint, type Checkpoint } from '../../lib/train/checkpoint-file';
import type { Checkpoints } from '../../lib/train/checkpoints';
import type { FitOptions } from '../../lib/train/fit';
import { fitOrGoBack } from '../../lib/train/go-back';
import { outOfMemory } from '../../lib/train/out-of-memory';
import { START } from '../../lib/train/progress';
import type { RunFolder } from '../../lib/train/run-folder';

// Steps that fail as they would on another machine or another rate, on a session that only counts.

const IMAGES = 8;
const targets = new Int32Array(IMAGES);
const samples = { store: {} as FitOptions['val']['store'], targets };

/** A session whose weights are the sum of its rates, and whose steps fail where `step` throws or gives no number. */
class CountingSession {
  private weight = 0;
  private step = 0;
  private epoch = 1;

  constructor(private readonly loss: (rate: number, options: TrainEpochOptions) => number) {}

  trainEpoch(options: TrainEpochOptions, onStep: Parameters<TrainingSession['trainEpoch']>[1]) {
    if (options.epoch > this.epoch) [this.epoch, this.step] = [options.epoch, 0];
    let steps = 0;
    for (const rate of options.learningRates) {
      const loss = this.loss(rate, options);
      this.weight += rate;
      steps++;
      onStep({ step: ++this.step, loss, correct: 1, images: options.batchSize });
      if (Number.isNaN(loss)) break;
    }
    return Promise.resolve({ steps, images: IMAGES, loss: 1, correct: 1, keptStep: 0, keptLoss: 0, cancelled: false });
  }

  evaluate() {
    return Promise.resolve({ images: IMAGES, loss: 1, correct: 1, logits: new Float32Array(2), cancelled: false });
  }

  state(): Promise<SessionState> {
    const data = new Uint8Array(Float64Array.of(this.weight).buffer);
    const position = { epoch: this.epoch, step: this.step, images: 0, loss: 0, correct: 0 };
    const model = [{ name: 'weight', dtype: 'F64' as const, shape: [1], data }];
    return Promise.resolve({ model, optimizer: [], ema: [], generator: null, position, kept: null });
  }

  restore({ model, position }: SessionState): Promise<void> {
    this.weight = new Float64Array(new Uint8Array(model[0]?.data ?? []).buffer)[0] ?? NaN;
    this.step = position.step;
    this.epoch = position.epoch;
    return Promise.resolve();
  }

  cancel(): void {}

  get sum(): number {
    return this.weight;
  }
}

describe('a loss that is not finite', () => {
  /** Two epochs of four steps at a rate of 1, with a checkpoint after each epoch. */
  async function run(loss: (rate: number, step: number) => number) {
    let step = 0;
    const session = new CountingSession((rate) => loss(rate, ++step));
    const notes: string[] = [];
    const cuts: number[] = [];
    let last: Checkpoint | undefined = { state: await session.state(), progress: { ...START }, metricsEnd: 0 };
    const options: FitOptions = {
      session: session as unknown as TrainingSession,
      ...{ train: samples, val: samples, epochs: 2, batchSize: 2, steps: undefined, keepLeastLoss: false },
      schedule: (_done, steps) => new Float64Array(steps).fill(1),
      signal: new AbortController().signal,
      onRecord: () => {},
      onBest: () => Promise.resolve(),
      onKept: () => {},
      pauses: {
        stepsLeft: () => Infinity,
        isDue: () => false,
        pause: async (progress) => {
          const encoded = await encodeCheckpoint({
            state: await session.state(),
            progress,
            metricsEnd: progress.steps,
          });
          last = await decodeCheckpoint('file', encoded.tensors, encoded.metadata);
        },
      },
    };
    const result = await fitOrGoBack(
      options,
      { ...START },
      {
        checkpoints: { settle: () => Promise.resolve(), read: () => Promise.resolve(last) } as unknown as Checkpoints,
        folder: { cutMetrics: (end: number) => cuts.push(end) } as unknown as RunFolder,
        emit: (event) => void (event.kind === 'note' && notes.push(event.note)),
      },
    ).catch((error: unknown) => error);
    return { result, notes, cuts, sum: session.sum };
  }

  test('goes back to the last checkpoint, and on with half the rate', async () => {
    const { result, notes, cuts, sum } = await run((rate, step) => (rate > 0.5 && step === 6 ? NaN : 1));
    expect(result).toMatchObject({ steps: 8, epochs: 2 });
    expect(notes).toEqual([
      'The loss of step 6 is not finite: back to the checkpoint after 4 steps, and on with half the learning rate',
    ]);
    expect(cuts).toEqual([4]);
    // Four steps at 1, and four at a half.
    expect(sum).toBe(6);
  });

  test('ends the run the second time', async () => {
    const { result, notes } = await run((_rate, step) => (step >= 6 ? Infinity : 1));
    expect(notes).toHaveLength(1);
    expect(result).toMatchObject({ code: 'TRAINING_DIVERGED', message: 'The loss of step 5 is not finite' });
  });
});

describe('a batch that does not fit into memory', () => {
  const cuda = 'CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.25 GiB';
  const tell = async (fits: number, batchSize = 8) => {
    const session = new CountingSession((_rate, options) => {
      if (options.batchSize > fits) throw new Error(cuda);
      return 1;
    });
    const checkpoint = { state: await session.state(), progress: START, metricsEnd: 0 };
    return outOfMemory(
      new Error(cuda),
      { session: session as unknown as TrainingSession, cropped: { train: samples }, groups: 1 },
      { batchSize },
      { read: () => Promise.resolve(checkpoint) },
    );
  };

  test.each([
    [4, 'Batches of 4 fit: --batch-size 4, and with --accumulate 2 beside it each step has as many images as before'],
    [1, 'Batches of 1 fit: --batch-size 1, and with --accumulate 8 beside it each step has as many images as before'],
    [0, 'Make room on the device, or train less of the network with --train-from'],
  ])('where %i fit', async (fits, hint) => {
    const error = await tell(fits);
    expect(error).toMatchObject({ code: 'OUT_OF_MEMORY', hint });
    // It is told once.
    expect(isOutOfMemory(error)).toBe(false);
    expect(error.message).toBe(`A batch of 8 images does not fit into memory: ${cuda}`);
  });

  test.each([
    [cuda, true],
    ['CUDA error: out of memory', true],
    ['DefaultCPUAllocator: not enough memory: you tried to allocate 1 bytes.', true],
    ['there is not enough memory', true],
    ['cuDNN error: CUDNN_STATUS_ALLOC_FAILED', true],
    // As cuDNN 9 says it.
    ['cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED', true],
    ['cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED', true],
    ['cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_COMPILATION_FAILED', false],
    ['could not create a primitive', true],
    ['could not create a memory object', true],
    ['could not create a primitive descriptor for the convolution forward propagation primitive. Run workload', false],
    ['the shape of fc.weight does not match', false],
  ])('is told from other errors: %s', (message, expected) => {
    expect(isOutOfMemory(new Error(message))).toBe(expected);
  });
});
