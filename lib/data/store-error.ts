import { ResnetFtError } from '../errors';
import { withoutName } from './reason';

/**
 * The error for what a store of crops or images threw.
 *
 * @param storeFile the file of the store; undefined where it is in memory
 */
export function storeError(cause: unknown, storeFile: string | undefined): ResnetFtError {
  const { message } = cause as Error;
  return storeFile === undefined
    ? new ResnetFtError('NATIVE_ERROR', message, { cause })
    : new ResnetFtError('OUTPUT_NOT_WRITABLE', `${storeFile}: ${withoutName(message, storeFile)}`, { cause });
}
