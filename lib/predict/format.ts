import type { ResnetFtError } from '../errors';
import type { StreamedPrediction } from '../model/load-model';

type Predicted = Extract<StreamedPrediction, { class: string }>;

/** What stands before the classes of an image that is none of them. */
const NONE = 'none of these';

/** `file, class, probability`, and class and probability of each further class; before them `none of these` where that is so. */
export function textFields({ file = '', top, verdict }: Predicted): string[] {
  return [
    file,
    ...(verdict?.unknown === true ? [NONE] : []),
    ...top.flatMap((score) => [score.class, score.probability.toFixed(4)]),
  ];
}

/**
 * One record: `{file, class, probability, top: [{class, index, probability}]}`, with `unknown`, `calibrated` and `distance` where the model was
 * taught to say "none of these", with `features` where they were asked for, or `{file, error: {code, message}}`.
 */
export function jsonRecord(result: StreamedPrediction): object {
  if (result.error !== undefined) {
    const { code, message } = result.error;
    return { file: result.file, error: { code, message } };
  }
  const { file, class: name, probability, top, verdict, features } = result;
  const record = { file, class: name, probability, top, ...verdict };
  return features === undefined ? record : { ...record, features: [...features] };
}

/** The line on standard error of an image that could not be read. */
export function failureLine({ message, hint }: ResnetFtError): string {
  return `resnet-ft: ${hint === undefined ? message : `${message}. ${hint}`}`;
}
