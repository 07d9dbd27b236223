import { ResnetFtError } from '../../errors';

/** The error of a call that its caller should have checked: the code is that of the native addon for the same mistake. */
export function misuse(message: string): ResnetFtError {
  return new ResnetFtError('NATIVE_ERROR', message);
}
