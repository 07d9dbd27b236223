import { spawn, type ChildProcess } from 'node:child_process';
import os from 'node:os';
import type { ReportedError } from './report';

/** Milliseconds after which a process that was told to stop, because another has failed, is killed. */
const GRACE = 5000;

/** Milliseconds in which one that has failed may say so after others have already complained that it is gone. */
const PATIENCE = 2000;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** How the training of several processes has failed, and with which code the one that started them is to exit. */
export class TeamFailure extends Error {
  constructor(
    message: string,
    readonly exitCode: number,
  ) {
    super(message);
  }
}

/** One process and how it ended. */
interface Member {
  child: ChildProcess;
  reported?: ReportedError;
  /** Set once it has ended. */
  end?: { code: number; signal: NodeJS.Signals | null };
}

/** What has ended one of the processes, and how likely it is the cause of all: the lowest is. */
interface Cause {
  rank: number;
  line: string;
  code: number;
  /** Whether the process could say nothing itself. */
  died: boolean;
}

const codeOf = (signal: NodeJS.Signals): number => 128 + os.constants.signals[signal];

/**
 * Starts processes that train together and waits for all of them. They write to the standard streams of this one; an error comes over
 * their IPC channel (`reportToLauncher`). SIGINT, SIGTERM and SIGHUP are handed on. Where one fails, the others get SIGTERM, and five
 * seconds later SIGKILL.
 *
 * @param args of Node.js, for every process
 * @param environments one for each process
 * @param goOnCommand what goes on with the run in a folder
 * @throws TeamFailure with the one line that says why, where any of them has failed
 */
export async function launch(
  args: readonly string[],
  environments: readonly NodeJS.ProcessEnv[],
  goOnCommand: (folder: string) => string,
): Promise<void> {
  /** Signals that were sent to all, by whoever it was. */
  const sent = new Set<NodeJS.Signals>();
  let failing = false;
  let timer: NodeJS.Timeout | undefined;
  /** What the processes train in, once that is known. */
  let run: string | undefined;
  const members: Member[] = [];
  const order: Member[] = [];
  const kill = (signal: NodeJS.Signals): void => {
    sent.add(signal);
    for (const { child, end } of members) if (end === undefined) child.kill(signal);
  };
  const fail = (): void => {
    if (failing) return;
    clearTimeout(timer);
    failing = true;
    kill('SIGTERM');
    timer = setTimeout(kill, GRACE, 'SIGKILL');
  };
  const handOn = (signal: NodeJS.Signals): void => kill(signal);
  for (const signal of SIGNALS) process.on(signal, handOn);
  try {
    const ends = environments.map((env) => {
      // In a group of its own, a terminal's Ctrl-C reaches it once, through this process.
      const child = spawn(process.execPath, args, {
        env,
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        detached: true,
      });
      const member: Member = { child };
      members.push(member);
      child.on('message', (message: { reported?: ReportedError; run?: string }) => {
        run = message?.run ?? run;
        if (message?.reported === undefined || member.reported !== undefined) return;
        member.reported = message.reported;
        order.push(member);
      });
      return new Promise<void>((resolve) => {
        const ended = (code: number, signal: NodeJS.Signals | null): void => {
          if (member.end !== undefined) return;
          member.end = { code, signal };
          if (!order.includes(member)) order.push(member);
          if (code !== 0 && member.reported?.lost === true && !failing) timer ??= setTimeout(fail, PATIENCE);
          else if (code !== 0) fail();
          resolve();
        };
        child.on('error', (error) => {
          // A signal that could not be sent is no end.
          if (child.pid !== undefined) return;
          member.reported = { line: `a process does not start: ${error.message}`, code: 1, lost: false };
          ended(1, null);
        });
        child.on('exit', (code, signal) => {
          // What it said last may come after its end.
          setImmediate(() => ended(signal === null ? (code ?? 1) : codeOf(signal), signal));
        });
      });
    });
    await Promise.all(ends);
  } finally {
    clearTimeout(timer);
    for (const signal of SIGNALS) process.off(signal, handOn);
  }
  const cause = causeOf(members, order, sent);
  if (cause === undefined) return;
  const goOn = cause.died && run !== undefined ? `. Go on from its last checkpoint: ${goOnCommand(run)}` : '';
  throw new TeamFailure(`${cause.line}${goOn}`, cause.code);
}

/** Why a training of several processes has ended; undefined where all is well. Consequences are told only where nothing else is. */
function causeOf(members: Member[], order: Member[], sent: ReadonlySet<NodeJS.Signals>): Cause | undefined {
  const stops = [...sent].map(codeOf);
  const causes = order.flatMap((member): Cause[] => {
    const { child, reported, end } = member;
    if (end === undefined || end.code === 0) return [];
    const who = `Process ${members.indexOf(member) + 1} of ${members.length} (pid ${child.pid})`;
    if (reported !== undefined) {
      const rank = reported.lost ? 3 : stops.includes(reported.code) ? 4 : 0;
      // On its way out it may have met the SIGTERM that its error has brought about.
      return [{ rank, line: reported.line, code: reported.code, died: false }];
    }
    if (end.signal !== null) {
      const line = `${who} was killed by ${end.signal}`;
      return [{ rank: sent.has(end.signal) ? 5 : 1, line, code: end.code, died: true }];
    }
    return [{ rank: 2, line: `${who} ended with exit code ${end.code}`, code: end.code, died: true }];
  });
  return causes.sort((a, b) => a.rank - b.rank)[0];
}
