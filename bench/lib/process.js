/** Runs one fresh process, timed and watched. */
'use strict';

const { spawn } = require('node:child_process');
const { BenchError } = require('./errors');
const { watchMemory } = require('./memory');

const lastLine = (text) => text.trim().split('\n').at(-1) ?? '';

/**
 * Runs a command to its end.
 *
 * @param patience seconds after which the process is ended; none where left out
 * @returns seconds of the whole process, its peak memory in bytes, its standard output, and the JSON records that it printed one
 *   a line, each with `at`, the seconds from the start of the process to its arrival here
 * @throws BenchError with the last line of standard error where the command can't be started or fails
 */
function runProcess({ command, args, env = {}, patience }) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const since = () => (performance.now() - started) / 1000;
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    // Nothing of ours goes on where this process is ended.
    const end = () => child.kill('SIGKILL');
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
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      for (const line of lines) if (line.startsWith('{')) records.push({ at, ...JSON.parse(line) });
    });
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    child.on('error', (error) => reject(new BenchError(`cannot start ${command}: ${error.message}`)));
    child.on('exit', () => (seconds = since()));
    child.on('close', (code, signal) => {
      process.removeListener('exit', end);
      clearTimeout(timer);
      const peakMemory = memory?.stop();
      if (code === 0) return resolve({ seconds, peakMemory, stdout, records });
      if (givenUp) return reject(new BenchError(`not done within ${patience} s`));
      const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
      reject(new BenchError(`${[command, ...args].join(' ')} ${how}: ${lastLine(stderr)}`));
    });
  });
}

/** The last record of a kind. @throws BenchError where there is none */
function lastRecord(records, kind) {
  const record = records.findLast((one) => one.kind === kind);
  if (record === undefined) throw new BenchError(`the process printed no record of kind ${kind}`);
  return record;
}

module.exports = { lastRecord, runProcess };
