import { bestClasses, type ClassScore } from './scores';
import { UnknownJudge, type UnknownRule, type Verdict } from './unknown';

/** What of a model turns outputs of its network into answers. */
export interface AnsweringModel {
  classes: readonly string[];
  temperature?: number | undefined;
  unknown?: UnknownRule | undefined;
  /** Named in errors. */
  file: string;
}

/** What a model says of one image. */
export interface ModelAnswer {
  /** The most probable class, and its probability. */
  class: string;
  probability: number;
  top: [ClassScore, ...ClassScore[]];
  /** Of a model that was taught to say "none of these". */
  verdict?: Verdict;
}

/** Turns outputs of a model's network into answers: calibrated where the model is, and judged by its rule where it has one. */
export class Answers {
  private readonly judge: UnknownJudge | undefined;

  constructor(private readonly model: AnsweringModel) {
    this.judge = model.unknown === undefined ? undefined : new UnknownJudge(model.unknown);
  }

  /** Whether the features before `fc` are needed beside the logits. */
  get needFeatures(): boolean {
    return this.judge !== undefined;
  }

  /**
   * @param topK classes at most, the most probable first
   * @throws ResnetFtError WEIGHTS_INVALID where the outputs are no finite numbers
   */
  of(outputs: { logits: Float32Array; features?: Float32Array | undefined }, topK: number): ModelAnswer {
    const { classes, file, temperature } = this.model;
    const { logits, features } = outputs;
    const top = bestClasses(logits, classes, topK, file, temperature);
    const [{ class: name, probability }] = top;
    const verdict = features === undefined ? undefined : this.judge?.judge(logits, features);
    return { class: name, probability, top, ...(verdict === undefined ? {} : { verdict }) };
  }
}
