import fs from 'node:fs';
import path from 'node:path';
import { ANTS_BEES, records, run, scratch } from '../cli/run';
import { DEVICE } from '../device';
import { SMALL_RUN } from '../train/small-run';
import { defaultThreads } from '../../lib/machine/threads';
import { deviceOfTeam } from '../../lib/team/device';
import { placeFrom } from '../../lib/team/place';
import { environmentsOf, withoutNproc } from '../../lib/team/start';
import { threadsOfTeam } from '../../lib/team/threads';

const tmp = scratch();
const PLACE = {
  RANK: '1',
  LOCAL_RANK: '1',
  WORLD_SIZE: '2',
  LOCAL_WORLD_SIZE: '2',
  MASTER_ADDR: 'a',
  MASTER_PORT: '1',
};
const POD = {
  PET_NNODES: '2',
  PET_NODE_RANK: '1',
  PET_NPROC_PER_NODE: '2',
  PET_MASTER_ADDR: 'a',
  PET_MASTER_PORT: '1',
};

test('the arguments of a process are those of the command without --nproc', () => {
  expect(withoutNproc(['train', 'a', '--nproc', '2', '--lr', '1'])).toEqual(['train', 'a', '--lr', '1']);
  expect(withoutNproc(['train', '--nproc=gpu', '--', '--nproc', 'b'])).toEqual(['train', '--', '--nproc', 'b']);
});

test('the processes of the second machine of two are numbered after those of the first', () => {
  const machine = { node: 1, nodes: 2, perNode: 2, host: 'a', port: 5 };
  const places = environmentsOf({ ...POD }, 2, machine).map((env) => placeFrom(env));
  expect(places).toMatchObject([
    { rank: 2, world: 4, localRank: 0, localWorld: 2, host: 'a', port: 5, startedBy: 'nproc' },
    { rank: 3, world: 4, localRank: 1, localWorld: 2 },
  ]);
});

test('threads are shared by the processes of a machine', () => {
  expect(defaultThreads(undefined, 8, 2, {})).toBeGreaterThan(0);
  expect(defaultThreads(100, 8, 2, {})).toBe(4);
  expect(defaultThreads(3, 8, 2, {})).toBe(1);
  expect(defaultThreads(100, 2, 4, {})).toBe(1);
  expect(defaultThreads(100, 8, 2, { OMP_NUM_THREADS: '3' })).toBe(0);
  expect(defaultThreads(100, 8, 2, { OMP_NUM_THREADS: '1', TORCHELASTIC_RUN_ID: 'none' })).toBe(4);
  // One process heeds it too, also where a container has a quota.
  expect(defaultThreads(4, 8, 1, { OMP_NUM_THREADS: '1' }, 16)).toBe(0);
  expect(defaultThreads(4, 8, 1, {}, 16)).toBe(4);
  expect(threadsOfTeam({ ...PLACE, OMP_NUM_THREADS: '3' })).toBe(0);
  expect(threadsOfTeam({}, undefined, 4)).toBe(defaultThreads(undefined, 4));
});

test('each process takes the GPU with its own number', () => {
  const place = placeFrom(PLACE);
  expect(deviceOfTeam('auto', undefined, 2)).toBe('auto');
  expect(deviceOfTeam('auto', place, 0)).toBe('auto');
  expect(deviceOfTeam('auto', place, 2)).toBe('cuda:1');
  expect(deviceOfTeam('cuda', place, 2)).toBe('cuda:1');
  expect(deviceOfTeam('cpu', place, 2)).toBe('cpu');
  expect(() => deviceOfTeam('cuda:0', place, 2)).toThrow(/--device/);
  const slurm = place === undefined ? undefined : { ...place, startedBy: 'slurm' as const };
  expect(deviceOfTeam('cuda', slurm, 1)).toBe('cuda:0');
});

test.each(['lr-find', 'compare'])('%s, which is one process, has no option for several', async (command) => {
  const ran = await run([command, ANTS_BEES, '--sync-batch-norm']);
  expect(ran).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/Unknown option --sync-batch-norm\./),
  });
});

