import { placeFrom, type TeamPlace } from '../../lib/team/place';
import { firstHost, tasksPerNode } from '../../lib/team/slurm';

const TORCHRUN = {
  ...{ RANK: '3', LOCAL_RANK: '1', WORLD_SIZE: '4', LOCAL_WORLD_SIZE: '2', GROUP_RANK: '1', ROLE_RANK: '3' },
  ...{ MASTER_ADDR: 'n1.example', MASTER_PORT: '29500', TORCHELASTIC_RUN_ID: 'none', OMP_NUM_THREADS: '1' },
  ...{ TORCHELASTIC_RESTART_COUNT: '2', TORCHELASTIC_MAX_RESTARTS: '3', TORCHELASTIC_USE_AGENT_STORE: 'True' },
};
const SRUN = {
  ...{ SLURM_JOB_ID: '123456', SLURM_STEP_ID: '0', SLURM_PROCID: '5', SLURM_LOCALID: '1', SLURM_NODEID: '1' },
  ...{ SLURM_NTASKS: '11', SLURM_STEP_NUM_TASKS: '11', SLURM_NNODES: '3', SLURM_JOB_NODELIST: 'n[001-003]' },
  ...{ SLURM_STEP_NODELIST: 'n[001-003]', SLURM_STEP_TASKS_PER_NODE: '4(x2),3', SLURM_JOB_NAME: 'train' },
};
const BATCH = {
  ...{ SLURM_JOB_ID: '123456', SLURM_PROCID: '0', SLURM_LOCALID: '0', SLURM_NODEID: '0', SLURM_NTASKS: '8' },
  ...{ SLURM_JOB_NODELIST: 'n[001-002]', SLURM_TASKS_PER_NODE: '4(x2)' },
};
const PYTORCHJOB = {
  ...{ RANK: '1', WORLD_SIZE: '3', MASTER_ADDR: 'photos-master-0', MASTER_PORT: '23456' },
  ...{ PYTHONUNBUFFERED: '1', KUBERNETES_SERVICE_HOST: '10.0.0.1' },
};
const TRAINJOB = {
  ...{ PET_NNODES: '2', PET_NPROC_PER_NODE: '1', PET_NODE_RANK: '1', PET_MASTER_PORT: '29400' },
  ...{ PET_MASTER_ADDR: 'photos-node-0-0.photos', KUBERNETES_SERVICE_HOST: '10.0.0.1' },
};

const PLACES: [string, Record<string, string>, Partial<TeamPlace>][] = [
  [
    'torchrun',
    TORCHRUN,
    {
      ...{ rank: 3, world: 4, localRank: 1, localWorld: 2, host: 'n1.example', port: 29500 },
      ...{ storeIsServed: true, restarts: 2, startedBy: 'torchrun' },
    },
  ],
  ['torchrun in a step of Slurm', { ...SRUN, ...TORCHRUN }, { rank: 3, world: 4, startedBy: 'torchrun' }],
  ['--nproc', { ...TORCHRUN, TORCHELASTIC_RUN_ID: '', RESNET_FT_STARTED_BY: 'nproc' }, { startedBy: 'nproc' }],
  [
    'srun',
    SRUN,
    {
      ...{ rank: 5, world: 11, localRank: 1, localWorld: 4, host: 'n001', port: 23456 },
      ...{ storeIsServed: false, restarts: 0, startedBy: 'slurm' },
    },
  ],
  ['srun of a requeued job', { ...SRUN, SLURM_RESTART_COUNT: '1' }, { restarts: 1 }],
  ['srun, second step', { ...SRUN, SLURM_STEP_ID: '1' }, { port: 23593 }],
  ['srun with MASTER_*', { ...SRUN, MASTER_ADDR: 'ib0', MASTER_PORT: '29500' }, { host: 'ib0', port: 29500 }],
  ['srun with the WORLD_SIZE of a script', { ...SRUN, WORLD_SIZE: '11' }, { rank: 5, world: 11 }],
  [
    'PyTorchJob',
    PYTORCHJOB,
    { rank: 1, world: 3, localRank: 0, localWorld: 1, host: 'photos-master-0', port: 23456, startedBy: 'kubeflow' },
  ],
  [
    'TrainJob',
    TRAINJOB,
    {
      rank: 1,
      world: 2,
      localRank: 0,
      localWorld: 1,
      host: 'photos-node-0-0.photos',
      port: 29400,
      startedBy: 'kubeflow',
    },
  ],
  ['a person', { RANK: '0', WORLD_SIZE: '2', MASTER_ADDR: 'a', MASTER_PORT: '1' }, { startedBy: 'environment' }],
];

test.each(PLACES)('the place given by %s', (_, env, place) => {
  expect(placeFrom(env)).toMatchObject(place);
});

