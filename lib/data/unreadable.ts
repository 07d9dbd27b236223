import { ResnetFtError } from '../errors';
import { codeOf } from '../files/reason';
import { Refusal } from './decoders/refusal';

/** An image that could not be read, and why. */
export interface UnreadableImage {
  /** Path of the image. */
  file: string;
  /** Why, in one line. */
  reason: string;
}

/** Images that a message names; more would be a page of text in one line. */
export const NAMED = 5;

/** The error of images that could not be read, which names the first of them; the list has all, so that those of two splits can be joined. */
export class UnreadableError extends ResnetFtError {
  constructor(readonly unreadable: readonly UnreadableImage[]) {
    const names = unreadable.slice(0, NAMED).map(({ file, reason }) => `${file}: ${reason}`);
    const rest = unreadable.length - names.length;
    const what = unreadable.length === 1 ? '1 image' : `${unreadable.length} images`;
    super('IMAGE_UNREADABLE', `${what} could not be read: ${names.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`, {
      hint: 'Repair or remove them, or leave them out with --skip-unreadable',
    });
  }
}

/** What libraries say where there is no memory or no thread to decode an image with. */
const NO_ROOM = /memory|allocat|thread/i;

/**
 * Whether an image that could not be read is itself the reason, so that trying again changes nothing; not where the file system refused
 * it, which had no open file or no memory left, or is gone for a while.
 */
export function ownFault({ cause, message }: ResnetFtError): boolean {
  return cause instanceof Refusal || (codeOf(cause) === undefined && !NO_ROOM.test(message));
}
