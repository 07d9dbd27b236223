import type { FallbackEvent } from '../backend/registry';
import { tell } from '../text/terminal';

let told = false;

/** Says on standard error, once per process and also with `--quiet` or `--json`, that a slower backend is used. */
export function tellFallback({ note }: FallbackEvent): void {
  if (told) return;
  told = true;
  tell(`resnet-ft: ${note}`);
}
