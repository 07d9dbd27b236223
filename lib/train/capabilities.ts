import type { Recipe } from '../backend/recipe';
import type { Backend } from '../backend/types';
import { ResnetFtError } from '../errors';
import type { ResolvedTrainOptions } from '../options';
import { nativeCommand } from './native-command';

/**
 * Refuses a recipe that the backend can't train, before any work is done.
 *
 * @throws ResnetFtError BACKEND_UNAVAILABLE that names what is not to be had, with the command that has it in the hint
 */
export function requireCapabilities(
  { label, capabilities }: Pick<Backend, 'label' | 'capabilities'>,
  { optimizer, loss, augment, views, draws, parameterGroups }: Recipe,
  options: ResolvedTrainOptions,
): void {
  const wanted: [what: string, value: string, offered: readonly string[]][] = [
    ['optimizer', optimizer.kind, capabilities.optimizers],
    ['loss', loss.kind, capabilities.losses],
    ...augment.map(({ kind }): (typeof wanted)[number] => ['augmentation', kind, capabilities.augmentations]),
    ...(views === undefined
      ? []
      : [['cache of', 'augmented views', capabilities.views ? ['augmented views'] : []] as (typeof wanted)[number]]),
    ['kind of draws', draws, capabilities.draws],
    ...parameterGroups.map(({ from }): (typeof wanted)[number] => ['training from', from, capabilities.trainFrom]),
  ];
  for (const [what, value, offered] of wanted) {
    if (offered.includes(value)) continue;
    throw new ResnetFtError('BACKEND_UNAVAILABLE', `The backend ${label} does not have the ${what} ${value}`, {
      hint: `With LibTorch: ${nativeCommand(options)}`,
    });
  }
}
