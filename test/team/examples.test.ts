import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { placeFrom } from '../../lib/team/place';
import { ROOT } from '../cli/run';

const FOLDER = path.join(ROOT, 'examples', 'distributed');
const read = (name: string): string => fs.readFileSync(path.join(FOLDER, name), 'utf8');

const documents = (name: string): unknown[] => parseAllDocuments(read(name)).map((one) => one.toJS() as unknown);

/** Runs one of the scripts with a program that shows its arguments in place of the one that would start the processes. */
function shown(script: string, starter: string, args: string[], env: NodeJS.ProcessEnv): string {
  const shell = `${starter}() { printf '%s ' "$@"; }; exec() { "$@"; }; set -- "\${@}"; . "$0"`;
  return execFileSync('bash', ['-c', shell, path.join(FOLDER, script), ...args], {
    env: { PATH: process.env['PATH'], ...env },
    encoding: 'utf8',
  }).trim();
}

test('torchrun.sh starts what it is asked for', () => {
  const words = shown('torchrun.sh', 'torchrun', ['my photos', '--epochs', '3'], { PROCESSES: '2' });
  expect(words).toMatch(/--no-python .*--nproc-per-node 2 .*npx resnet-ft train my photos --epochs 3$/);
});

test('slurm.sbatch goes on in the folder of its job', () => {
  const env = { SLURM_JOB_ID: '7', SLURM_CPUS_PER_TASK: '8' };
  const words = shown('slurm.sbatch', 'srun', ['photos'], env);
  expect(words).toMatch(/npx resnet-ft train photos --resume runs\/slurm-7$/);
});

test('the tasks of slurm.sbatch have their places', () => {
  const asked = Object.fromEntries(
    [...read('slurm.sbatch').matchAll(/^#SBATCH --([a-z-]+)=(.+)$/gm)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  );
  const nodes = Number(asked['nodes']);
  const each = Number(asked['ntasks-per-node']);
  const ranks = Array.from({ length: nodes * each }, (_, rank) =>
    placeFrom({
      ...{ SLURM_JOB_ID: '7', SLURM_STEP_ID: '0', SLURM_STEP_NUM_TASKS: String(nodes * each) },
      ...{ SLURM_STEP_NODELIST: 'gpu[03-04]', SLURM_STEP_TASKS_PER_NODE: `${each}(x${nodes})` },
      ...{
        SLURM_PROCID: String(rank),
        SLURM_LOCALID: String(rank % each),
        SLURM_NODEID: String(Math.floor(rank / each)),
      },
    }),
  );
  expect(ranks).toHaveLength(8);
  ranks.forEach((place, rank) =>
    expect(place).toMatchObject({ rank, world: 8, localRank: rank % 4, localWorld: 4, host: 'gpu03', port: 20007 }),
  );
});

test('pytorchjob.yaml runs the same command in all pods', () => {
  const job = documents('pytorchjob.yaml')[0] as {
    kind: string;
    spec: { pytorchReplicaSpecs: Record<string, { template: { spec: { containers: object[] } } }> };
  };
  expect(job.kind).toBe('PyTorchJob');
  const { Master, Worker } = job.spec.pytorchReplicaSpecs;
  expect(Master?.template.spec.containers[0]).toMatchObject({
    name: 'pytorch',
    command: ['npx', 'resnet-ft', 'train', '/data/photos', '--val-split', '0.2', '--resume', '/data/runs/photos'],
  });
  expect(Worker?.template).toEqual(Master?.template);
});

test('trainjob.yaml names its runtime', () => {
  const [runtime, job] = documents('trainjob.yaml');
  expect(runtime).toMatchObject({ kind: 'TrainingRuntime', metadata: { name: 'resnet-ft' } });
  expect(job).toMatchObject({ kind: 'TrainJob', spec: { runtimeRef: { kind: 'TrainingRuntime', name: 'resnet-ft' } } });
});
