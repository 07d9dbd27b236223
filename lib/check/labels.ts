import path from 'node:path';
import { shownBytes } from '../files/disk';
import { wilsonInterval } from '../eval/wilson';
import { percent } from '../text/percent';
import { labelIssues } from './confident';
import { afterALook, finding, move } from './finding';
import type { Embeddings } from './near-embeddings';
import { crossValidated, dealOut, standardised } from './probe';
import type { Finding } from './types';

/** Bytes that the probabilities may take, as many as the embeddings: of each image there is one for each class, in double precision. */
const MOST_BYTES = 1e9;

/** An image whose label is judged. */
export interface Labelled {
  file: string;
  className: string;
  /** Where the folders of its split's classes are. */
  folder: string;
  /** The same for images that are copies of one another. */
  group: number;
}

/** What the labels come to. */
export interface JudgedLabels {
  findings: Finding[];
  /** Images that were judged, and the share of them whose class the classifier says. */
  images: number;
  accuracy: number | null;
  chance: number;
  /** Why there are no findings, where the labels could not be judged. */
  reason?: string;
}

/**
 * Judges labels by cross-validated probabilities of a linear classifier on the embeddings.
 *
 * @param images those that the embeddings are of, by their indices
 */
export async function judgeLabels(
  images: readonly Labelled[],
  embeddings: Embeddings,
  { folds, seed }: { folds: number; seed: number },
  control: { onPart: (done: number) => void; pause: () => Promise<void> },
): Promise<JudgedLabels> {
  const rows = rowsOf(images, embeddings, folds);
  const names = [...new Set(rows.map((row) => ownerOf(images, embeddings, row).className))].sort();
  if (names.length < 2) {
    const reason = `fewer than two classes have ${folds} images that can be read`;
    return { findings: [], images: rows.length, accuracy: null, chance: 1, reason };
  }
  const owners = rows.map((row) => ownerOf(images, embeddings, row));
  const index = new Map(names.map((name, i) => [name, i]));
  const labels = Int32Array.from(owners, ({ className }) => index.get(className) ?? 0);
  const bytes = rows.length * names.length * Float64Array.BYTES_PER_ELEMENT;
  if (bytes > MOST_BYTES) {
    const reason = `the probabilities of ${rows.length} images for ${names.length} classes would take ${shownBytes(bytes)}, and may take ${shownBytes(MOST_BYTES)}: check fewer classes at a time`;
    return { findings: [], images: rows.length, accuracy: null, chance: chanceOf(labels, names.length), reason };
  }
  const { width } = embeddings;
  const values = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries())
    values.set(embeddings.values.subarray(row * width, (row + 1) * width), i * width);
  const data = { values: standardised(values, width), width, labels, classes: names.length };
  const parts = dealOut(
    labels,
    Int32Array.from(owners, ({ group }) => group),
    folds,
    seed,
  );
  const probabilities = await crossValidated(data, parts, seed, control);
  const judged = accuracyOf(labels, probabilities, names.length);
  if (judged.low <= judged.chance) {
    const reason = `by this model's embeddings the class is right for ${percent(judged.accuracy)} of the images, and guessing comes to ${percent(judged.chance)}: take a better model`;
    return { findings: [], images: rows.length, ...judged, reason };
  }
  const findings = labelIssues(labels, probabilities, names.length).map((issue) => {
    const { file, folder } = owners[issue.index] as Labelled;
    const [given, suggested] = [names[issue.given] ?? '', names[issue.suggested] ?? ''];
    const { givenProbability, suggestedProbability } = issue;
    const note = `${given} or ${suggested}? ${percent(suggestedProbability)} ${suggested}, ${percent(givenProbability)} ${given}`;
    const target = path.join(folder, suggested, path.basename(file));
    return {
      ...finding('wrong-label', [file], note, () => [afterALook(move(file, target))]),
      score: suggestedProbability - givenProbability,
      label: { given, suggested, givenProbability, suggestedProbability },
    };
  });
  return { findings, images: rows.length, accuracy: judged.accuracy, chance: judged.chance };
}

const ownerOf = (images: readonly Labelled[], { images: of }: Embeddings, row: number): Labelled =>
  images[of[row] ?? 0] as Labelled;

/** The embeddings of images whose class has one for each part. */
function rowsOf(images: readonly Labelled[], embeddings: Embeddings, folds: number): number[] {
  const counts = new Map<string, number>();
  const rows = [...embeddings.images.keys()];
  for (const row of rows) {
    const { className } = ownerOf(images, embeddings, row);
    counts.set(className, (counts.get(className) ?? 0) + 1);
  }
  return rows.filter((row) => (counts.get(ownerOf(images, embeddings, row).className) ?? 0) >= folds);
}

/** The share of the largest class. */
function chanceOf(labels: Int32Array, classes: number): number {
  const counts = new Float64Array(classes);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return counts.reduce((most, count) => Math.max(most, count), 0) / labels.length;
}

function accuracyOf(labels: Int32Array, probabilities: Float64Array, classes: number) {
  let right = 0;
  for (const [i, label] of labels.entries()) {
    const own = probabilities.subarray(i * classes, (i + 1) * classes);
    if (own.indexOf(Math.max(...own)) === label) right++;
  }
  const { low } = wilsonInterval(right, labels.length);
  return { accuracy: right / labels.length, low, chance: chanceOf(labels, classes) };
}
