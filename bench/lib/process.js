/** Runs fresh processes, timed and watched. */
'use strict';

const { spawn } = require('node:child_process');
const { BenchError } = require('./errors');
const { watchMemory } = require('./memory');

const lastLine = (text) => text.trim().split('\n').at(-1) ?? '';

/** The JSON object that a line is; none where it is something else. */
function recordsOf(line) {
  if (!line.startsWith('{')) return [];
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}

/**
 * Runs a command to its end, whatever that is.
 *
 * @param patience seconds after which it and what it started are ended; none where left out
 * @param log where its output goes too, as it comes
 * @returns seconds of the whole process, its peak memory in bytes, what it printed, and the JSON records that it printed one a line, each
 *   with `at`, the seconds from the start of the process to its arrival here; `code` or `signal`, whether it was given up, or the `error`
 *   for which it could not be started
 */
function runToEnd({ command, args, env = {}, patience, log }) {
  return new Promise((resolve) => {
    const started = performance.now();
    const since = () => (performance.now() - started) / 1000;
    // A group of its own, so that what it starts ends with it.
    const detached = process.platform !== 'win32';
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached,
    });
    const end = () => {
      try {
        process.kill(detached ? -child.pid : child.pid, 'SIGKILL');
      } catch {
        // It has ended by itself, or never began.
      }
    };
    // Nothing of ours goes on where this process is ended.
    process.once('exit', end);
    let givenUp = false;
    const giveUp = () => {
      givenUp = true;
      end();
    };
    const timer = patience === undefined ? undefined : setTimeout(giveUp, patience * 1000);
    const memory = child.pid === undefined ? undefined : watchMemory(child.pid);
    const records = [];
    let seconds = 0;
    let stdout = '';
    let stderr = '';
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      const at = since();
      stdout += text;
      log?.write(text);
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      for (const line of lines) for (const record of recordsOf(line)) records.push({ at, ...record });
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
      log?.write(text);
    });
    const done = (outcome) => {
      process.removeListener('exit', end);
      clearTimeout(timer);
      resolve({ seconds, peakMemory: memory?.stop(), stdout, stderr, records, givenUp, ...outcome });
    };
    child.on('error', ({ message }) => done({ error: `cannot start ${command}: ${message}` }));
    child.on('exit', () => (seconds = since()));
    child.on('close', (code, signal) => done({ code, signal }));
  });
}

/**
 * As {@link runToEnd}, of a command that is to succeed.
 *
 * @throws BenchError with the last line of standard error where the command can't be started or fails
 */
async function runProcess({ command, args, env, patience }) {
  const { error, givenUp, code, signal, stderr, ...ran } = await runToEnd({ command, args, env, patience });
  if (error !== undefined) throw new BenchError(error);
  if (givenUp) throw new BenchError(`not done within ${patience} s`);
  if (code === 0) return ran;
  const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
  throw new BenchError(`${[command, ...args].join(' ')} ${how}: ${lastLine(stderr)}`);
}

/** The last record of a kind. @throws BenchError where there is none */
function lastRecord(records, kind) {
  const record = records.findLast((one) => one.kind === kind);
  if (record === undefined) throw new BenchError(`the process printed no record of kind ${kind}`);
  return record;
}

module.exports = { lastRecord, runProcess, runToEnd };
