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

  /** @throws ResnetFtError WEIGHTS_INVALID where onnxruntime does not take the graph */
  static async open(
    runtime: Runtime,
    { content, name }: ModelFile,
    card: ModelCard,
    options?: object,
  ): Promise<Network> {
    const session = await runtime.InferenceSession.create(content, options).catch((cause: unknown) => {
      throw refused(name, cause);
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

function refused(name: string, cause: unknown): ResnetFtError {
  const reason = oneLine(cause instanceof Error ? cause.message : String(cause));
  return new ResnetFtError('WEIGHTS_INVALID', `${name}: ${reason}`, { cause });
}
