import type { MachineOptions } from '../machine/device';
import { FEW_IMAGES } from '../options/common';
import { expandInputs } from './inputs';

/**
 * Whether `--device auto` is better off with the CPU, because there are so few images that setting up a GPU would take longer.
 *
 * @param images as `predict` takes them; a list on standard input may have any number
 */
export async function suitsCpu(
  images: readonly string[],
  options: Pick<MachineOptions, 'device' | 'precision'>,
): Promise<boolean> {
  // Bfloat16 was asked for because of a GPU.
  if (options.device !== 'auto' || options.precision === 'bf16' || images.includes('-') || images.length > FEW_IMAGES)
    return false;
  const none = async function* (): AsyncGenerator<string> {};
  let count = 0;
  for await (const _ of expandInputs(images, { list: none, problems: new Map() }))
    if (++count > FEW_IMAGES) return false;
  return true;
}
