import os from 'node:os';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { RgbImage } from '../../backend/types';
import type { Question } from './decode-worker';
import type { Strictness } from './plan';
import { Refusal } from './refusal';

/** Threads at most; images that JavaScript decodes are few. */
const MAX_WORKERS = Math.min(4, os.availableParallelism());

const COPIED_AT_ONCE = 2 ** 24;

type Answer = { image: RgbImage } | { reason: string; refused?: boolean };

interface Job {
  question: Question;
  settle: (answer: Answer) => void;
}

/** A thread and what it works on. */
interface Thread {
  worker: Worker;
  job: Job | undefined;
  failure: string | undefined;
}

const waiting: Job[] = [];
const threads = new Set<Thread>();

/**
 * Decodes an image on another thread, so that the event loop does not wait while JavaScript goes over its pixels. Threads start when
 * they are first needed, and never keep the process alive.
 *
 * @param failOn at which complaints it is refused
 * @throws Error with the decoder's reason
 */
export async function decodeElsewhere(bytes: Buffer, failOn: Strictness): Promise<RgbImage> {
  // A copy can be handed over, and the caller keeps its own.
  const copy = await copyOf(bytes);
  const answer = await new Promise<Answer>((settle) => {
    waiting.push({ question: { bytes: copy, failOn }, settle });
    assign();
  });
  if ('reason' in answer) throw answer.refused === true ? new Refusal(answer.reason) : new Error(answer.reason);
  return answer.image;
}

/** A copy, made in parts with room for other work between them: half a gigabyte takes a second. */
async function copyOf(bytes: Buffer): Promise<Uint8Array<ArrayBuffer>> {
  const copy = new Uint8Array(bytes.length);
  for (let at = 0; at < bytes.length; at += COPIED_AT_ONCE) {
    if (at > 0) await setImmediate();
    copy.set(bytes.subarray(at, at + COPIED_AT_ONCE), at);
  }
  return copy;
}

function assign(): void {
  const idle = [...threads].find(({ job }) => job === undefined);
  const thread = idle ?? (threads.size < MAX_WORKERS ? start() : undefined);
  const job = thread === undefined ? undefined : waiting.shift();
  if (thread === undefined || job === undefined) return;
  thread.job = job;
  thread.worker.ref();
  thread.worker.postMessage(job.question, [job.question.bytes.buffer]);
}

function start(): Thread {
  const thread: Thread = {
    worker: new Worker(path.join(__dirname, 'decode-worker.js')),
    job: undefined,
    failure: undefined,
  };
  const settle = (answer: Answer): void => {
    const { job } = thread;
    thread.job = undefined;
    thread.worker.unref();
    job?.settle(answer);
    if (waiting.length > 0) assign();
  };
  thread.worker.on('message', settle);
  thread.worker.on('error', (error: Error) => (thread.failure = error.message));
  thread.worker.on('exit', () => {
    threads.delete(thread);
    settle({ reason: thread.failure ?? 'the thread that decodes it ended' });
  });
  threads.add(thread);
  return thread;
}
