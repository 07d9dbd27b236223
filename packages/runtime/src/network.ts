import type { InferenceSession, Tensor, TypedTensor } from 'onnxruntime-node';
import { oneLine, ResnetFtError } from '../../../lib/errors';
import type { ModelCard } from '../../../lib/model/describe';
import type { ModelFile } from './metadata';

/** What is used of onnxruntime's module, which is the same in all of its packages. */
export interface Runtime {
  InferenceSession: {
    create(model: string | Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  Tensor: typeof Tensor;
}

/** What a network says of one image. */
export interface Outputs {
  logits: Float32Array;
  /** Only of a model that judges by them. */
  features: Float32Array | undefined;
}

const LOGITS = 'logits';
const FEATURES = 'features';
const CHANNELS = 3;
const LEVELS = 256;

/** A graph in onnxruntime, and what it takes. */
export class Network {
  /** Batches take turns: onnxruntime-web refuses a second one. */
  private last: Promise<unknown> = Promise.resolve();
  private readonly table: Float32Array;

  private constructor(
    private readonly runtime: Runtime,
    private readonly session: InferenceSession,
    private readonly card: ModelCard,
    private readonly name: string,
    private readonly raw: boolean,
  ) {
    this.table = normalisation(card.preprocessing);
  }

  /**
   * @param options for onnxruntime
   * @throws ResnetFtError WEIGHTS_INVALID where onnxruntime does not take the graph; where it does, but not with these options,
   *   BACKEND_UNAVAILABLE if it has none of their execution providers, and otherwise INVALID_OPTION
   */
  static async open(
    runtime: Runtime,
    { content, name }: ModelFile,
    card: ModelCard,
    options?: object,
  ): Promise<Network> {
    const start = async (own?: object): Promise<InferenceSession> => runtime.InferenceSession.create(content, own);
    const session = await start(options).catch(async (cause: unknown) => {
      throw await whyNot(start, name, options, cause);
    });
    const input = session.inputMetadata[0];
    const type = input?.isTensor === true ? input.type : undefined;
    if ((type !== 'float32' && type !== 'uint8') || !session.outputNames.includes(LOGITS)) {
      await session.release();
      throw refused(name, new Error('the graph is not one of resnet-ft export'));
    }
    return new Network(runtime, session, card, name, type === 'uint8');
  }

  /**
   * Runs crops through the network, in one batch.
   *
   * @param crops RGB, each as large as the card says
   */
  async run(crops: readonly Uint8Array[]): Promise<Outputs[]> {
    const running = this.last.then(() =>
      this.session.run({ [this.session.inputNames[0] as string]: this.input(crops) }),
    );
    this.last = running.catch(() => {});
    const outputs = await running.catch((cause: unknown) => {
      throw refused(this.name, cause);
    });
    const logits = rows(outputs[LOGITS], crops.length);
    const features = rows(outputs[FEATURES], crops.length);
    if (logits?.[0]?.length !== this.card.classes.length) {
      throw refused(this.name, new Error(`its graph has other outputs than its ${this.card.classes.length} classes`));
    }
    return logits.map((row, i) => ({ logits: row, features: features?.[i] }));
  }

  async close(): Promise<void> {
    await this.last;
    await this.session.release();
  }

  private input(crops: readonly Uint8Array[]): TypedTensor<'uint8' | 'float32'> {
    const { crop } = this.card.preprocessing;
    const area = crop * crop;
    const count = crops.length;
    if (this.raw) {
      const data = new Uint8Array(count * area * CHANNELS);
      crops.forEach((pixels, i) => data.set(pixels, i * area * CHANNELS));
      return new this.runtime.Tensor('uint8', data, [count, crop, crop, CHANNELS]);
    }
    const data = new Float32Array(count * area * CHANNELS);
    crops.forEach((pixels, i) => this.normalise(pixels, area, data.subarray(i * area * CHANNELS)));
    return new this.runtime.Tensor('float32', data, [count, CHANNELS, crop, crop]);
  }

  /** Channel by channel. */
  private normalise(pixels: Uint8Array, area: number, out: Float32Array): void {
    for (let channel = 0; channel < CHANNELS; channel++) {
      for (let i = 0; i < area; i++) {
        out[channel * area + i] = this.table[channel * LEVELS + (pixels[i * CHANNELS + channel] as number)] as number;
      }
    }
  }
}

/** torchvision's ToTensor and Normalize of each byte of each channel, in float32 as there. */
function normalisation({ mean, std }: ModelCard['preprocessing']): Float32Array {
  const table = new Float32Array(CHANNELS * LEVELS);
  for (let c = 0; c < CHANNELS; c++) {
    const [m, s] = [Math.fround(mean[c] ?? 0), Math.fround(std[c] ?? 1)];
    for (let v = 0; v < LEVELS; v++) table[c * LEVELS + v] = Math.fround(Math.fround(v / 255) - m) / s;
  }
  return table;
}

function rows(tensor: Tensor | undefined, count: number): Float32Array[] | undefined {
  if (!(tensor?.data instanceof Float32Array)) return undefined;
  const width = tensor.data.length / count;
  const { data } = tensor;
  return Array.from({ length: count }, (_, i) => data.slice(i * width, (i + 1) * width));
}

/** The error of a session that can't be made: onnxruntime tells in words alone whether the graph or the options are at fault, so it is tried. */
async function whyNot(
  start: (own?: object) => Promise<InferenceSession>,
  name: string,
  options: { executionProviders?: unknown } | undefined,
  cause: unknown,
): Promise<ResnetFtError> {
  const starts = async (own?: object): Promise<boolean> => {
    const session = await start(own).catch(() => undefined);
    await session?.release();
    return session !== undefined;
  };
  if (options === undefined || !(await starts())) return refused(name, cause);
  const { executionProviders } = options;
  const unavailable = executionProviders !== undefined && !(await starts({ executionProviders }));
  const code = unavailable ? 'BACKEND_UNAVAILABLE' : 'INVALID_OPTION';
  const what = unavailable ? 'the executionProviders' : 'these sessionOptions';
  return new ResnetFtError(code, `onnxruntime does not start with ${what}: ${reasonOf(cause)}`, { cause });
}

const reasonOf = (cause: unknown): string => oneLine(cause instanceof Error ? cause.message : String(cause));

function refused(name: string, cause: unknown): ResnetFtError {
  return new ResnetFtError('WEIGHTS_INVALID', `${name}: ${reasonOf(cause)}`, { cause });
}