test.each<[string, string[], Record<string, string>, RegExp, number]>([
  ['no number', ['--nproc', 'two'], {}, /^resnet-ft: Expected a number of processes, or gpu for --nproc/, 2],
  ['folds', ['--nproc', '2', '--folds', '3'], {}, /^resnet-ft: --nproc can't be used with --folds\./, 2],
  ['seeds', ['--nproc', '2', '--seeds', '3'], {}, /^resnet-ft: --nproc can't be used with --seeds\./, 2],
  ['js', ['--nproc', '2', '--backend', 'js'], {}, /^resnet-ft: --nproc can't be used with --backend js\./, 2],
  ['what one process has no use for', ['--sync-batch-norm'], {}, /^resnet-ft: --sync-batch-norm needs --nproc\./, 2],
  ['a wait for nobody', ['--process-timeout', '60'], {}, /^resnet-ft: --process-timeout needs --nproc\./, 2],
  ['no wait', ['--process-timeout', '0'], {}, /for --process-timeout but received 0\./, 2],
  [
    'folds of several processes',
    ['--folds', '3'],
    PLACE,
    /--folds can't be used where several processes train together/,
    2,
  ],
  [
    '--nproc under another starter',
    ['--nproc', '2'],
    PLACE,
    /--nproc can't be used where \w+ has started the processes\. Leave --nproc out, or unset/,
    2,
  ],
  ['--nproc in a pod', ['--nproc', '2'], POD, /--nproc can't be used where kubeflow has started the processes/, 2],
  ['a wrong environment', [], { RANK: '1' }, /^resnet-ft: The environment variable RANK is 1, but WORLD_SIZE/, 1],
])('one line refuses %s', async (_, args, env, line, code) => {
  const ran = await run(['train', ANTS_BEES, ...args], { env });
  expect(ran).toMatchObject({ code, stdout: '' });
  expect(ran.stderr).toMatch(line);
  expect(ran.stderr.trimEnd()).not.toContain('\n');
});

test.each(['compare', 'lr-find'])('%s does not run once in every process of several', async (command) => {
  const ran = await run([command, ANTS_BEES], { env: { ...PLACE, TORCHELASTIC_RUN_ID: 'a' } });
  expect(ran).toMatchObject({ code: 1, stdout: '' });
  expect(ran.stderr).toMatch(
    new RegExp(`^resnet-ft: resnet-ft ${command} runs in one process, and this is one of 2 that torchrun has started`),
  );
});

test.each<[string, string[], Record<string, string>]>([
  ['--nproc', ['--nproc', '2'], {}],
  ['a pod of two', [], POD],
])('%s: the error of all processes is told once', async (_, args, env) => {
  const ran = await run(['train', path.join(tmp, 'nowhere'), ...args], { env });
  expect(ran).toMatchObject({ code: 1, stdout: '' });
  expect(ran.stderr).toMatch(/^resnet-ft: [^\n]*nowhere[^\n]*\n$/);
});

const withoutGpu = DEVICE === 'cpu' ? test : test.skip;

withoutGpu('--nproc gpu says why there is no GPU', async () => {
  const ran = await run(['train', ANTS_BEES, '--nproc', 'gpu']);
  expect(ran).toMatchObject({ code: 1, stdout: '' });
  expect(ran.stderr).toMatch(
    /^resnet-ft: No process can be started for each GPU: .+\. Use --nproc with a number, or fix this first\n$/,
  );
  expect(ran.stderr).not.toContain('could not be asked');
});

test('--nproc 1 trains alone', async () => {
  const output = path.join(tmp, 'alone');
  const ran = await run([...SMALL_RUN, '--steps', '1', '--nproc', '1', '--json', '--output', output]);
  expect(ran.code).toBe(0);
  expect(records(ran.stdout).at(-1)).toMatchObject({ kind: 'done' });
  expect(fs.readFileSync(path.join(output, 'config.json'), 'utf8')).not.toContain('nproc');
}, 120_000);
