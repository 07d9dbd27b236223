import { begins } from './bytes';

/** Whether the content begins as a WebP does. */
export function isWebp(bytes: Uint8Array): boolean {
  return begins(bytes, 'RIFF') && begins(bytes, 'WEBP', 8);
}
