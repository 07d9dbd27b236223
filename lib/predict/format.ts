import type { ResnetFtError } from '../errors';
import type { StreamedPrediction } from '../model/load-model';

type Predicted = Extract<StreamedPrediction, { class: string }>;

/** `file, class, probability`, and class and probability of each further class. */
export function textFields({ file = '', top }: Predicted): string[] {
  return [file, ...top.flatMap((score) => [score.class, score.probability.toFixed(4)])];
}

/**
 * One record: `{file, class, probability, top: [{class, index, probability}]}`, with `features` where they were asked for, or
 * `{file, error: {code, message}}`.
 */
export function jsonRecord(result: StreamedPrediction): object {
  if (result.error !== undefined) {
    const { code, message } = result.error;
    return { file: result.file, error: { code, message } };
  }
  const { file, class: name, probability, top, features } = result;
  const record = { file, class: name, probability, top };
  return features === undefined ? record : { ...record, features: [...features] };
}

/** The line on standard error of an image that could not be read. */
export function failureLine({ message, hint }: ResnetFtError): string {
  return `resnet-ft: ${hint === undefined ? message : `${message}. ${hint}`}`;
}
