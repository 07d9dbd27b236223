import { run } from './run';

test.each([
  [['weights'], 'Name an action: list or download. See resnet-ft weights --help'],
  [['weights', 'lst'], 'Expected list or download for <action> but received lst. Did you mean list?'],
  [['weights', 'all'], 'Expected list or download for <action> but received all. See resnet-ft weights --help'],
  [['weights', 'download'], 'Name the weights: imagenet-v1 or imagenet-v2. See resnet-ft weights download --help'],
  [
    ['weights', 'download', './x.pth'],
    'Expected imagenet-v1 or imagenet-v2 for <name> but received ./x.pth. See resnet-ft weights download --help',
  ],
  [['weights', 'list', 'x'], 'Expected no argument for weights list but received x. See resnet-ft weights list --help'],
  [
    ['weights', 'download', 'imagenet-v3'],
    'Expected imagenet-v1 or imagenet-v2 for <name> but received imagenet-v3. See resnet-ft weights download --help',
  ],
  [
    ['weights', 'download', 'imagenet-v2', '--arch', 'resnet18'],
    'Expected imagenet-v1 for <name> but received imagenet-v2. See resnet-ft weights download --help',
  ],
  [['weights', 'download', 'x', '--offlin'], 'Unknown option --offlin. Did you mean --offline?'],
  [['weights', 'list', '--json=1'], '--json takes no value, or true or false. See resnet-ft weights list --help'],
  [['data'], 'Name a data set: hymenoptera. See resnet-ft data --help'],
  [['data', 'wasps'], 'Expected hymenoptera for <name> but received wasps. See resnet-ft data --help'],
])('%j', async (args, message) => {
  expect(await run(args)).toEqual({ code: 2, stdout: '', stderr: `resnet-ft: ${message}\n` });
});

describe('an argument that begins with a hyphen', () => {
  // None of these exists, and the name in the error is what was taken for the positional.
  test.each([
    [['check', '--', '-d'], 1, /no such folder: .*\/-d/],
    [['check', '--quiet', '--', '--json'], 1, /no such folder: .*\/--json/],
    [['train', '--val-split', '.2', '--', '-d'], 1, /no such folder: .*\/-d/],
    [['eval', '--quiet', 'none.safetensors', '--', '-d'], 1, /no such folder: .*\/-d/],
    [
      ['eval', '--', 'none.safetensors', '-d', '-e'],
      2,
      /Expected 2 arguments for eval but received none.safetensors, -d, -e/,
    ],
    [['data', '--', '-d'], 2, /<name> but received -d/],
    [['weights', 'download', '--', '-d'], 2, /-d/],
    [['predict', '--', '-m', '-x.jpg'], 2, /-m/],
    [['check', '--'], 2, /Expected resnet-ft check <data>/],
    [['eval', '--', '-m'], 2, /Expected resnet-ft eval <model> <folder>/],
  ])('follows --: %j', async (args, code, message) => {
    const ran = await run(args);
    expect(ran.stderr).toMatch(message);
    expect(ran.stderr).toMatch(/^resnet-ft: [^\n]+\n$/);
    expect(ran.code).toBe(code);
  });

  test('is an option without --, and named as it was typed', async () => {
    expect((await run(['train', '-d'])).stderr).toMatch(/^resnet-ft: Unknown option -d\b/);
    expect((await run(['check', 'x', '--dd'])).stderr).toMatch(/^resnet-ft: Unknown option --dd\b/);
    expect((await run(['check', '--data', 'x', 'y'])).stderr).toMatch(/^resnet-ft: Unknown option --data\b/);
  });
});

test('the help of a command with actions lists them, and that of an action has its options', async () => {
  const group = await run(['libtorch', '--help']);
  expect(group).toMatchObject({ code: 0, stderr: '' });
  expect(group.stdout).toMatch(/^resnet-ft libtorch <action>\n/);
  expect(group.stdout).toMatch(/^ {2}resnet-ft libtorch where +Show which LibTorch is used/m);
  expect(group.stdout).toMatch(/^ {2}resnet-ft libtorch install +Install/m);
  expect(group.stdout).not.toContain('--cuda');
  const action = await run(['libtorch', 'install', '--help']);
  expect(action).toMatchObject({ code: 0, stderr: '' });
  expect(action.stdout).toMatch(/^resnet-ft libtorch install\n/);
  expect(action.stdout).toMatch(/--cuda +download/);
});

test('options may stand before the action, with a value or without one', async () => {
  const named = await run(['weights', '--json', '--arch', 'resnet34', 'list']);
  expect(named).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(named.stdout)).toEqual([expect.objectContaining({ arch: 'resnet34' })]);
});
