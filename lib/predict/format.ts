import type { ResnetFtError } from '../errors';
import type { StreamedPrediction } from '../model/load-model';

type Predicted = Extract<StreamedPrediction, { class: string }>;

/** Names with tabs, new lines and the like keep to their column, and cannot steer a terminal. */
const visible = (text: string): string =>
  text.replace(/\p{Cc}/gu, (char) => `\\x${(char.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`);

/** `file, class, probability`, and class and probability of each further class, with tabs between. */
export function textLine({ file = '', top }: Predicted): string {
  const scores = top.flatMap((score) => [visible(score.class), score.probability.toFixed(4)]);
  return `${[visible(file), ...scores].join('\t')}\n`;
}

/**
 * One record: `{file, class, probability, top: [{class, index, probability}]}`, with `features` where they were asked for, or
 * `{file, error: {code, message}}`.
 */
export function jsonLine(result: StreamedPrediction): string {
  if (result.error !== undefined) {
    const { code, message } = result.error;
    return `${JSON.stringify({ file: result.file, error: { code, message } })}\n`;
  }
  const { file, class: name, probability, top, features } = result;
  const record = { file, class: name, probability, top };
  return `${JSON.stringify(features === undefined ? record : { ...record, features: [...features] })}\n`;
}

/** The line on standard error of an image that could not be read. */
export function failureLine({ message, hint }: ResnetFtError): string {
  return `resnet-ft: ${visible(hint === undefined ? message : `${message}. ${hint}`)}\n`;
}
