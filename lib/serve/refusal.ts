import { printable, printableJson } from '../text/printable';

/** Codes of refused requests and of images without a prediction; a client may switch on them. */
export type RefusalCode =
  | 'NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'BAD_REQUEST'
  | 'HOST_NOT_ALLOWED'
  | 'ORIGIN_NOT_ALLOWED'
  | 'UNSUPPORTED_TYPE'
  | 'INVALID_QUERY'
  | 'INVALID_MULTIPART'
  | 'NO_IMAGE'
  | 'BODY_TOO_LARGE'
  | 'IMAGE_TOO_LARGE'
  | 'IMAGE_UNREADABLE'
  | 'REQUEST_TIMEOUT'
  | 'ANSWER_TIMEOUT'
  | 'QUEUE_FULL'
  | 'CLOSING'
  | 'GRAD_CAM_UNAVAILABLE'
  | 'CORRECTIONS_OFF'
  | 'UNKNOWN_CLASS'
  | 'UNFIT_CLASS'
  | 'UNFIT_FORMAT'
  | 'NOT_SAVED'
  | 'OUT_OF_MEMORY'
  | 'FAILED';

/** Why a request, or one image of it, is refused. Nothing in it is of the server's own files. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: RefusalCode,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(printable(message));
  }
}

/** A value as the body of an answer; a terminal that shows it is not steered by the names in it. */
export const jsonBody = (value: unknown): string => `${printableJson(JSON.stringify(value))}\n`;

/** The answer that tells of a refusal. */
export const refusalBody = ({ code, message }: Refusal): string => jsonBody({ error: { code, message } });

/** Too much is asked at this moment: a client may try again. */
export function busy(code: 'QUEUE_FULL' | 'ANSWER_TIMEOUT' | 'CLOSING' | 'OUT_OF_MEMORY', message: string): Refusal {
  return new Refusal(503, code, message, { 'Retry-After': '1' });
}
