import { fork, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import type { EpochResult, Position, StepEvent, StepsComputed, ValidationResult } from '../../lib/backend/types';
import { findC10d } from '../../lib/libtorch/c10d';
import { findLibtorch } from '../../lib/libtorch/find';
import { freePort } from '../../lib/team/start';
import type { NamedTensor } from '../../lib/weights/state-dict';

/** What a process of {@link several} sends. */
export interface Outcome {
  steps: StepEvent[];
  results: EpochResult[];
  evaluated: ValidationResult;
  /** Of the session's state: some of the model's and the optimizer's. */
  tensors: NamedTensor[];
  position: Position;
  computed: StepsComputed;
  error?: string;
}

/** The options of a team of processes on this machine, but for the rank. */
async function teamOptions(world: number, timeout = 60) {
  const found = findC10d(findLibtorch().version);
  if (!('file' in found)) throw new Error(found.reason);
  const store = { host: '127.0.0.1', port: await freePort(), prefix: 'test', attempt: 0 };
  return { library: found.file, world, ...store, device: 'cpu', cudaLibrary: '', timeout };
}

/** Runs test/team/session-process.js in so many processes; what each sent, in their order. `onStart` gets the processes. */
export async function several(
  world: number,
  work: object,
  { timeout = 60, onStart }: { timeout?: number; onStart?: (children: ChildProcess[]) => void } = {},
): Promise<(Outcome | undefined)[]> {
  const team = await teamOptions(world, timeout);
  const children = Array.from({ length: world }, () =>
    fork(path.join(__dirname, 'session-process.js'), {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }),
  );
  const outcomes = children.map(
    (child, rank) =>
      new Promise<Outcome | undefined>((resolve) => {
        let outcome: Outcome | undefined;
        child.on('message', (message) => (outcome = message as Outcome));
        child.on('close', () => resolve(outcome));
        child.send({ team: { ...team, rank, serves: rank === 0 }, ...work });
      }),
  );
  onStart?.(children);
  return Promise.all(outcomes);
}