test.each<[string, Record<string, string>]>([
  ['nothing', {}],
  ['WORLD_SIZE=1', { WORLD_SIZE: '1' }],
  ['WORLD_SIZE=1, RANK=0', { WORLD_SIZE: '1', RANK: '0' }],
  ['empty variables', { WORLD_SIZE: '', RANK: '', MASTER_ADDR: '', PET_NNODES: '', SLURM_PROCID: '' }],
  ['an address alone', { MASTER_ADDR: 'a', MASTER_PORT: 'b' }],
  ['a batch script of Slurm', BATCH],
  ['the step of a batch script', { ...BATCH, SLURM_STEP_ID: '4294967291' }],
  ['the step of an interactive shell', { ...SRUN, SLURM_STEP_ID: '4294967290', SLURM_PROCID: '0' }],
  ['srun --pty', { ...SRUN, SLURM_PROCID: '0', SLURM_PTY_PORT: '40001' }],
  ['srun of one task in a job of several', { ...SRUN, SLURM_STEP_NUM_TASKS: '1', SLURM_PROCID: '0' }],
  ['a TrainJob of one pod', { PET_NNODES: '1', PET_NPROC_PER_NODE: 'auto', PET_NODE_RANK: '0' }],
])('a process with %s is alone', (_, env) => {
  expect(placeFrom(env)).toBeUndefined();
});

test.each<[Record<string, string>, string]>([
  [{ RANK: '1' }, 'RANK is 1, but WORLD_SIZE is not set'],
  [{ WORLD_SIZE: '2' }, 'WORLD_SIZE is 2, but RANK is not set'],
  [{ ...TORCHRUN, RANK: '4' }, 'RANK is 4, but WORLD_SIZE is 4'],
  [{ ...TORCHRUN, RANK: '-1' }, 'RANK is -1, which is no integer'],
  [{ ...TORCHRUN, RANK: 'first' }, 'RANK is first, which is no integer'],
  [{ ...TORCHRUN, WORLD_SIZE: '0' }, 'WORLD_SIZE is 0, which is no integer'],
  [{ ...TORCHRUN, LOCAL_RANK: '2' }, 'LOCAL_RANK is 2, but LOCAL_WORLD_SIZE is 2'],
  [{ ...TORCHRUN, MASTER_PORT: '65536' }, 'MASTER_PORT is 65536, which is no integer from 1 to 65535'],
  [{ ...TORCHRUN, MASTER_PORT: '' }, 'WORLD_SIZE is 4, but MASTER_PORT is not set'],
  [{ ...TORCHRUN, MASTER_ADDR: '' }, 'WORLD_SIZE is 4, but MASTER_ADDR is not set'],
  [{ ...SRUN, WORLD_SIZE: '2' }, 'WORLD_SIZE is 2, but srun has started 11 tasks'],
  [{ ...SRUN, SLURM_PROCID: '11' }, 'SLURM_PROCID is 11'],
  [{ ...SRUN, SLURM_STEP_NODELIST: 'n[1-' }, 'SLURM_STEP_NODELIST is n[1-, which is no list of hosts'],
  [{ ...SRUN, SLURM_STEP_TASKS_PER_NODE: 'x' }, 'SLURM_STEP_TASKS_PER_NODE is x'],
  [{ ...TRAINJOB, PET_NNODES: '1:4' }, 'PET_NNODES is 1:4'],
  [{ ...TRAINJOB, PET_NODE_RANK: '2' }, 'PET_NODE_RANK is 2'],
  [{ ...TRAINJOB, PET_MASTER_ADDR: '' }, 'PET_NNODES is 2, but PET_MASTER_ADDR is not set'],
  [{ ...TRAINJOB, PET_NPROC_PER_NODE: '4' }, 'PET_NPROC_PER_NODE is 4, but this is one process'],
])('%j is refused', (env, message) => {
  expect(() => placeFrom(env)).toThrow(
    expect.objectContaining({
      code: 'TEAM_INVALID',
      message: expect.stringContaining(message),
      hint: expect.stringMatching(/\w/),
    }),
  );
});

test.each([
  ['gpu5', 'gpu5'],
  ['n[001-003,7],gpu5', 'n001'],
  ['n[7,1-3]', 'n7'],
  ['gpu5,n[001-003]', 'gpu5'],
  ['rack[1-2]n[03,5],x', 'rack1n03'],
  ['n[1-2]-ib.cluster', 'n1-ib.cluster'],
  ['n[1-', undefined],
  ['', undefined],
  ['a b', undefined],
])('the first host of %s is %s', (list, host) => {
  expect(firstHost(list)).toBe(host);
});

test.each([
  ['4', [4]],
  ['4(x2),3', [4, 4, 3]],
  ['1,2(x3)', [1, 2, 2, 2]],
  ['4(x', undefined],
  ['', undefined],
])('tasks per node %s', (text, tasks) => {
  expect(tasksPerNode(text)).toEqual(tasks);
});
