/** An image whose label is probably another. */
export interface LabelIssue {
  /** Index among the images that were judged. */
  index: number;
  given: number;
  suggested: number;
  givenProbability: number;
  suggestedProbability: number;
}

/**
 * Probable wrong labels by confident learning (C. G. Northcutt, L. Jiang and I. L. Chuang, Confident Learning: Estimating Uncertainty in Dataset
 * Labels, JAIR 70, 2021, arXiv:1911.00068): a class is confidently seen in an image where its probability is at least as high as it is on average
 * in the images of that class (section 3.1, equations 1 and 2). Where the confident class, the most probable of those if there are several, is not
 * the given one, the label is an issue, one off the diagonal of the confident joint. As in the authors' cleanlab, an image whose most probable class
 * is the given one is none.
 *
 * @param labels the given class of each image
 * @param probabilities of all classes for each image, out of sample, image by image
 * @param classes how many there are
 * @returns the issues, those first whose suggested class is the most ahead of the given one (the normalised margin)
 */
export function labelIssues(labels: Int32Array, probabilities: Float64Array, classes: number): LabelIssue[] {
  const thresholds = thresholdsOf(labels, probabilities, classes);
  const issues: LabelIssue[] = [];
  for (const [index, given] of labels.entries()) {
    const own = probabilities.subarray(index * classes, (index + 1) * classes);
    let suggested = -1;
    let best = 0;
    for (let c = 0; c < classes; c++) {
      if ((own[c] ?? 0) > (own[best] ?? 0)) best = c;
      if ((own[c] ?? 0) >= (thresholds[c] ?? 1) && (suggested < 0 || (own[c] ?? 0) > (own[suggested] ?? 0)))
        suggested = c;
    }
    if (suggested < 0 || suggested === given || best === given) continue;
    const [givenProbability, suggestedProbability] = [own[given] ?? 0, own[suggested] ?? 0];
    issues.push({ index, given, suggested, givenProbability, suggestedProbability });
  }
  const margin = (issue: LabelIssue): number => issue.suggestedProbability - issue.givenProbability;
  return issues.sort((a, b) => margin(b) - margin(a));
}

/** The mean probability of each class in the images that are labelled with it. */
function thresholdsOf(labels: Int32Array, probabilities: Float64Array, classes: number): Float64Array {
  const sums = new Float64Array(classes);
  const counts = new Float64Array(classes);
  for (const [i, label] of labels.entries()) {
    sums[label] = (sums[label] ?? 0) + (probabilities[i * classes + label] ?? 0);
    counts[label] = (counts[label] ?? 0) + 1;
  }
  return sums.map((sum, c) => sum / Math.max(1, counts[c] ?? 0));
}
