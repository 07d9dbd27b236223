import type { TrainOptions } from '../../lib/options';

/** The options that the words of a command line of `train` give, which has no quoted ones. */
export function optionsOf(command: string): TrainOptions {
  const [data = '', ...words] = command.split(' ').slice(3);
  const given: Record<string, unknown> = {};
  for (let i = 0; i < words.length; i++) {
    const name = (words[i] ?? '').slice(2).replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const value = words[i + 1];
    if (words[i]?.startsWith('--no-') === true) {
      given[name.replace(/^no(.)/, (_, letter: string) => letter.toLowerCase())] = false;
    } else if (value === undefined || value.startsWith('--')) given[name] = true;
    else given[name] = Number.isNaN(Number(value)) ? words[++i] : Number(words[++i]);
  }
  return { data, ...given };
}
