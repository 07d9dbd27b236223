import {
  COMPARE_OPTIONS,
  kebab,
  LR_FIND_OPTIONS,
  TEAM_OPTIONS,
  TRAIN_OPTIONS,
  WATCH_OPTIONS,
  type OptionTable,
} from '../../lib/options';
import { run } from './run';

/** Long names that a help shows, in its order. */
const shown = (help: string): string[] => {
  const [options = ''] = help.split('\nExamples:');
  return [...options.matchAll(/^ +(?:-h, )?--([\w-]+) /gm)].map(([, name = '']) => name);
};

const helpOf = async (...args: string[]): Promise<string[]> => {
  const { code, stdout, stderr } = await run(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return shown(stdout);
};

test.each<[string, OptionTable]>([
  ['train', TRAIN_OPTIONS],
  ['compare', COMPARE_OPTIONS],
  ['lr-find', LR_FIND_OPTIONS],
])('the help of %s shows the usual options, and --help-all every one', async (command, table) => {
  const names = Object.keys(table);
  const usual = names.filter((name) => table[name]?.advanced !== true).map(kebab);
  const some = await helpOf(command, '--help');
  expect(some).toEqual(expect.arrayContaining([...usual, 'help-all']));
  expect(some.filter((name) => names.map(kebab).includes(name)).sort()).toEqual([...usual].sort());
  const all = await helpOf(command, '--help-all');
  expect(all).toEqual(expect.arrayContaining(names.map(kebab)));
});

test('the help says how many options it leaves out', async () => {
  const table: OptionTable = { ...TRAIN_OPTIONS, ...TEAM_OPTIONS, ...WATCH_OPTIONS };
  const left = Object.values(table).filter(({ advanced }) => advanced === true).length;
  const { stdout } = await run(['train', '--help']);
  expect(stdout).toMatch(new RegExp(` --help-all +show the help with ${left} more options `));
  expect(left).toBeGreaterThan(0);
});

test('where nothing is left out there is no such line, and --help-all is the help', async () => {
  const help = await run(['eval', '--help']);
  expect(help.stdout).not.toContain('help-all');
  expect(await run(['eval', '--help-all'])).toEqual(help);
  expect((await run(['--help-all'])).stdout).toBe((await run(['--help'])).stdout);
});

test('a switch that is on by default says so, one that is off does not', async () => {
  const { stdout } = await run(['train', '--help-all']);
  for (const name of ['report', 'card']) {
    expect(stdout).toMatch(new RegExp(` --${name} [^-]*--no-${name} leaves\\s+it\\s+out\\s+\\[default:\\s+true\\]`));
  }
  expect(stdout).not.toMatch(/\[default:\s+false\]\s+\[boolean\]/);
});

test('the actions of weights have options of their own, and data downloads', async () => {
  expect(await helpOf('weights', 'list', '--help')).toEqual(expect.not.arrayContaining(['offline']));
  expect(await helpOf('weights', 'download', '--help')).toEqual(expect.arrayContaining(['arch', 'offline']));
  expect((await run(['data', '--help'])).stdout).toMatch(/^Data:\n +--offline /m);
});

test('an argument behind -- is no question for help', async () => {
  const { code, stderr } = await run(['predict', 'none.safetensors', '--', '--help-all']);
  expect(code).toBe(1);
  expect(stderr).toMatch(/none\.safetensors/);
});

test('the words that other programs have for help and the version', async () => {
  expect(await run(['help', 'eval'])).toEqual(await run(['eval', '--help']));
  expect(await run(['help'])).toEqual(await run(['--help']));
  const version = await run(['--version']);
  for (const word of ['version', '-v', '-V']) expect(await run([word])).toEqual(version);
});
