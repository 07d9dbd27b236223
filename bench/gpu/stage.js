/** One stage: a command with a limit, whose output is kept. */
'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

/**
 * Runs a command; after `seconds` it and what it started are ended. Standard output and standard error go into NAME.log.
 *
 * @returns its standard output, its exit code (null where it was ended), and how long it ran
 */
function run(name, { command, args, env = {} }, seconds, output) {
  return new Promise((resolve) => {
    const log = fs.createWriteStream(path.join(output, `${name}.log`));
    const started = performance.now();
    // A group of its own, so that what it starts ends with it.
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const end = () => {
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    };
    process.once('exit', end);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      end();
    }, seconds * 1000);
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      log.write(text);
    });
    child.stderr.setEncoding('utf8').on('data', (text) => log.write(text));
    const done = (code, error) => {
      clearTimeout(timer);
      process.removeListener('exit', end);
      log.end();
      resolve({ stdout, code, late, error, wall: (performance.now() - started) / 1000 });
    };
    child.on('error', (error) => done(null, error.message));
    child.on('close', (code) => done(code));
  });
}

/** The JSON objects among the lines. */
function records(text) {
  return text.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return [];
    try {
      return [JSON.parse(line)];
    } catch {
      return []; // the last line of what was ended
    }
  });
}

/** Runs a stage of ./stages.js. */
async function runStage({ name, seconds, command, read }, context) {
  const asked = command(context);
  if (asked === undefined) return { name, ok: true, skipped: 'there is nothing to run it with' };
  const ran = await run(name, asked, seconds, context.output);
  const wall = Number(ran.wall.toFixed(1));
  const why =
    ran.error ?? (ran.late ? `not done within ${seconds} s` : ran.code === 0 ? undefined : `exit code ${ran.code}`);
  let found;
  try {
    found = read({ ...ran, records: records(ran.stdout) }, context);
  } catch (error) {
    return { name, ok: false, wall, why: why ?? error.message };
  }
  const ok = why === undefined && found.ok !== false;
  return { name, wall, ...(why === undefined ? {} : { why }), ...found, ok };
}

module.exports = { records, runStage };
