import { Tally, type Pair } from '../eval/metrics';
import type { PredictionRecord } from '../eval/predictions-file';
import { softmax } from '../network/softmax';

/** Numbers that are kept of all distributions: 16 MB. A temperature is fitted to them by some 40 exponentials of each, which takes a second or so. */
const MOST_KEPT = 2e6;

/** What the model said of one validation image. */
export interface ScoredImage {
  /** As the run has it. */
  file: string;
  /** Class indices. */
  truth: number;
  predicted: number;
  /** Of the predicted class; as that of the others, calibrated where the model is. */
  probability: number;
  /** Of the true class. */
  own: number;
  /** The class that comes second, and its probability. */
  second: { index: number; probability: number } | undefined;
}

/** What a model said of the validation images, and what follows. */
export class Scores {
  readonly images: ScoredImage[] = [];
  /** Of each image the logarithms of all probabilities; of fewer images where all would take too long to judge. */
  readonly logits: Float64Array[] = [];
  /** The mean cross entropy as the run measured it; undefined where that is not known. */
  measuredLoss: number | undefined;
  /** Images whose true class has the probability 0: what the network gave for it is not known by that, and their loss is more than 745. */
  beyond = 0;
  private readonly indices: ReadonlyMap<string, number>;
  private readonly tally: Tally;

  /**
   * @param temperature by which the probabilities of images are calibrated; loss and logits stay those of the network
   */
  constructor(
    readonly classes: readonly string[],
    private readonly temperature?: number,
  ) {
    this.indices = new Map(classes.map((name, i) => [name, i]));
    this.tally = new Tally(classes.map((_, i) => i));
  }

  /**
   * Adds a line of `predictions.jsonl`.
   *
   * @returns false where it is none of these classes
   */
  add(value: unknown): boolean {
    const { file, trueClass, predictedClass, probabilities } = (value ?? {}) as Partial<PredictionRecord>;
    const truth = this.indices.get(trueClass ?? '');
    const predicted = this.indices.get(predictedClass ?? '');
    if (truth === undefined || predicted === undefined || typeof file !== 'string') return false;
    if (typeof probabilities !== 'object' || probabilities === null) return false;
    const all = this.classes.map((name) => (Object.hasOwn(probabilities, name) ? Number(probabilities[name]) : NaN));
    if (!all.every((p) => p >= 0 && p <= 1)) return false;
    const logits = Float64Array.from(all, (p) => Math.log(Math.max(p, Number.MIN_VALUE)));
    const told = this.temperature === undefined ? all : softmax(logits, this.temperature);
    let second: ScoredImage['second'];
    told.forEach((probability, index) => {
      if (index !== predicted && (second === undefined || probability > second.probability))
        second = { index, probability };
    });
    const [probability = 0, own = 0] = [told[predicted], told[truth]];
    if (all[truth] === 0) this.beyond++;
    this.images.push({ file, truth, predicted, probability, own, second });
    this.tally.add(truth, {
      predicted,
      probability,
      loss: -(logits[truth] ?? 0),
      rank: truth === predicted ? 0 : 1,
    });
    if ((this.logits.length + 1) * all.length <= MOST_KEPT) this.logits.push(logits);
    return true;
  }

  get correct(): number {
    return this.tally.correct;
  }

  /** Mean cross entropy: as the run measured it, or by the probabilities, of which one that is 0 counts as the least number above it. */
  get loss(): number {
    return this.measuredLoss ?? this.tally.loss;
  }

  /** `counts[i][j]`: images of class i taken for class j. */
  get confusion(): number[][] {
    return this.tally.confusion.counts;
  }

  /** What of that is not 0: of thousands of classes next to nothing is. */
  get pairs(): Pair[] {
    return [...this.tally.pairs()];
  }

  classFigures(index: number): ReturnType<Tally['classFigures']> {
    return this.tally.classFigures(index);
  }
}
