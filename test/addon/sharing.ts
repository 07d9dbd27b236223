import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

/** Another process that opens what this one shares. */
export interface Other {
  /** Does one of the tasks of sharing-process.js, and rejects with its error. */
  ask<T = void>(task: string, options?: object): Promise<T>;
  /** As a process ends that has no time to tidy up. */
  kill(): Promise<void>;
}

/** Starts such processes, which are gone after the test file. */
export function others(): () => Other {
  const started: Other[] = [];
  afterAll(async () => {
    await Promise.all(started.map((other) => other.kill()));
  });
  return () => {
    const other = start();
    started.push(other);
    return other;
  };
}

function start(): Other {
  const child = fork(path.join(__dirname, 'sharing-process.js'), { serialization: 'advanced' });
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  let last: Promise<unknown> = Promise.resolve();
  const answer = async <T>(message: object): Promise<T> => {
    child.send(message);
    const [outcome] = (await Promise.race([
      once(child, 'message'),
      ended.then(([code, signal]) => {
        throw new Error(`the other process ended with ${signal ?? code}`);
      }),
    ])) as [{ value: T; error?: { code: string; message: string } }];
    if (outcome.error !== undefined) throw Object.assign(new Error(outcome.error.message), outcome.error);
    return outcome.value;
  };
  return {
    ask<T>(task: string, options: object = {}): Promise<T> {
      const answered = last.then(() => answer<T>({ task, ...options }));
      last = answered.catch(() => {});
      return answered;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
