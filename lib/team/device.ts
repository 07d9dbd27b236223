import { rejectUse } from '../options';
import type { TeamPlace } from './place';

/**
 * What `--device` means for a process among others: `auto` and `cuda` are the GPU with its number on the machine, or the only one that it
 * sees, where Slurm shows each task its own. `auto` stays what it is where there is no GPU.
 *
 * @param gpus that this process sees
 * @throws ResnetFtError INVALID_OPTION for a GPU by its number, which several processes would share
 */
export function deviceOfTeam(device: string, place: TeamPlace | undefined, gpus: number): string {
  if (place === undefined || device === 'cpu') return device;
  if (device.startsWith('cuda:')) {
    if (place.localWorld === 1) return device;
    const hint = 'Each process takes the GPU with its own number; CUDA_VISIBLE_DEVICES says which there are';
    rejectUse(`--device ${device} can't be used with several processes`, hint);
  }
  if (device === 'auto' && gpus === 0) return device;
  return `cuda:${gpus === 1 && place.startedBy === 'slurm' ? 0 : place.localRank}`;
}
