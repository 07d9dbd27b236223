import type { TrainOptions } from '../options';
import { calibrateCommand, reportCommand } from '../report/commands';
import type { ResumedRun } from './resume';

/** What a run writes beside its weights where it is asked to, and the command that makes it of a finished one, where there is one. */
const BESIDE = [
  { name: 'calibrate', command: calibrateCommand },
  { name: 'report', command: reportCommand },
  { name: 'card', command: undefined },
  { name: 'tensorboard', command: undefined },
] as const;

/** What to say of a finished run that is to write now what it was not asked for when it ran: nothing of it is done. */
export function askedTooLate(given: TrainOptions, { folder, config }: ResumedRun): string[] {
  return BESIDE.filter(({ name }) => given[name] === true && !config.options[name]).map(({ name, command }) => {
    const instead = command === undefined ? 'only a run that trains writes it' : `use ${command(folder)}`;
    return `--${name} does nothing for a run that is finished: ${instead}`;
  });
}
