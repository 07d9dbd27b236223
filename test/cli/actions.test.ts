import { run } from './run';

test.each([
  [['weights'], 'Name an action: list or download. See resnet-ft weights --help'],
  [['weights', 'lst'], 'Expected list or download for <action> but received lst. Did you mean list?'],
  [['weights', 'all'], 'Expected list or download for <action> but received all. See resnet-ft weights --help'],
  [['weights', 'download'], 'Name the weights: imagenet-v1 or imagenet-v2. See resnet-ft weights download --help'],
  [
    ['weights', 'download', './x.pth'],
    'Expected the name of weights for <name> but received ./x.pth. See resnet-ft weights download --help',
  ],
  [['weights', 'list', 'x'], 'Expected no argument for weights list but received x. See resnet-ft weights list --help'],
  [['weights', 'download', 'x', '--offlin'], 'Unknown option --offlin. Did you mean --offline?'],
  [['weights', 'list', '--json=1'], '--json takes no value, or true or false. See resnet-ft weights list --help'],
  [['data'], 'Name a data set: hymenoptera. See resnet-ft data --help'],
  [['data', 'wasps'], 'Expected hymenoptera for <name> but received wasps. See resnet-ft data --help'],
])('%j', async (args, message) => {
  expect(await run(args)).toEqual({ code: 2, stdout: '', stderr: `resnet-ft: ${message}\n` });
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
